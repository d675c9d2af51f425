"""Many changes at once: each as if it came alone, and usually one round trip for all of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution, Progress
from execution_server.changes import Transition
from execution_server.domain import transitions
from execution_server.domain.problems import (
    AttemptFenced,
    ExecutionNotFound,
    InvalidStateTransition,
    StoreUnavailable,
)
from execution_server.domain.status import COMPLETED, RUNNING
from execution_server.manager import Manager
from execution_server.store.port import Part
from execution_server.terms import Decision, Mutation

from tests.manager.calls import Clock, create, get, start, terms
from tests.store.counting import CountingStore
from tests.waiting import until

NOBODY = "00000000-0000-7000-8000-000000000000"


class Asked:
    """Changes to ask for, and what each was told."""

    def __init__(self) -> None:
        self.mutations: list[Mutation] = []
        self.told: list[tuple[int, Execution | Exception]] = []

    def add(self, id_: str, decide: Decision, part: Part = Part.HEAD, **options: Any) -> None:
        number = len(self.mutations)
        self.mutations.append(
            Mutation(
                id_,
                decide,
                terms(**options),
                part,
                lambda outcome: self.told.append((number, outcome)),
            )
        )

    async def of(self, manager: Manager) -> list[Execution | Exception]:
        """Their outcomes, of which each must have been told once."""
        await manager.change_all(self.mutations)
        assert sorted(number for number, _ in self.told) == [*range(len(self.mutations))]
        return [outcome for _, outcome in sorted(self.told, key=lambda one: one[0])]


def started(record: Execution, now_ms: int) -> Execution:
    return transitions.start(record, now_ms=now_ms)


def completed(record: Execution, now_ms: int) -> Execution:
    return transitions.complete(record, None, now_ms=now_ms)


def reported(current: int) -> Decision:
    return lambda record, now_ms: transitions.update_progress(
        record, Progress(current=current, total=9), now_ms=now_ms
    )


def broken(record: Execution, now_ms: int) -> Execution:
    raise RuntimeError(record.id)


async def test_the_usual_many_take_one_round_trip(manager: Manager, store: CountingStore) -> None:
    """What a worker's stream costs hangs on it; and what was done is counted, and cached for the next."""
    ids = [await create(manager) for _ in range(5)]
    store.asked.clear()
    manager.transitions.clear()

    for decide, status in ((started, RUNNING), (completed, COMPLETED)):
        asked = Asked()
        for id_ in ids:
            asked.add(id_, decide)
        outcomes = await asked.of(manager)
        assert [(one.id, one.status) for one in outcomes if isinstance(one, Execution)] == [
            (id_, status) for id_ in ids
        ]

    del store.asked["now_ms"]
    assert store.asked == Counter(commit_all=2)
    assert [change.after for change in manager.transitions] == [RUNNING, COMPLETED]
    assert [*manager.transitions.values()] == [5, 5]
    assert isinstance(next(iter(manager.transitions)), Transition)


async def test_each_is_done_or_refused_by_itself(manager: Manager, other: Manager) -> None:
    """Whether it is refused, unknown, broken, known to this process or not, and whatever it asked to be answered."""
    running, new, gone, elsewhere = [await create(manager, labels={"a": "b"}) for _ in range(4)]
    await start(manager, running)
    await other.delete(gone, force=True, terms=terms("delete"))
    unseen = await create(other)
    await start(other, elsewhere)
    asked = Asked()
    asked.add(running, started)
    asked.add(NOBODY, started)
    asked.add(gone, started)
    asked.add(new, started, Part.BASIC)
    asked.add(running, reported(1), attempt=2, from_worker=True)
    asked.add(unseen, started)
    asked.add(elsewhere, reported(3))
    asked.add(running, broken)

    refused, nobody, deleted, whole, fenced, read, raced, fault = await asked.of(manager)

    assert isinstance(refused, InvalidStateTransition)
    assert isinstance(nobody, ExecutionNotFound)
    assert isinstance(deleted, ExecutionNotFound)
    assert isinstance(whole, Execution)
    assert (whole.status, dict(whole.labels)) == (RUNNING, {"a": "b"})
    assert isinstance(fenced, AttemptFenced)
    assert isinstance(read, Execution)
    assert read.status == RUNNING
    assert isinstance(raced, Execution)
    assert (await get(manager, elsewhere)).progress.current == raced.progress.current == 3
    assert isinstance(fault, RuntimeError)


