"""Calls on one execution take turns within a process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from execution_server.domain.problems import (
    StoreUnavailable,
)
from execution_server.domain.status import RUNNING
from execution_server.manager import Manager
from execution_server.store.port import Stored

from tests.manager.calls import create, get, save, start
from tests.store.counting import CountingStore
from tests.waiting import until


async def test_calls_on_one_execution_do_not_conflict_in_one_process(
    manager: Manager, store: CountingStore
) -> None:
    """They take turns, so each decides on what the one before made."""
    id_ = await create(manager)
    await start(manager, id_)
    store.asked.clear()

    await asyncio.gather(*(save(manager, id_, f"key-{number}") for number in range(50)))

    assert store.asked == {"commit": 50, "now_ms": 50}
    assert len((await get(manager, id_)).checkpoints) == 50


async def test_calls_on_different_executions_do_not_wait_for_each_other(
    manager: Manager, store: CountingStore
) -> None:
    """One slow execution is no other's business."""
    slow, quick = await create(manager), await create(manager)
    release = hold(store, slow)
    waiting = asyncio.create_task(start(manager, slow))
    await until(lambda: release.waiting, "the store holds it up")

    assert (await start(manager, quick)).status == RUNNING

    release.event.set()
    assert (await waiting).status == RUNNING


async def test_a_turn_that_does_not_come_in_time_is_refused(manager: Manager, store: CountingStore) -> None:
    """A call with little time may stand behind one with much, on a store that does not answer."""
    id_ = await create(manager)
    release = hold(store, id_)
    waiting = asyncio.create_task(start(manager, id_))
    await until(lambda: release.waiting, "the store holds it up")

    with pytest.raises(StoreUnavailable):
        await save(manager, id_, "key", seconds=0.05)
    assert not waiting.done()

    release.event.set()
    assert (await waiting).status == RUNNING
    assert (await save(manager, id_, "key")).revision == 3


async def test_a_caller_that_goes_away_gives_its_turn_on(manager: Manager, store: CountingStore) -> None:
    """Whether it has the turn or waits for it."""
    id_ = await create(manager)
    release = hold(store, id_)
    first, second, third = (asyncio.create_task(start(manager, id_)) for _ in range(3))
    await until(lambda: release.waiting, "the store holds it up")
    second.cancel()
    first.cancel()
    await until(lambda: release.waiting == 2, "the third has the turn")
    release.event.set()

    assert (await third).attempts == 1
    assert first.cancelled()
    assert second.cancelled()


class hold:  # noqa: N801  # reads as what it does
    """Hold up the commits of one execution until told otherwise."""

    def __init__(self, store: CountingStore, id_: str) -> None:
        self.event = asyncio.Event()
        self.waiting = 0
        self._id, self._commit = id_, store.wrapped.commit
        store.instead["commit"] = self

    async def __call__(self, before: Stored, *args: Any, **options: Any) -> object:
        if before.record.id == self._id:
            self.waiting += 1
            await self.event.wait()
        return await self._commit(before, *args, **options)
