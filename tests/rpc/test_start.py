"""StartExecution."""

from __future__ import annotations

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionError, ExecutionStatus, Progress, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import ALLOWED, PENDING, RETRYING, RUNNING, STATUSES, status_name
from google.protobuf.struct_pb2 import Value

from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import create, get, in_status, start
from tests.servers import Server


def test_a_start_begins_an_attempt_and_answers_everything(stub: ExecutionServiceStub) -> None:
    """The worker can begin without another call."""
    created = create(stub, payload=Value(string_value="input"))

    started = start(stub, created.id)

    assert (started.status, started.status_reason) == (RUNNING, StatusReason.STATUS_REASON_STARTED)
    assert (started.attempts, started.revision) == (1, 2)
    assert started.started_at == started.updated_at
    assert started.payload == created.payload
    assert started == get(stub, created.id)


def test_the_next_attempt_finds_what_the_last_one_left(stub: ExecutionServiceStub) -> None:
    """Checkpoints and progress, to go on from; but no error of the past."""
    execution = in_status(stub, RUNNING)
    stub.FailExecution(
        api.FailExecutionRequest(
            id=execution.id,
            error=ExecutionError(message="No.", stack="line 1", retryable=True),
            progress=Progress(current=1, total=4),
            checkpoints={"page": Value(number_value=7)},
        )
    )

    started = start(stub, execution.id)

    assert started.attempts == 2
    assert started.checkpoints["page"].number_value == 7
    assert (started.progress.percent, started.progress.attempt) == (25, 1)
    for cleared in ("error", "completed_at", "next_attempt_at"):
        assert not started.HasField(cleared)


@pytest.mark.parametrize(
    "status", [status for status in STATUSES if status not in (PENDING, RETRYING)], ids=status_name
)
def test_nothing_else_can_be_started(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """Not what runs already, and not what has ended."""
    execution = in_status(stub, status)
    with unchanged(store):
        refusal = refused(stub.StartExecution, api.StartExecutionRequest(id=execution.id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INVALID_STATE_TRANSITION")
    assert refusal.metadata == {
        "executionId": execution.id,
        "from": status_name(status),
        "to": "running",
        "allowed": ",".join(map(status_name, ALLOWED[status])),
    }