async def test_those_of_one_execution_happen_in_their_order(manager: Manager, other: Manager) -> None:
    """Also where another process was first, so the first of them has to be decided again."""
    id_ = await create(manager)
    await start(other, id_)
    asked = Asked()
    for current in range(3):
        asked.add(id_, reported(current))
    asked.add(id_, completed)
    asked.add(id_, reported(9))

    *done, late = await asked.of(manager)

    revisions = [one.revision for one in done if isinstance(one, Execution)]
    assert revisions == [3, 4, 5, 6]
    assert isinstance(late, Exception)
    record = await get(manager, id_)
    assert (record.status, record.progress.current) == (COMPLETED, 2)


async def test_a_repeated_one_is_answered_as_the_first(manager: Manager) -> None:
    """What is repeated was sent in another message, or twice in one."""
    id_ = await create(manager)
    await start(manager, id_)
    asked = Asked()
    for _ in range(2):
        asked.add(id_, completed, method="Work", request_id="r-1")
    first, second = await asked.of(manager)
    again = Asked()
    again.add(id_, completed, method="Work", request_id="r-1")
    assert [first.revision, second.revision] == [3, 3]  # type: ignore[union-attr]  # both were done
    assert (await again.of(manager))[0].revision == 3  # type: ignore[union-attr]  # it was done
    assert (await get(manager, id_)).revision == 3


async def test_what_is_owed_is_done_before(manager: Manager, clock: Clock) -> None:
    """A report that comes when the attempt's time is up is refused, and the attempt has timed out."""
    late, early = [await create(manager, timeout={"seconds": seconds}) for seconds in (1, 60)]
    for id_ in late, early:
        await start(manager, id_)
    clock.ms += 2_000
    asked = Asked()
    for id_ in late, early:
        asked.add(id_, completed, attempt=1, from_worker=True)

    refused, done = await asked.of(manager)

    assert isinstance(refused, AttemptFenced)
    assert refused.metadata["cause"]
    assert isinstance(done, Execution)


@pytest.mark.parametrize("trouble", [StoreUnavailable(), RuntimeError("a fault")])
async def test_trouble_with_the_store_is_told_to_all_and_nobody_waits_after_it(
    manager: Manager, store: CountingStore, trouble: Exception
) -> None:
    """Whatever it is, turns are given back."""
    ids = [await create(manager) for _ in range(3)]

    async def fails(*_: Any, **__: Any) -> None:
        raise trouble

    store.instead["commit_all"] = fails
    asked = Asked()
    for id_ in ids:
        asked.add(id_, started)
    assert await asked.of(manager) == [trouble] * 3
    store.instead.clear()
    for id_ in ids:
        assert (await start(manager, id_)).status == RUNNING


async def test_who_is_called_off_leaves_nothing_taken(manager: Manager, store: CountingStore) -> None:
    """Neither turns, nor anybody who waits to be told."""
    ids = [await create(manager) for _ in range(3)]
    entered, never = asyncio.Event(), asyncio.Event()

    async def hangs(*_: Any, **__: Any) -> None:
        entered.set()
        await never.wait()

    store.instead["commit_all"] = hangs
    store.instead["commit"] = hangs
    asked = Asked()
    for id_ in (*ids, ids[0]):
        asked.add(id_, started)
    task = asyncio.create_task(manager.change_all(asked.mutations))
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert sorted(number for number, _ in asked.told) == [0, 1, 2, 3]
    assert all(isinstance(outcome, StoreUnavailable) for _, outcome in asked.told)
    store.instead.clear()
    for id_ in ids:
        assert (await start(manager, id_)).status == RUNNING


async def test_who_is_told_by_itself_is_not_kept_waiting(manager: Manager, store: CountingStore) -> None:
    """A part of the store that is away holds up nobody whose execution is elsewhere."""
    ids = [await create(manager) for _ in range(3)]
    commit_all, back = store.wrapped.commit_all, asyncio.Event()

    async def away(swaps: Sequence[Any], told: Any, *, deadline: float) -> None:
        await commit_all(swaps[:2], told, deadline=deadline)
        await back.wait()
        await commit_all(swaps[2:], lambda number, outcome: told(number + 2, outcome), deadline=deadline)

    store.instead["commit_all"] = away
    asked = Asked()
    for id_ in ids:
        asked.add(id_, started)
    task = asyncio.create_task(manager.change_all(asked.mutations))
    await until(lambda: len(asked.told) == 2, "the first two are told")
    assert [number for number, _ in asked.told] == [0, 1]
    assert (await start_again(manager, ids[0])) == RUNNING
    back.set()
    await task
    assert [number for number, _ in asked.told] == [0, 1, 2]


async def start_again(manager: Manager, id_: str) -> int:
    """The status that stands, found by a call that takes its turn."""
    record = await manager.change(id_, lambda record, now_ms: record, terms("look"), Part.HEAD)
    return record.status
