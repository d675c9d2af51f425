"""CancelExecution."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
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
from google.protobuf.struct_pb2 import Struct, Value

from tests.process.programs import wait_until
from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import create, get, in_status
from tests.rpc.values import milliseconds
from tests.servers import Server

EDGES: Final = [
    *kinds.text("reason", lambda value: {"reason": value}, limits.TEXT_BYTES),
    *kinds.pause("grace_period", lambda value: {"grace_period": value}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """In bytes: a reason may be written in any language."""
    check(edge, stub.CancelExecution, api.CancelExecutionRequest(id=in_status(stub, RUNNING).id), store)


@pytest.mark.parametrize("status", [PENDING, RUNNING, RETRYING], ids=status_name)
def test_what_has_not_ended_can_be_cancelled_and_says_why(
    status: ExecutionStatus, stub: ExecutionServiceStub
) -> None:
    """The reason is where the library keeps it, beside what was there."""
    execution = in_status(stub, status, metadata=Struct(fields={"customer": Value(string_value="c-1")}))

    request = api.CancelExecutionRequest(id=execution.id, reason="User requested cancellation")
    answer = stub.CancelExecution(request).execution

    assert (answer.status, answer.status_reason) == (CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)
    assert answer.metadata["cancellationReason"] == "User requested cancellation"
    assert answer.metadata["customer"] == "c-1"
    assert answer.cancellation_reason == "User requested cancellation"
    cancelled = get(stub, execution.id)
    assert cancelled.metadata == answer.metadata
    assert cancelled.completed_at == cancelled.updated_at


def test_without_a_reason_the_metadata_stays_as_it_was(stub: ExecutionServiceStub) -> None:
    """Nothing is made up."""
    execution = create(stub)
    assert not stub.CancelExecution(api.CancelExecutionRequest(id=execution.id)).execution.HasField(
        "metadata"
    )


def test_a_second_cancel_changes_nothing(stub: ExecutionServiceStub, store: Server) -> None:
    """Who called it off first is who called it off."""
    execution = create(stub)
    first = stub.CancelExecution(api.CancelExecutionRequest(id=execution.id, reason="Out of stock."))
    with unchanged(store):
        second = stub.CancelExecution(api.CancelExecutionRequest(id=execution.id, reason="Bored."))
    assert second == first


@pytest.mark.parametrize("status", [COMPLETED, FAILED, TIMED_OUT], ids=status_name)
def test_what_has_ended_cannot_be_cancelled(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """There is nothing to call off."""
    execution = in_status(stub, status)
    with unchanged(store):
        refusal = refused(stub.CancelExecution, api.CancelExecutionRequest(id=execution.id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INVALID_STATE_TRANSITION")
    assert refusal.metadata["to"] == "cancelled"


def test_with_a_grace_period_the_worker_is_asked_first(stub: ExecutionServiceStub) -> None:
    """It goes on, and everybody can see that it is to stop."""
    execution = in_status(stub, RUNNING)
    request = api.CancelExecutionRequest(
        id=execution.id, reason="Maintenance", grace_period=milliseconds(3_600_000)
    )

    asked = stub.CancelExecution(request).execution

    assert asked.status == RUNNING
    requested_ms = asked.cancellation_requested_at.ToMilliseconds()
    assert asked.cancellation_forced_at.ToMilliseconds() >= requested_ms + 3_600_000
    assert stub.CancelExecution(request).execution.revision == asked.revision

    # The worker ends it itself: by a cancel without grace, or as it likes.
    ended = stub.CancelExecution(api.CancelExecutionRequest(id=execution.id)).execution
    assert (ended.status, ended.cancellation_reason) == (CANCELLED, "Maintenance")


def test_when_the_grace_period_has_passed_the_server_cancels(stub: ExecutionServiceStub) -> None:
    """A worker that does not listen cannot hold it up."""
    execution = in_status(stub, RUNNING)
    stub.CancelExecution(api.CancelExecutionRequest(id=execution.id, grace_period=milliseconds(20)))
    wait_until(lambda: get(stub, execution.id).status == CANCELLED, "the server cancels")
    assert get(stub, execution.id).history[-1].actor == "server"
