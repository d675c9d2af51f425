"""BatchGetExecutions: what is found for each of many ids."""

from __future__ import annotations

from typing import Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.error_reason_pb2 import ErrorReason
from croco.execution.v1.execution_pb2 import ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.problems import StoreUnavailable
from execution_server.domain.status import STATUSES
from execution_server.store.memory import MemoryStore
from execution_server.store.port import Part, Stored
from google.protobuf.struct_pb2 import Value

from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refusal_of
from tests.rpc.subjects import NOBODY, create, get, in_status
from tests.rpc.values import of_size
from tests.servers import Server
from tests.store.counting import CountingStore
from tests.watch.served import served

FULL: Final = ExecutionView.EXECUTION_VIEW_FULL
EDGES: Final = [
    Edge("none", "ids", {"ids": []}),
    Edge("500 ids", "ids", {"ids": [NOBODY] * 501}, {"ids": [NOBODY] * 500}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_the_number_of_ids_has_its_limits(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """What is more needs another call."""
    check(edge, stub.BatchGetExecutions, api.BatchGetExecutionsRequest(), store)


def test_each_id_is_answered_in_order_with_what_was_committed_last(stub: ExecutionServiceStub) -> None:
    """Whatever its status; one that is asked for twice is answered twice."""
    ids = [in_status(stub, status, payload=Value(string_value="input")).id for status in STATUSES]
    ids = [*ids, ids[0]]
    full = stub.BatchGetExecutions(api.BatchGetExecutionsRequest(ids=ids, view=FULL)).outcomes
    basic = stub.BatchGetExecutions(api.BatchGetExecutionsRequest(ids=ids)).outcomes
    view = ExecutionView.EXECUTION_VIEW_BASIC
    for execution_id, whole, short in zip(ids, full, basic, strict=True):
        assert whole.execution == get(stub, execution_id)
        single = stub.GetExecution(api.GetExecutionRequest(id=execution_id, view=view)).execution
        assert short.execution == single
        assert (whole.cut, short.cut) == (False, False)


def test_who_is_not_there_and_what_is_no_id_are_told_among_the_others(stub: ExecutionServiceStub) -> None:
    """One wrong id must not hide 499 executions."""
    there = create(stub).id
    found = stub.BatchGetExecutions(
        api.BatchGetExecutionsRequest(ids=[NOBODY, there, "execution-1", "", there])
    )
    missing, first, wrong, empty, second = found.outcomes
    assert first.execution.id == second.execution.id == there
    assert missing.refusal.reason == ErrorReason.ERROR_REASON_EXECUTION_NOT_FOUND
    assert (missing.refusal.code, dict(missing.refusal.metadata)) == (5, {"executionId": NOBODY})
    assert wrong.refusal.reason == empty.refusal.reason == ErrorReason.ERROR_REASON_INVALID_FIELD
    assert [one.refusal.metadata["field"] for one in (wrong, empty)] == ["ids[2]", "ids[3]"]


async def test_what_was_found_is_answered_though_the_store_then_went_away() -> None:
    """The deadline may come between two looks at the store, and clusters may fail in part."""
    store = CountingStore(MemoryStore())
    looks = 0

    async def goes_away(
        ids: list[str], part: Part, *, deadline: float
    ) -> list[Stored | StoreUnavailable | None]:
        nonlocal looks
        looks += 1
        found = await store.wrapped.load_all(ids, part, deadline=deadline)
        return found if looks == 1 else [StoreUnavailable() for _ in ids]

    store.instead["load_all"] = goes_away
    async with served(store.as_store) as server:
        there = (await server.stub.CreateExecution(api.CreateExecutionRequest(type="t"))).execution
        request = api.BatchGetExecutionsRequest(ids=[there.id] * 50, view=FULL)
        outcomes = (await server.stub.BatchGetExecutions(request)).outcomes
        found = [outcome.HasField("execution") for outcome in outcomes]
        assert found == sorted(found, reverse=True)
        assert {outcome.refusal.reason for outcome in outcomes if outcome.HasField("refusal")} == {
            ErrorReason.ERROR_REASON_STORE_UNAVAILABLE
        }
        assert found[0]

        with pytest.raises(grpc.RpcError) as raised:
            await server.stub.BatchGetExecutions(request)
        assert refusal_of(raised.value).reason == "STORE_UNAVAILABLE", "now nothing was found at all"


def test_what_has_no_room_in_the_answer_is_cut(stub: ExecutionServiceStub) -> None:
    """Clients take 4 MiB. A smaller one that comes later may still have room."""
    large = [create(stub, payload=of_size(limits.PAYLOAD_BYTES)).id for _ in range(9)]
    small = create(stub, type="small", payload=Value(string_value="input")).id
    asked = api.BatchGetExecutionsRequest(ids=[*large, small], view=FULL)
    outcomes = stub.BatchGetExecutions(asked).outcomes
    assert [outcome.cut for outcome in outcomes] == [False, *[True] * 8, False]
    assert [outcome.execution.id for outcome in outcomes] == [*large, small]
    for outcome in outcomes[:-1]:
        assert outcome.execution.HasField("payload") != outcome.cut
        assert outcome.execution.HasField("created_at")
        stub.DeleteExecution(api.DeleteExecutionRequest(id=outcome.execution.id))
    assert outcomes[-1].execution == get(stub, small)
