"""Whose attempt it is: what a worker writes counts only while the attempt is its own."""

from __future__ import annotations

from typing import Any, Final

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import ExecutionError, Progress
from google.protobuf.struct_pb2 import Value

from tests.raw_worker import milliseconds
from tests.work.calls import LONG_POLL, claimed, create, get, refused

PASSING: Final = ExecutionError(message="no", retryable=True)


def unary_writes(execution_id: str, attempt: int | None = None) -> dict[tuple[str, str], Any]:
    """One request of each call that belongs to an attempt, by service and RPC."""
    return {
        ("executions", "CompleteExecution"): api.CompleteExecutionRequest(id=execution_id, attempt=attempt),
        ("executions", "FailExecution"): api.FailExecutionRequest(
            id=execution_id, error=PASSING, attempt=attempt
        ),
        ("executions", "TimeOutExecution"): api.TimeOutExecutionRequest(id=execution_id, attempt=attempt),
        ("executions", "UpdateProgress"): api.UpdateProgressRequest(
            id=execution_id, progress=Progress(current=1), attempt=attempt
        ),
        ("executions", "SaveCheckpoint"): api.SaveCheckpointRequest(
            id=execution_id, checkpoints={"k": Value(number_value=1)}, attempt=attempt
        ),
        ("workers", "ReleaseExecution"): work.ReleaseExecutionRequest(id=execution_id, attempt=attempt),
    }


async def test_leased_work_is_not_taken_from_who_does_not_say_which_attempt_it_is(
    executions: Any, workers: Any, type_: str
) -> None:
    """A worker that was cut off would write into the next one's attempt."""
    await create(executions, type_)
    (given,) = await claimed(workers, type_)
    for (client, rpc), request in unary_writes(given.id).items():
        refusal = await refused(getattr({"executions": executions, "workers": workers}[client], rpc)(request))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD"), rpc
        assert refusal.fields == ["attempt"]
    assert (await get(executions, given.id)).revision == 2


async def test_every_write_of_a_lost_worker_is_refused_with_the_cause(
    executions: Any, workers: Any, type_: str
) -> None:
    """By every call there is; and it says which attempt holds now."""
    await create(executions, type_)
    (lost,) = await claimed(workers, type_, lease_duration=milliseconds(1_000))
    (holder,) = await claimed(workers, type_, wait=LONG_POLL)
    assert (holder.id, holder.attempts) == (lost.id, 2)
    for (client, rpc), request in unary_writes(lost.id, attempt=1).items():
        refusal = await refused(getattr({"executions": executions, "workers": workers}[client], rpc)(request))
        assert (refusal.code, refusal.reason) == ("ABORTED", "ATTEMPT_FENCED"), rpc
        assert refusal.metadata == {
            "executionId": lost.id,
            "attempt": "1",
            "currentAttempt": "2",
            "status": "running",
            "cause": "lease_expired",
        }
    assert (await get(executions, lost.id)).revision == holder.revision
