"""Repeats: after a lost reply the same request gives the same answer, and its effect once."""

from __future__ import annotations

from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import PENDING, RUNNING
from google.protobuf.struct_pb2 import Value

from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import PASSING_FAILURE, Rpc, Stubs, create, get, in_status, start, with_field
from tests.servers import Server

CHANGING: Final = [
    rpc for rpc in with_field("request_id") if rpc.name not in ("CreateExecution", "DeleteExecution")
]
LASTING: Final = ("status", "status_reason", "attempts", "revision")
"""What a repeat is promised to answer as the first call did."""


@pytest.fixture(params=CHANGING, ids=[rpc.name for rpc in CHANGING])
def rpc(request: pytest.FixtureRequest) -> Rpc:
    """Every RPC that changes an execution."""
    rpc: Rpc = request.param
    return rpc


def named(request: Any, request_id: str = "r-1") -> Any:
    request.request_id = request_id
    return request


def something_else_happens(stub: ExecutionServiceStub, execution_id: str) -> None:
    """A change that is allowed in every status."""
    request = api.UpdateExecutionRequest(execution=Execution(id=execution_id, labels={"noticed": "yes"}))
    request.update_mask.paths.append("labels")
    stub.UpdateExecution(request)


def test_a_repeat_changes_nothing_and_gets_the_same_answer(rpc: Rpc, stubs: Stubs, store: Server) -> None:
    """The usual case: the reply was lost, and the client asks again at once."""
    execution = in_status(stubs.executions, rpc.status)
    request = named(rpc.request(execution.id))
    first = stubs.method(rpc.name)(request)
    with unchanged(store):
        second = stubs.method(rpc.name)(request)
    assert second == first


def test_a_repeat_after_other_changes_is_answered_as_the_first_call_was(
    rpc: Rpc, stubs: Stubs, store: Server
) -> None:
    """What has come since must not be handed to it as its own doing."""
    execution = in_status(stubs.executions, rpc.status)
    request = named(rpc.request(execution.id))
    first = stubs.method(rpc.name)(request).execution
    something_else_happens(stubs.executions, execution.id)
    with unchanged(store):
        second = stubs.method(rpc.name)(request).execution
    assert [getattr(second, field) for field in LASTING] == [getattr(first, field) for field in LASTING]


def test_the_same_call_under_another_name_is_another_call(rpc: Rpc, stubs: Stubs) -> None:
    """Without a name of its own, a second call would be lost as a repeat."""
    execution = in_status(stubs.executions, rpc.status)
    stubs.method(rpc.name)(named(rpc.request(execution.id)))
    other = named(rpc.request(execution.id), "r-2")
    before = get(stubs.executions, execution.id)
    if rpc.name in ("UpdateExecution", "UpdateProgress", "SaveCheckpoint"):
        assert stubs.method(rpc.name)(other).execution.revision == before.revision + 1
    elif rpc.name in ("CancelExecution", "RetryExecution"):  # they find their work done
        assert stubs.method(rpc.name)(other).execution.revision == before.revision
    else:
        assert refused(stubs.method(rpc.name), other).code == "FAILED_PRECONDITION"


def test_a_repeated_start_is_given_its_own_attempt_and_not_a_later_one(stub: ExecutionServiceStub) -> None:
    """Else a worker whose reply was lost would write as somebody else. What it writes as itself is refused."""
    execution = create(stub)
    request = named(api.StartExecutionRequest(id=execution.id))
    assert stub.StartExecution(request).execution.attempts == 1
    stub.FailExecution(api.FailExecutionRequest(id=execution.id, error=PASSING_FAILURE))
    assert start(stub, execution.id).attempts == 2

    repeated = stub.StartExecution(request).execution

    assert (repeated.status, repeated.attempts, repeated.revision) == (RUNNING, 1, 2)
    assert [entry.to for entry in repeated.history] == [PENDING, RUNNING]
    late = api.CompleteExecutionRequest(id=execution.id, attempt=repeated.attempts)
    assert refused(stub.CompleteExecution, late).reason == "ATTEMPT_FENCED"


