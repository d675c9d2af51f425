"""GetExecution and GetExecutionByIdempotencyKey."""

from __future__ import annotations

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from google.protobuf.struct_pb2 import Struct, Value

from tests.rpc.edges import Edge, check, too_large
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import create, start
from tests.servers import Server

HEAVY = ("payload", "result", "checkpoints", "history")


@pytest.fixture
def rich(stub: ExecutionServiceStub) -> Execution:
    """An execution that has everything but a result."""
    created = create(
        stub,
        payload=Value(string_value="input"),
        metadata=Struct(fields={"customer": Value(string_value="c-1")}),
        labels={"team": "blue"},
    )
    start(stub, created.id)
    error = ExecutionError(message="No.", stack="line 1", retryable=True)
    checkpoints = {"page": Value(number_value=7)}
    request = api.FailExecutionRequest(id=created.id, error=error, checkpoints=checkpoints)
    stub.FailExecution(request)
    return stub.GetExecution(api.GetExecutionRequest(id=created.id)).execution


def test_everything_is_answered_unless_less_is_asked_for(stub: ExecutionServiceStub, rich: Execution) -> None:
    """Who asks for one execution wants to see it."""
    full = stub.GetExecution(api.GetExecutionRequest(id=rich.id, view=ExecutionView.EXECUTION_VIEW_FULL))
    assert full.execution == rich
    assert rich.payload.string_value == "input"
    assert rich.checkpoints["page"].number_value == 7
    assert rich.error.stack == "line 1"
    assert len(rich.history) == 3


def test_the_basic_view_leaves_out_what_is_large_and_nothing_else(
    stub: ExecutionServiceStub, rich: Execution
) -> None:
    """The comment of the view says what is missing."""
    request = api.GetExecutionRequest(id=rich.id, view=ExecutionView.EXECUTION_VIEW_BASIC)
    expected = Execution()
    expected.CopyFrom(rich)
    for field in HEAVY:
        expected.ClearField(field)
    expected.error.ClearField("stack")
    assert stub.GetExecution(request).execution == expected
    assert dict(expected.checkpoint_sizes) == {"page": 9}


def test_what_the_server_keeps_for_itself_is_never_sent(stub: ExecutionServiceStub, rich: Execution) -> None:
    """The requests that it remembers are nobody's business."""
    named = api.UpdateExecutionRequest(execution=Execution(id=rich.id), request_id="r-1")
    named.update_mask.paths.append("labels")
    for answer in (stub.UpdateExecution(named).execution, rich):
        assert not answer.applied_requests


def test_an_execution_is_found_by_its_key(stub: ExecutionServiceStub) -> None:
    """In the form that the view asks for."""
    created = create(stub, idempotency_key="found by this", payload=Value(string_value="input"))
    request = api.GetExecutionByIdempotencyKeyRequest(idempotency_key="found by this")
    assert stub.GetExecutionByIdempotencyKey(request).execution == created
    request.view = ExecutionView.EXECUTION_VIEW_BASIC
    assert not stub.GetExecutionByIdempotencyKey(request).execution.HasField("payload")


def test_a_key_that_nobody_holds_is_told_by_its_name(stub: ExecutionServiceStub, store: Server) -> None:
    """There is no id to name."""
    request = api.GetExecutionByIdempotencyKeyRequest(idempotency_key="nobody's")
    with unchanged(store):
        refusal = refused(stub.GetExecutionByIdempotencyKey, request)
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "EXECUTION_NOT_FOUND")
    assert refusal.metadata == {"idempotencyKey": "nobody's"}


@pytest.mark.parametrize(
    "edge",
    [
        Edge("missing", "idempotency_key", {"idempotency_key": ""}),
        Edge("printable", "idempotency_key", {"idempotency_key": "a\nb"}),
        too_large("512 bytes", "idempotency_key", {"idempotency_key": "é" * 256 + "x"}),
    ],
    ids=str,
)
def test_the_key_has_its_limits(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """Those of its creation."""
    base = api.GetExecutionByIdempotencyKeyRequest(idempotency_key="k")
    check(edge, stub.GetExecutionByIdempotencyKey, base, store)
