"""CompleteExecution."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Progress, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import COMPLETED, PENDING, RUNNING
from google.protobuf.struct_pb2 import NULL_VALUE, Value

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import get, in_status
from tests.servers import Server

EDGES: Final = [
    *kinds.value("result", lambda value: {"result": value}, limits.PAYLOAD_BYTES),
    *kinds.many_values("result", lambda value: {"result": value}),
    *kinds.progress(lambda value: {"progress": value}),
    *kinds.checkpoints(lambda value: {"checkpoints": value}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A result that is too large leaves the attempt running: the worker may send a smaller one."""
    execution = in_status(stub, RUNNING)
    base = api.CompleteExecutionRequest(id=execution.id)
    check(edge, stub.CompleteExecution, base, store)
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id, force=True))


def test_result_progress_and_checkpoints_are_kept_in_one_change(stub: ExecutionServiceStub) -> None:
    """One call less for the worker, and nobody sees one without the others."""
    execution = in_status(stub, RUNNING)

    answer = stub.CompleteExecution(
        api.CompleteExecutionRequest(
            id=execution.id,
            result=Value(string_value="output"),
            progress=Progress(current=4, total=4),
            checkpoints={"page": Value(number_value=7)},
        )
    ).execution

    done = get(stub, execution.id)
    assert (done.status, done.status_reason) == (COMPLETED, StatusReason.STATUS_REASON_SUCCEEDED)
    assert done.revision == execution.revision + 1
    assert done.result.string_value == "output"
    assert done.progress.percent == 100
    assert done.checkpoints["page"].number_value == 7
    assert done.completed_at == done.updated_at
    assert not answer.HasField("result")  # it is the BASIC view
    assert answer.completed_at == done.completed_at


def test_a_result_that_is_null_is_not_one_that_is_absent(stub: ExecutionServiceStub) -> None:
    """JSON null is a value."""
    null, none = in_status(stub, RUNNING), in_status(stub, RUNNING)
    stub.CompleteExecution(api.CompleteExecutionRequest(id=null.id, result=Value(null_value=NULL_VALUE)))
    stub.CompleteExecution(api.CompleteExecutionRequest(id=none.id))
    assert get(stub, null.id).HasField("result")
    assert not get(stub, none.id).HasField("result")


def test_a_checkpoint_that_is_refused_takes_the_completion_with_it(
    stub: ExecutionServiceStub, store: Server
) -> None:
    """All or nothing: a completion without its last checkpoint would be another one than was asked for."""
    execution = in_status(stub, RUNNING)
    many = {f"k{number}": Value(bool_value=True) for number in range(101)}
    with unchanged(store):
        refusal = refused(
            stub.CompleteExecution, api.CompleteExecutionRequest(id=execution.id, checkpoints=many)
        )
    assert refusal.reason == "TOO_MANY_CHECKPOINTS"


@pytest.mark.parametrize("status", [PENDING, COMPLETED], ids=["pending", "completed"])
def test_only_what_runs_can_complete(status: int, stub: ExecutionServiceStub, store: Server) -> None:
    """Not even twice, unless the second is a repeat of the first."""
    execution = in_status(stub, status)  # type: ignore[arg-type]  # a status
    with unchanged(store):
        refusal = refused(stub.CompleteExecution, api.CompleteExecutionRequest(id=execution.id))
    assert (refusal.reason, refusal.metadata["to"]) == ("INVALID_STATE_TRANSITION", "completed")
