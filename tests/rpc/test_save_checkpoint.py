"""SaveCheckpoint."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import RUNNING, STATUSES, status_name
from google.protobuf.struct_pb2 import NULL_VALUE, Value

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import get, in_status
from tests.rpc.values import of_size
from tests.servers import Server

NULL: Final = Value(null_value=NULL_VALUE)
EDGES: Final = [
    Edge("checkpoints: empty", "checkpoints", {"checkpoints": {}}),
    *kinds.checkpoints(lambda value: {"checkpoints": value}),
    *kinds.progress(lambda value: {"progress": value}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """What could be saved must be readable again."""
    execution = in_status(stub, RUNNING)
    base = save(execution.id, page=Value(number_value=7))
    check(edge, stub.SaveCheckpoint, base, store)
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id, force=True))


def save(execution_id: str, **checkpoints: Value) -> api.SaveCheckpointRequest:
    return api.SaveCheckpointRequest(id=execution_id, checkpoints=checkpoints)


def test_checkpoints_are_merged_and_null_removes_one(stub: ExecutionServiceStub) -> None:
    """Together with progress, in one change."""
    execution = in_status(stub, RUNNING)
    one, two, three = (Value(number_value=number) for number in (1, 2, 3))
    stub.SaveCheckpoint(save(execution.id, a=one, b=two))
    request = save(execution.id, b=three, c=three, a=NULL)
    request.progress.CopyFrom(Progress(current=1, total=2))

    answer = stub.SaveCheckpoint(request).execution

    saved = get(stub, execution.id)
    assert dict(saved.checkpoints) == {"b": three, "c": three}
    assert dict(answer.checkpoint_sizes) == {"b": 9, "c": 9}
    assert not answer.checkpoints  # it is the BASIC view
    assert (saved.progress.percent, saved.revision) == (50, execution.revision + 2)


def test_the_hundredth_checkpoint_is_taken_and_the_next_refused(
    stub: ExecutionServiceStub, store: Server
) -> None:
    """All or none: of a call that goes too far nothing is kept."""
    execution = in_status(stub, RUNNING)
    stub.SaveCheckpoint(save(execution.id, **{f"k{number}": of_size(9) for number in range(99)}))
    with unchanged(store):
        refusal = refused(stub.SaveCheckpoint, save(execution.id, x=of_size(9), y=of_size(9)))
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "TOO_MANY_CHECKPOINTS")
    assert refusal.metadata == {"executionId": execution.id, "limit": "100"}
    assert refusal.retry_ms is None

    stub.SaveCheckpoint(save(execution.id, x=of_size(9)))
    stub.SaveCheckpoint(save(execution.id, y=of_size(9), x=NULL))
    assert len(get(stub, execution.id).checkpoints) == 100


def test_all_checkpoints_together_have_a_limit(stub: ExecutionServiceStub, store: Server) -> None:
    """1.5 MiB, to the byte, counted over all calls; and keys count twice."""
    execution = in_status(stub, RUNNING)
    largest = of_size(limits.CHECKPOINT_BYTES)
    stub.SaveCheckpoint(save(execution.id, **{f"k{number}": largest for number in range(5)}))
    left = limits.CHECKPOINTS_BYTES - 5 * (limits.CHECKPOINT_BYTES + 2 * 2)
    x = left - 2 - (3 + 2)  # the key of x; then y and its key
    with unchanged(store):
        refusal = refused(stub.SaveCheckpoint, save(execution.id, x=of_size(x + 1), y=of_size(3)))
    assert (refusal.reason, refusal.fields) == ("PAYLOAD_TOO_LARGE", ["checkpoints"])
    assert refusal.metadata["sizeBytes"] == str(limits.CHECKPOINTS_BYTES + 1)

    stub.SaveCheckpoint(save(execution.id, x=of_size(x), y=of_size(3)))
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id, force=True))


@pytest.mark.parametrize("status", [status for status in STATUSES if status != RUNNING], ids=status_name)
def test_checkpoints_are_taken_while_it_runs_only(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """They belong to the work, and nobody works on it."""
    execution = in_status(stub, status)
    with unchanged(store):
        refusal = refused(stub.SaveCheckpoint, save(execution.id, page=Value(number_value=7)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXECUTION_NOT_RUNNING")
    assert refusal.metadata == {"executionId": execution.id, "status": status_name(status)}
