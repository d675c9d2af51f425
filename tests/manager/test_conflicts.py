"""Others were first: a call is decided again until its time is up."""

from __future__ import annotations

from typing import Any

import pytest
from execution_server.domain import ids
from execution_server.domain.problems import (
    Contention,
)
from execution_server.manager import Manager
from execution_server.store.port import Conflict, Part, Stored, Taken

from tests.manager.calls import create, get, start, template, terms
from tests.store.counting import CountingStore


async def test_trying_again_ends_with_the_calls_time(manager: Manager, store: CountingStore) -> None:
    """A call that always loses is told so, and has done nothing."""
    id_ = await create(manager)

    async def lose(before: Stored, *_: Any, **__: Any) -> Conflict:
        return Conflict(await store.wrapped.load(id_, Part.HEAD, deadline=before.record.revision))

    store.instead["commit"] = lose
    store.asked.clear()

    with pytest.raises(Contention):
        await start(manager, id_, seconds=0.2)

    assert store.asked["commit"] > 1
    assert (await get(manager, id_)).revision == 1


async def test_a_deletion_that_always_loses_is_told_so(manager: Manager, store: CountingStore) -> None:
    """As every other call."""
    id_ = await create(manager)

    async def lose(before: Stored, *_: Any, **__: Any) -> Conflict:
        return Conflict(before)

    store.instead["delete"] = lose
    with pytest.raises(Contention):
        await manager.delete(id_, force=False, terms=terms(seconds=0.2))
    assert store.asked["delete"] > 1


async def test_a_key_whose_holder_is_gone_again_is_tried_again(
    manager: Manager, store: CountingStore
) -> None:
    """Between the claim and the look at its holder, the holder may be deleted."""
    ghost = ids.new_id(1, 2, 3)
    answers = iter([Taken(ghost), Taken(ghost)])

    async def taken_twice(*args: Any, **options: Any) -> object:
        return next(answers, None) or await store.wrapped.create(*args, **options)

    store.instead["create"] = taken_twice

    _, created = await manager.create(template(idempotency_key="order"), terms())

    assert created
    assert store.asked["create"] == 3
