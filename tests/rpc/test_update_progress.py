"""UpdateProgress."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import RUNNING, STATUSES, status_name

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import in_status
from tests.servers import Server

EDGES: Final = [
    Edge("progress: missing", "progress", {"progress": None}, {"progress": Progress()}),
    *kinds.progress(lambda value: {"progress": value}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A division by what is not known yet is a worker's most usual slip."""
    execution = in_status(stub, RUNNING)
    base = api.UpdateProgressRequest(id=execution.id, progress=Progress(current=1, total=2))
    check(edge, stub.UpdateProgress, base, store)


def test_progress_is_replaced_as_a_whole(stub: ExecutionServiceStub) -> None:
    """A message of an earlier report must not stand beside numbers of a later one."""
    execution = in_status(stub, RUNNING)
    for progress in (Progress(current=1, total=4, message="Sorting"), Progress(current=3, total=4)):
        request = api.UpdateProgressRequest(id=execution.id, progress=progress)
        answer = stub.UpdateProgress(request).execution
    assert (answer.progress.current, answer.progress.percent, answer.progress.message) == (3, 75, "")
    assert (answer.progress.attempt, answer.progress.updated_at) == (1, answer.updated_at)
    assert (answer.status, answer.revision) == (RUNNING, execution.revision + 2)


@pytest.mark.parametrize("status", [status for status in STATUSES if status != RUNNING], ids=status_name)
def test_progress_is_taken_while_it_runs_only(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """A worker that was cancelled learns it here."""
    execution = in_status(stub, status)
    request = api.UpdateProgressRequest(id=execution.id, progress=Progress(current=1, total=2))
    with unchanged(store):
        refusal = refused(stub.UpdateProgress, request)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXECUTION_NOT_RUNNING")
    assert refusal.metadata == {"executionId": execution.id, "status": status_name(status)}
