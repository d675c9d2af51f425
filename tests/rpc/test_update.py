"""UpdateExecution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, RetryPolicy
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import COMPLETED, RUNNING
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct, Value

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import NOBODY, create, get, in_status
from tests.rpc.values import milliseconds
from tests.servers import Server


def update(execution_id: str, **fields: Any) -> api.UpdateExecutionRequest:
    """A request to replace *fields*."""
    return api.UpdateExecutionRequest(
        execution=Execution(id=execution_id, **fields), update_mask=FieldMask(paths=list(fields))
    )


def masked(*paths: str) -> Mapping[str, Any]:
    return {"update_mask": FieldMask(paths=paths)}


EDGES: Final = [
    Edge("an empty mask", "update_mask", masked(), masked("labels")),
    Edge("a field that is not there", "update_mask", masked("colour")),
    Edge("a field that cannot be changed", "update_mask", masked("labels", "status")),
    Edge("a path into a field", "update_mask", masked("metadata.customer")),
    Edge(
        "a field twice", "update_mask", masked("labels", "metadata", "labels"), masked("labels", "metadata")
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_the_mask_names_each_field_once(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A mask that is not understood must not be taken for another."""
    base = update(create(stub).id, labels={"team": "blue"})
    check(edge, stub.UpdateExecution, base, store)


def put(field: str) -> kinds.Put:
    """A request to replace one field, of an execution that is named later."""
    return lambda value: {"execution": Execution(**{field: value}), **masked(field)}


FIELD_EDGES: Final = [
    *kinds.struct("execution.metadata", put("metadata"), limits.METADATA_BYTES),
    *kinds.labels("execution.labels", put("labels")),
    *kinds.whole("execution.max_attempts", put("max_attempts"), 1, 1_000_000),
    *kinds.timeout("execution.timeout", put("timeout")),
    *kinds.timeout("execution.total_timeout", put("total_timeout")),
    *kinds.pause(
        "execution.retry_policy.initial_interval",
        lambda value: put("retry_policy")(RetryPolicy(initial_interval=value)),
    ),
]


@pytest.mark.parametrize("edge", FIELD_EDGES, ids=str)
def test_each_field_has_the_limits_of_its_creation(
    edge: Edge, stub: ExecutionServiceStub, store: Server
) -> None:
    """Else an update would be the way around them."""
    execution = create(stub)

    def update_it(request: api.UpdateExecutionRequest, **options: Any) -> api.UpdateExecutionResponse:
        request.execution.id = execution.id
        return stub.UpdateExecution(request, **options)

    check(edge, update_it, api.UpdateExecutionRequest(), store)


def test_what_the_mask_does_not_name_is_not_looked_at(stub: ExecutionServiceStub) -> None:
    """A caller may send back the whole execution that it was given, whatever is in it."""
    request = update(create(stub).id, labels={"team": "blue"})
    request.execution.timeout.seconds = -1
    stub.UpdateExecution(request)


def test_the_id_is_in_the_execution(stub: ExecutionServiceStub, store: Server) -> None:
    """Its path says so."""
    for wrong in ("", "execution-1"):
        with unchanged(store):
            assert refused(stub.UpdateExecution, update(wrong, labels={})).fields == ["execution.id"]
    assert refused(stub.UpdateExecution, update(NOBODY, labels={})).code == "NOT_FOUND"


def test_what_the_mask_names_is_replaced_and_nothing_else(stub: ExecutionServiceStub) -> None:
    """Two callers who each change their own field must not undo each other's."""
    before = create(stub, labels={"team": "blue"}, timeout=milliseconds(1_000))
    request = update(before.id, labels={"team": "red"}, max_attempts=9)
    request.execution.timeout.FromMilliseconds(77)  # is not in the mask

    answer = stub.UpdateExecution(request).execution

    after = get(stub, before.id)
    expected = Execution()
    expected.CopyFrom(before)
    expected.labels["team"] = "red"
    expected.max_attempts, expected.revision = 9, 2
    expected.updated_at.CopyFrom(after.updated_at)
    assert after == expected
    assert (answer.labels, answer.revision) == (after.labels, 2)


@pytest.mark.parametrize("path", ["metadata", "labels", "timeout", "total_timeout", "retry_policy"])
def test_what_is_named_and_absent_is_cleared(path: str, stub: ExecutionServiceStub) -> None:
    """It is the only way to take something back."""
    created = create(
        stub,
        metadata=Struct(fields={"k": Value(bool_value=True)}),
        labels={"team": "blue"},
        timeout=milliseconds(3_600_000),
        total_timeout=milliseconds(3_600_000),
        retry_policy=RetryPolicy(retry_timeouts=True),
    )
    request = update(created.id)
    request.update_mask.paths.append(path)
    stub.UpdateExecution(request)
    assert path not in {field.name for field, _ in get(stub, created.id).ListFields()}


def test_max_attempts_cannot_be_cleared(stub: ExecutionServiceStub, store: Server) -> None:
    """There is always a number of attempts."""
    request = update(create(stub).id)
    request.update_mask.paths.append("max_attempts")
    with unchanged(store):
        assert refused(stub.UpdateExecution, request).fields == ["execution.max_attempts"]


def test_a_final_status_keeps_all_but_metadata_and_labels(stub: ExecutionServiceStub, store: Server) -> None:
    """What is done is done; notes about it may still be made."""
    done = in_status(stub, COMPLETED)
    stub.UpdateExecution(update(done.id, labels={"checked": "yes"}))
    for fields in ({"max_attempts": 5}, {"timeout": milliseconds(1)}, {"labels": {}, "max_attempts": 5}):
        with unchanged(store):
            refusal = refused(stub.UpdateExecution, update(done.id, **fields))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INVALID_STATE_TRANSITION")
        assert refusal.metadata["from"] == refusal.metadata["to"] == "completed"


def test_metadata_replaced_after_a_cancellation_keeps_its_reason(stub: ExecutionServiceStub) -> None:
    """The reason is the service's word, and an update cannot take it away."""
    execution = in_status(stub, RUNNING)
    stub.CancelExecution(api.CancelExecutionRequest(id=execution.id, reason="Enough."))
    metadata = Struct(fields={"cancellationReason": Value(string_value="mine")})
    stub.UpdateExecution(update(execution.id, metadata=metadata))
    assert get(stub, execution.id).metadata["cancellationReason"] == "Enough."
