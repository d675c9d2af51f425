"""How a Problem becomes a gRPC status, with the details that clients branch on: see error_reason.proto."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Final

import grpc
from croco.execution.v1.error_reason_pb2 import Refusal
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from ..domain.problems import DOMAIN, InvalidField, Problem

DETAILS_KEY: Final = "grpc-status-details-bin"
JITTER: Final = 0.5
"""Up to how much longer than a problem says a caller is told to stay away."""
JITTER_STEPS: Final = 16
MESSAGE_CHARACTERS: Final = 1024
"""Longer status messages run into the limit of HTTP/2 header lists, and the client sees RESOURCE_EXHAUSTED instead."""


def code_of(problem: Problem) -> grpc.StatusCode:
    """The canonical code."""
    return grpc.StatusCode[problem.code]


def message_of(problem: Problem) -> str:
    """The sentence, short enough to travel as a header."""
    return problem.message[:MESSAGE_CHARACTERS]


def trailers_of(problem: Problem) -> tuple[tuple[str, bytes], ...]:
    """The trailing metadata that carries the details."""
    at_fault = (problem.field, problem.complaint) if isinstance(problem, InvalidField) else None
    delay_ms = problem.retry_after_ms
    if delay_ms is not None:
        # What was refused together must not come back together.
        delay_ms += round(delay_ms * JITTER * random.randrange(JITTER_STEPS) / JITTER_STEPS)
    metadata = tuple(problem.metadata.items())
    return _trailers(problem.reason, code_of(problem), message_of(problem), metadata, at_fault, delay_ms)


@lru_cache(maxsize=256)
def _trailers(
    reason: str,
    code: grpc.StatusCode,
    message: str,
    metadata: tuple[tuple[str, str], ...],
    at_fault: tuple[str, str] | None,
    delay_ms: int | None,
) -> tuple[tuple[str, bytes], ...]:
    """Kept for a while: of refusals for want of room there are thousands a second, and they are all alike."""
    carried: list[Message] = [details.ErrorInfo(reason=reason, domain=DOMAIN, metadata=dict(metadata))]
    if at_fault is not None:
        field, complaint = at_fault
        violation = details.BadRequest.FieldViolation(field=field, description=complaint)
        carried.append(details.BadRequest(field_violations=[violation]))
    if delay_ms is not None:
        delay = Duration()
        delay.FromMilliseconds(delay_ms)
        carried.append(details.RetryInfo(retry_delay=delay))
    status = Status(code=code.value[0], message=message)
    for detail in carried:
        packed = Any()
        packed.Pack(detail)
        status.details.append(packed)
    return ((DETAILS_KEY, status.SerializeToString()),)


def refusal_of(problem: Problem, within: str = "") -> Refusal:
    """
    The same for one part of a call.

    Args:
        within: the path that leads to the part in the whole request, which goes before that of the field at fault.
    """
    refusal = Refusal(
        reason=f"ERROR_REASON_{problem.reason}",
        message=message_of(problem),
        metadata=problem.metadata,
        code=code_of(problem).value[0],
    )
    if isinstance(problem, InvalidField):
        refusal.message = f"{within}{refusal.message}"
        refusal.metadata["field"] = f"{within}{problem.field}"
    return refusal