def test_the_newest_eight_requests_are_remembered(stub: ExecutionServiceStub) -> None:
    """A ninth change pushes the first out: then it is a call like any other."""
    execution = in_status(stub, RUNNING)

    def report(number: int) -> int:
        progress = Progress(current=number, total=100)
        request = api.UpdateProgressRequest(id=execution.id, progress=progress, request_id=f"r-{number}")
        return stub.UpdateProgress(request).execution.revision

    revisions = [report(number) for number in range(limits.APPLIED_REQUESTS)]
    assert [report(number) for number in range(limits.APPLIED_REQUESTS)] == revisions
    newest = report(limits.APPLIED_REQUESTS)
    assert report(1) == revisions[1]
    assert report(0) == newest + 1


def test_a_creation_is_repeated_by_its_request_or_its_key(stub: ExecutionServiceStub, store: Server) -> None:
    """Two ways to the same promise: however often it is sent, one execution comes of it."""
    for request_id, key in (("create-1", ""), ("create-2", "repeated")):
        payload = Value(number_value=1)
        request = api.CreateExecutionRequest(
            type="report", payload=payload, request_id=request_id, idempotency_key=key
        )
        first = stub.CreateExecution(request)
        with unchanged(store):
            second = stub.CreateExecution(request)
        assert second == first
        assert second.created
        start(stub, first.execution.id)
        with unchanged(store):
            third = stub.CreateExecution(request)
        assert (third.created, third.execution.status, third.execution.revision) == (True, PENDING, 1)
        assert not third.execution.HasField("started_at")


def test_a_creation_under_the_name_of_another_is_refused(stub: ExecutionServiceStub, store: Server) -> None:
    """The caller uses one name for two things: it must hear of it, not get the other execution."""
    stub.CreateExecution(api.CreateExecutionRequest(type="report", request_id="create-3"))
    with unchanged(store):
        request = api.CreateExecutionRequest(type="invoice", request_id="create-3")
        refusal = refused(stub.CreateExecution, request)
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ["request_id"])


def test_calls_without_a_name_create_one_execution_each(stub: ExecutionServiceStub) -> None:
    """Nothing tells a repeat from a second wish."""
    assert create(stub).id != create(stub).id


def test_a_repeated_deletion_is_done(stub: ExecutionServiceStub, store: Server) -> None:
    """Another's is told that there is nothing to delete."""
    execution = create(stub)
    request = api.DeleteExecutionRequest(id=execution.id, request_id="delete-1")
    stub.DeleteExecution(request)
    with unchanged(store):
        stub.DeleteExecution(request)
        request.request_id = "delete-2"
        assert refused(stub.DeleteExecution, request).reason == "EXECUTION_NOT_FOUND"


def test_a_repeated_creation_of_what_was_deleted_creates_nothing(stub: ExecutionServiceStub) -> None:
    """A late repeat must not bring back what somebody has removed on purpose."""
    request = api.CreateExecutionRequest(type="report", request_id="create-4")
    created = stub.CreateExecution(request).execution
    stub.DeleteExecution(api.DeleteExecutionRequest(id=created.id))
    refusal = refused(stub.CreateExecution, request)
    assert (refusal.code, refusal.metadata) == ("NOT_FOUND", {"executionId": created.id})


def test_a_refused_call_is_not_remembered(stub: ExecutionServiceStub) -> None:
    """It has had no effect, so its repeat is judged anew."""
    execution = create(stub)
    complete = named(api.CompleteExecutionRequest(id=execution.id))
    assert refused(stub.CompleteExecution, complete).reason == "INVALID_STATE_TRANSITION"
    start(stub, execution.id)
    assert stub.CompleteExecution(complete).execution.revision == 3
