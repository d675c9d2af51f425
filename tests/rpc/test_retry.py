"""RetryExecution."""

from __future__ import annotations

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
    status_name,
)

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import FAILURE, fail, get, in_status, start
from tests.servers import Server

EDGES = kinds.whole("additional_attempts", lambda value: {"additional_attempts": value}, 0, 1_000)


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A slip of the finger must not allow a billion attempts."""
    check(edge, stub.RetryExecution, api.RetryExecutionRequest(id=in_status(stub, FAILED).id), store)


def retry(stub: ExecutionServiceStub, execution_id: str, more: int = 0) -> api.RetryExecutionResponse:
    return stub.RetryExecution(api.RetryExecutionRequest(id=execution_id, additional_attempts=more))


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT], ids=status_name)
def test_what_failed_or_timed_out_can_be_retried(status: ExecutionStatus, stub: ExecutionServiceStub) -> None:
    """Whatever the failure was: a person may know that it has been mended."""
    execution = in_status(stub, status)

    answer = retry(stub, execution.id).execution

    assert (answer.status, answer.status_reason) == (RETRYING, StatusReason.STATUS_REASON_MANUAL_RETRY)
    assert (answer.attempts, answer.error.message) == (1, execution.error.message)
    assert not answer.HasField("completed_at")
    assert start(stub, execution.id).attempts == 2


def test_what_waits_for_its_next_attempt_waits_no_longer(stub: ExecutionServiceStub, store: Server) -> None:
    """Retry now: the backoff is dropped; when there is none, nothing changes."""
    execution = in_status(stub, RETRYING)
    assert execution.HasField("next_attempt_at")

    now = retry(stub, execution.id).execution

    assert now.status == RETRYING
    assert not now.HasField("next_attempt_at")
    with unchanged(store):
        assert retry(stub, execution.id).execution.revision == now.revision


def test_more_attempts_can_be_allowed(stub: ExecutionServiceStub, store: Server) -> None:
    """Attempts are never set back; what grows is their limit."""
    execution = in_status(stub, RUNNING, max_attempts=1)
    fail(stub, execution.id)
    with unchanged(store):
        refusal = refused(stub.RetryExecution, api.RetryExecutionRequest(id=execution.id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "MAX_RETRIES_EXCEEDED")
    assert refusal.metadata == {"executionId": execution.id, "attempts": "1", "maxAttempts": "1"}

    answer = retry(stub, execution.id, 2).execution
    assert (answer.attempts, answer.max_attempts) == (1, 3)


def test_the_limit_of_max_attempts_holds_here_too(stub: ExecutionServiceStub, store: Server) -> None:
    """However one gets there."""
    execution = in_status(stub, RUNNING, max_attempts=999_001)
    fail(stub, execution.id, FAILURE)
    check(
        Edge(
            "1,000,000 attempts",
            "additional_attempts",
            {"additional_attempts": 1_000},
            {"additional_attempts": 999},
        ),
        stub.RetryExecution,
        api.RetryExecutionRequest(id=execution.id),
        store,
    )
    assert get(stub, execution.id).max_attempts == 1_000_000


@pytest.mark.parametrize("status", [PENDING, RUNNING, COMPLETED, CANCELLED], ids=status_name)
def test_the_status_is_judged_before_the_attempts(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """A completed execution with its attempts used up has not failed for a lack of attempts."""
    execution = in_status(stub, status, max_attempts=1)
    with unchanged(store):
        refusal = refused(stub.RetryExecution, api.RetryExecutionRequest(id=execution.id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INVALID_STATE_TRANSITION")
    assert (refusal.metadata["from"], refusal.metadata["to"]) == (status_name(status), "retrying")
