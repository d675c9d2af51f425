"""From what a stream answers about a report to the problems of _problems.py."""

from __future__ import annotations

from typing import Final

import grpc
from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.error_reason_pb2 import ErrorReason

from .._problems import (
    AttemptFenced,
    Contention,
    ExecutionNotFound,
    ExecutionProblem,
    InvalidField,
    QuotaExceeded,
    TooManyCheckpoints,
    Unavailable,
    Unexpected,
)

_CODES: Final = {
    InvalidField: grpc.StatusCode.INVALID_ARGUMENT,
    ExecutionNotFound: grpc.StatusCode.NOT_FOUND,
    AttemptFenced: grpc.StatusCode.ABORTED,
    Contention: grpc.StatusCode.ABORTED,
    QuotaExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooManyCheckpoints: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Unexpected: grpc.StatusCode.INTERNAL,
}
"""A refusal carries no code, as its reason implies one."""


def problem_of(refusal: messages.WorkRefusal) -> ExecutionProblem:
    """Answer the problem that a refusal stands for; of a reason that is not known here, a plain ExecutionProblem."""
    names = {number: name for name, number in ErrorReason.items()}
    reason = names.get(refusal.reason, "").removeprefix("ERROR_REASON_")
    kind = ExecutionProblem.by_reason.get(reason, ExecutionProblem)
    code = next((code for known, code in _CODES.items() if issubclass(kind, known)), grpc.StatusCode.UNKNOWN)
    return kind(refusal.message, code=code, reason=reason, metadata=refusal.metadata)


def is_over(problem: ExecutionProblem) -> bool:
    """Tell whether a refusal says that the attempt is over."""
    return isinstance(problem, AttemptFenced | ExecutionNotFound)


def may_pass(problem: ExecutionProblem) -> bool:
    """Tell whether the same report may be taken when it is repeated."""
    return isinstance(problem, Unavailable | Contention | QuotaExceeded)


def cause_of(problem: ExecutionProblem) -> str:
    """Answer why an attempt is over, in a few words."""
    return (problem.cause if isinstance(problem, AttemptFenced) else "") or problem.message
