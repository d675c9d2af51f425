"""WatchExecution, WatchExecutions and WaitExecution: what their requests may hold. What they tell is in tests/watch."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import COMPLETED, PENDING

from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.edges import Edge, check
from tests.rpc.subjects import create, in_status
from tests.rpc.test_list import FILTER_EDGES
from tests.rpc.values import NO_DURATIONS, milliseconds
from tests.servers import Server

WATCH_EDGES: Final = [
    Edge("negative", "after_revision", {"after_revision": -1}, {"after_revision": 0}),
    Edge("a view", "view", {"view": 7}, {"view": ExecutionView.EXECUTION_VIEW_FULL}),
]
WAIT_EDGES: Final = [
    *(Edge(f"timeout: {what}", "timeout", {"timeout": bad}) for what, bad in NO_DURATIONS.items()),
    Edge(
        "timeout: 60 s",
        "timeout",
        {"timeout": milliseconds(60_001)},
        {"timeout": milliseconds(60_000)},
    ),
]


@pytest.mark.parametrize("edge", WATCH_EDGES, ids=str)
def test_a_watch_has_its_limits(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A stream that is refused says so, as a call does."""
    check(edge, stub.WatchExecution, api.WatchExecutionRequest(id=create(stub).id), store)


@pytest.mark.parametrize("edge", WAIT_EDGES, ids=str)
def test_a_wait_has_its_limits(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """Longer than that, a proxy would take the silent call for dead."""
    base = api.WaitExecutionRequest(id=in_status(stub, COMPLETED).id)
    check(edge, stub.WaitExecution, base, store)


@pytest.mark.parametrize("edge", FILTER_EDGES, ids=str)
def test_a_watch_of_many_has_the_limits_of_a_list(
    edge: Edge, stub: ExecutionServiceStub, store: Server
) -> None:
    """It is the same filter. With a snapshot there is a first message in any case: the bookmark."""
    check(edge, stub.WatchExecutions, api.WatchExecutionsRequest(snapshot=True), store)


def test_a_watch_tells_a_life_and_ends_with_it(stub: ExecutionServiceStub) -> None:
    """Through a plain stub, as any language has one."""
    execution = create(stub)
    stream = stub.WatchExecution(api.WatchExecutionRequest(id=execution.id), timeout=DEADLINE_SECONDS)
    snapshot = next(stream)
    assert (snapshot.event, snapshot.execution.status) == (api.WatchEvent.WATCH_EVENT_SNAPSHOT, PENDING)

    stub.StartExecution(api.StartExecutionRequest(id=execution.id))
    stub.CompleteExecution(api.CompleteExecutionRequest(id=execution.id))

    assert [message.revision for message in stream] == [2, 3]
