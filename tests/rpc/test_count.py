"""CountExecutions."""

from __future__ import annotations

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import FAILED, PENDING, STATUSES

from tests.rpc.edges import Edge, check
from tests.rpc.subjects import NOBODY, in_status
from tests.rpc.test_list import FILTER_EDGES
from tests.servers import Server


@pytest.mark.parametrize("edge", FILTER_EDGES, ids=str)
def test_the_filter_has_the_limits_of_a_list(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """It is the same message."""
    check(edge, stub.CountExecutions, api.CountExecutionsRequest(), store)


def count(stub: ExecutionServiceStub, filter_: api.ExecutionFilter) -> tuple[int, dict[int, int]]:
    """In all, and by status in the order of the answer."""
    response = stub.CountExecutions(api.CountExecutionsRequest(filter=filter_))
    return response.count, {entry.status: entry.count for entry in response.by_status}


def test_all_is_counted_and_by_status(stub: ExecutionServiceStub) -> None:
    """In the order of the enum, zeros included, so that a dashboard has a row for each."""
    for number, status in enumerate(STATUSES[:-1]):
        for _ in range(number + 1):
            in_status(stub, status, type="counted", parent_id=NOBODY)
    expected = {status: number + 1 for number, status in enumerate(STATUSES[:-1])} | {STATUSES[-1]: 0}

    total, by_status = count(stub, api.ExecutionFilter(types=["counted"]))

    assert (total, by_status) == (sum(expected.values()), expected)
    assert list(by_status) == sorted(by_status)


def test_only_the_statuses_that_the_filter_allows_are_answered(stub: ExecutionServiceStub) -> None:
    """In the order of the enum, however they were given, each once."""
    in_status(stub, FAILED, type="counted by status")
    filter_ = api.ExecutionFilter(types=["counted by status"], statuses=[FAILED, PENDING, FAILED])
    total, by_status = count(stub, filter_)
    assert (total, list(by_status.items())) == (1, [(PENDING, 0), (FAILED, 1)])


def test_parents_and_types_together_are_counted_exactly(stub: ExecutionServiceStub) -> None:
    """No index answers it alone; the number must be right all the same."""
    parent = in_status(stub, PENDING).id
    for type_ in ("count a", "count a", "count b"):
        in_status(stub, PENDING, type=type_, parent_id=parent)
    assert count(stub, api.ExecutionFilter(parent_id=parent))[0] == 3
    assert count(stub, api.ExecutionFilter(parent_id=parent, types=["count a"]))[0] == 2
