"""Executions in every status, made the way they come about: by the transitions themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionStatus
from execution_server.domain import transitions
from google.protobuf.struct_pb2 import Value

ID: Final = "0190a3c4-5b6c-7d3e-8f00-112233445566"
CREATED_MS: Final = 1_721_000_000_000
NOW_MS: Final = CREATED_MS + 60_000
"""When a test makes its call; everything before happened by then."""

STATUSES: Final = cast("tuple[ExecutionStatus, ...]", tuple(ExecutionStatus.values()[1:]))
"""All of the contract's, so that a new one is tested the day it is born."""

Step = Callable[[Execution], Execution]


def failure(*, retryable: bool) -> ExecutionError:
    """What a worker reports that has failed."""
    return ExecutionError(message="The disk is full.", retryable=retryable)


def start(execution: Execution) -> Execution:
    return transitions.start(execution, now_ms=CREATED_MS + 1_000)


def complete(execution: Execution) -> Execution:
    return transitions.complete(execution, Value(string_value="done"), now_ms=CREATED_MS + 2_000)


def fail(execution: Execution) -> Execution:
    return transitions.fail(execution, failure(retryable=False), now_ms=CREATED_MS + 2_000)


def fail_for_now(execution: Execution) -> Execution:
    return transitions.fail(execution, failure(retryable=True), now_ms=CREATED_MS + 2_000)


def time_out(execution: Execution) -> Execution:
    return transitions.time_out(execution, now_ms=CREATED_MS + 2_000)


def cancel(execution: Execution) -> Execution:
    return transitions.cancel(execution, "Not needed.", now_ms=CREATED_MS + 2_000)


WAY_TO: Final[Mapping[ExecutionStatus, tuple[Step, ...]]] = {
    ExecutionStatus.EXECUTION_STATUS_PENDING: (),
    ExecutionStatus.EXECUTION_STATUS_RUNNING: (start,),
    ExecutionStatus.EXECUTION_STATUS_COMPLETED: (start, complete),
    ExecutionStatus.EXECUTION_STATUS_FAILED: (start, fail),
    ExecutionStatus.EXECUTION_STATUS_RETRYING: (start, fail_for_now),
    ExecutionStatus.EXECUTION_STATUS_TIMED_OUT: (start, time_out),
    ExecutionStatus.EXECUTION_STATUS_CANCELLED: (cancel,),
}
"""How an execution gets into each status."""


def created(**fields: Any) -> Execution:
    """A new execution, with three attempts unless *fields* say otherwise."""
    template = Execution(**{"type": "report", "max_attempts": 3, **fields})
    return transitions.create(template, execution_id=ID, now_ms=CREATED_MS)


def in_status(status: ExecutionStatus, **fields: Any) -> Execution:
    """An execution in *status*, created with *fields*; what waits for its next attempt has one left."""
    if status == ExecutionStatus.EXECUTION_STATUS_RETRYING:
        fields["max_attempts"] = max(2, fields.get("max_attempts", 3))
    execution = created(**fields)
    for step in WAY_TO[status]:
        execution = step(execution)
    assert execution.status == status
    return execution
