"""Many creations and reads as one call: each as it would be by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest
from croco.execution.v1.execution_pb2 import Execution
from execution_server.batches import Batches, Wanted
from execution_server.domain import requests
from execution_server.domain.problems import (
    ExecutionNotFound,
    IdempotencyKeyReused,
    Problem,
    StoreUnavailable,
)
from execution_server.manager import CREATE, Manager
from execution_server.store.port import Creation, Part, Stored, Taken, request_claim

from tests.manager.calls import create, start, template, terms
from tests.store.counting import CountingStore


@pytest.fixture
def batches(store: CountingStore, manager: Manager) -> Batches:
    return Batches(store.as_store, manager)


def wanted(*keys: str, request_id: str = "", **common: str) -> list[Wanted]:
    """Executions with these idempotency keys, all of one template."""
    shared = template(**common)
    return [Wanted(shared, partial(Execution, idempotency_key=key), request_id) for key in keys]


def soon() -> float:
    return asyncio.get_running_loop().time() + 10


async def created(batches: Batches, many: Sequence[Wanted]) -> list[tuple[Execution, bool] | Problem]:
    return await batches.create(many, Part.FULL, deadline=soon())


async def test_a_batch_is_one_call_to_the_store(store: CountingStore, batches: Batches) -> None:
    """That is what makes it cheap."""
    await created(batches, wanted(*map(str, range(500))))
    assert store.asked == {"now_ms": 1, "create_all": 1}


async def test_what_a_batch_created_is_started_without_a_look(
    store: CountingStore, manager: Manager, batches: Batches
) -> None:
    """Its heads are known, as that of a single creation is."""
    ((record, _),) = await created(batches, wanted(""))  # type: ignore[misc]  # no Problem
    store.asked.clear()
    assert (await start(manager, record.id)).attempts == 1
    assert store.asked == {"now_ms": 1, "commit": 1}


async def test_every_status_change_of_a_batch_is_counted(manager: Manager, batches: Batches) -> None:
    """Metrics are to say what happened, whatever call it came in."""
    await create(manager)
    ((_, one),) = manager.transitions.items()
    await created(batches, wanted("", "", ""))
    assert manager.transitions.most_common() == [(next(iter(manager.transitions)), one + 3)]


async def test_the_caller_signs_what_a_batch_created(batches: Batches) -> None:
    """As with every other change."""
    ((record, _),) = await batches.create(wanted(""), Part.FULL, actor="shop", deadline=soon())  # type: ignore[misc]
    assert [entry.actor for entry in record.history] == ["shop"]


async def test_what_is_there_is_found_among_what_is_new(manager: Manager, batches: Batches) -> None:
    """Whatever has become of it since."""
    before = await create(manager, idempotency_key="b")
    await start(manager, before)
    first, second, third = await created(batches, wanted("a", "b", "c"))
    assert [isinstance(one, tuple) and one[1] for one in (first, second, third)] == [True, False, True]
    assert isinstance(second, tuple)
    assert (second[0].id, second[0].attempts) == (before, 1)
    (other,) = await created(batches, wanted("b", type="other"))
    assert isinstance(other, IdempotencyKeyReused)


async def test_a_key_whose_holder_goes_meanwhile_is_free(
    store: CountingStore, manager: Manager, batches: Batches
) -> None:
    """Between the refusal and the look at who holds it, it may be deleted: the promise is to create or to find."""
    holder = await create(manager, idempotency_key="k")

    async def deleted_first(execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        del store.instead["load"]
        await manager.delete(holder, force=False, terms=terms("delete"))
        return await store.wrapped.load(execution_id, part, deadline=deadline)

    store.instead["load"] = deleted_first
    ((record, is_new),) = await created(batches, wanted("k"))  # type: ignore[misc]  # no Problem
    assert is_new
    assert record.id != holder


async def test_a_creation_that_was_deleted_since_its_first_try_is_not_done_again(
    store: CountingStore, batches: Batches
) -> None:
    """The store says so by naming its own id as the holder."""

    async def taken_by_itself(creations: Sequence[Creation], *, deadline: float) -> list[Taken]:
        return [Taken(creation.own.id) for creation in creations]

    store.instead["create_all"] = taken_by_itself
    assert [type(one) for one in await created(batches, wanted("", "k"))] == [ExecutionNotFound] * 2


async def test_a_repeat_is_known_in_whatever_call_it_comes(manager: Manager, batches: Batches) -> None:
    """A batch whose answer was lost may be sorted out by single calls, and the other way round."""
    record, _ = await manager.create(template(), terms(CREATE, request_id="r"))
    ((again, is_new),) = await created(batches, wanted("", request_id="r"))  # type: ignore[misc]  # no Problem
    assert (again.id, is_new) == (record.id, True)
    assert requests.find(again, requests.digest(CREATE, "r")) is not None
    assert request_claim(requests.digest(CREATE, "r")).lifetime_ms


async def test_each_is_answered_as_far_as_the_store_answers(store: CountingStore, batches: Batches) -> None:
    """One node of a cluster may be away. Whoever gets no answer at all is told by the call, and clients repeat it."""

    async def half_there(creations: Sequence[Creation], *, deadline: float) -> list[object]:
        there = await store.wrapped.create_all(creations[::2], deadline=deadline)
        return [
            there[number // 2] if number % 2 == 0 else StoreUnavailable() for number in range(len(creations))
        ]

    store.instead["create_all"] = half_there
    answers = await created(batches, wanted("a", "b", "c", "d"))
    assert [isinstance(answer, StoreUnavailable) for answer in answers] == [False, True, False, True]

    async def away(subjects: Sequence[object], *rest: object, deadline: float) -> list[StoreUnavailable]:
        return [StoreUnavailable() for _ in subjects]

    store.instead |= {"create_all": away, "load_all": away}
    with pytest.raises(StoreUnavailable):
        await created(batches, wanted("e", "f"))
    with pytest.raises(StoreUnavailable):
        _ = [outcome async for outcome in batches.get(["e", "f"], Part.FULL, deadline=soon())]
    assert await created(batches, []) == []
