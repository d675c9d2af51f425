"""TimeOutExecution, and the timeouts that the server keeps itself."""

from __future__ import annotations

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import RUNNING, STATUSES, TIMED_OUT, status_name

from tests.process.programs import wait_until
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import create, get, in_status, start
from tests.rpc.values import milliseconds
from tests.servers import Server


def test_a_reported_timeout_needs_no_timeout_of_the_execution(stub: ExecutionServiceStub) -> None:
    """The caller knows that the attempt is lost."""
    execution = in_status(stub, RUNNING)

    answer = stub.TimeOutExecution(api.TimeOutExecutionRequest(id=execution.id)).execution

    assert (answer.status, answer.status_reason) == (TIMED_OUT, StatusReason.STATUS_REASON_REPORTED_TIMEOUT)
    assert (answer.error.message, answer.error.retryable) == ("Execution timed out", True)
    assert answer.completed_at == answer.updated_at


@pytest.mark.parametrize("status", [status for status in STATUSES if status != RUNNING], ids=status_name)
def test_only_what_runs_can_time_out(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """There is no attempt to end."""
    execution = in_status(stub, status)
    with unchanged(store):
        refusal = refused(stub.TimeOutExecution, api.TimeOutExecutionRequest(id=execution.id))
    assert (refusal.reason, refusal.metadata["to"]) == ("INVALID_STATE_TRANSITION", "timed_out")


def test_the_server_times_out_what_nobody_ends(stub: ExecutionServiceStub) -> None:
    """Nothing is stuck: it becomes visible without anybody's call on it."""
    execution = create(stub, type="to time out", timeout=milliseconds(20))
    start(stub, execution.id)
    filter_ = api.ExecutionFilter(types=["to time out"], statuses=[TIMED_OUT])
    wait_until(
        lambda: stub.CountExecutions(api.CountExecutionsRequest(filter=filter_)).count, "the server notices"
    )
    timed_out = get(stub, execution.id)
    assert timed_out.status_reason == StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT
    assert timed_out.history[-1].actor == "server"
    started_ms = timed_out.started_at.ToMilliseconds()
    assert timed_out.completed_at.ToMilliseconds() >= started_ms + 20


def test_a_completion_that_comes_too_late_is_refused(stub: ExecutionServiceStub) -> None:
    """A deadline that has passed counts, whoever notices first, and the worker is told why."""
    execution = create(stub, timeout=milliseconds(1))
    started_ms = start(stub, execution.id).started_at.ToMilliseconds()
    # The store's clock says that the deadline has passed: a younger execution was created later than that.
    wait_until(lambda: create(stub).created_at.ToMilliseconds() > started_ms + 1, "the timeout has passed")

    refusal = refused(stub.CompleteExecution, api.CompleteExecutionRequest(id=execution.id, attempt=1))

    assert (refusal.code, refusal.reason) == ("ABORTED", "ATTEMPT_FENCED")
    assert (refusal.metadata["status"], refusal.metadata["cause"]) == ("timed_out", "attempt_timeout")
    assert get(stub, execution.id).status == TIMED_OUT
