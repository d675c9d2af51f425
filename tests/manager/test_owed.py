"""What the server owes an execution is done before a call on it is judged, and stays done."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Retention, StatusReason
from execution_server.domain import ids
from execution_server.domain.problems import (
    AttemptFenced,
    ExecutionNotFound,
    InvalidStateTransition,
    RevisionMismatch,
)
from execution_server.domain.status import COMPLETED, RETRYING, TIMED_OUT
from execution_server.manager import Manager
from execution_server.store.contract.samples import Events
from google.protobuf.duration_pb2 import Duration

from tests.manager.calls import Clock, complete, create, get, retry, save, start, terms
from tests.store.counting import CountingStore


async def overdue(manager: Manager, clock: Clock, **fields: Any) -> str:
    """A running execution whose time has passed, and nobody has said so yet."""
    id_ = await create(manager, timeout=Duration(seconds=5), **fields)
    await start(manager, id_)
    clock.ms += 5_000
    return id_


async def test_what_is_owed_is_done_before_a_call_is_judged_and_stays_done(
    manager: Manager, other: Manager, store: CountingStore, clock: Clock
) -> None:
    """Correctness does not wait for the sweeper: the worker is too late, and it is written down."""
    id_ = await overdue(manager, clock)

    with pytest.raises(InvalidStateTransition, match="cannot go from timed_out to completed"):
        await complete(manager, id_)

    record = await get(other, id_)
    assert (record.status, record.revision) == (TIMED_OUT, 3)
    assert record.status_reason == StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT
    assert record.history[-1].actor == "server"
    assert list(await store.wrapped.due(ids.partition_of(id_, 16), 10, deadline=terms().deadline)) == []


async def test_what_is_owed_fences_the_attempt_that_ran_out_of_time(manager: Manager, clock: Clock) -> None:
    """And the worker is told how it lost it."""
    id_ = await overdue(manager, clock)

    with pytest.raises(AttemptFenced, match="it ended: attempt_timeout"):
        await save(manager, id_, "key", attempt=1)


async def test_what_is_owed_goes_into_one_commit_with_what_was_asked_for(
    manager: Manager, store: CountingStore, clock: Clock
) -> None:
    """Nobody sees a state in between, and watchers are told of both."""
    id_ = await overdue(manager, clock)
    events = Events(store.wrapped)
    await events.follow_all()

    record = await retry(manager, id_)

    assert (record.status, record.revision) == (RETRYING, 4)
    (told,) = events.of(id_)
    assert (told.before_revision, [entry.to for entry in told.record.history]) == (
        2,
        [TIMED_OUT, RETRYING],
    )
    await events.feed.close()


async def test_what_is_owed_counts_for_expected_revisions(manager: Manager, clock: Clock) -> None:
    """The caller has not seen what came of it."""
    id_ = await overdue(manager, clock)

    with pytest.raises(RevisionMismatch, match="is at revision 3, not 2"):
        await retry(manager, id_, expected_revision=2)

    assert (await retry(manager, id_, expected_revision=3)).status == RETRYING


async def test_what_is_owed_is_done_before_a_deletion_is_judged(manager: Manager, clock: Clock) -> None:
    """What is at rest by right can be deleted without force; and what was refused stays settled."""
    id_ = await overdue(manager, clock)

    with pytest.raises(RevisionMismatch, match="is at revision 3, not 2"):
        await manager.delete(id_, force=False, terms=terms("delete", expected_revision=2))
    assert (await get(manager, id_)).status == TIMED_OUT

    another = await overdue(manager, clock)
    await manager.delete(another, force=False, terms=terms("delete"))
    with pytest.raises(ExecutionNotFound):
        await get(manager, another)


async def test_what_is_owed_is_done_once_however_many_find_it(
    manager: Manager, other: Manager, clock: Clock
) -> None:
    """Every process sweeps, and the commit decides."""
    id_ = await overdue(manager, clock)

    done = await asyncio.gather(*((manager, other)[n % 2].settle(id_, terms("sweep")) for n in range(8)))

    assert done.count(True) == 1
    assert (await get(manager, id_)).revision == 3
    assert not await manager.settle(id_, terms("sweep"))


async def test_what_was_kept_long_enough_is_removed(manager: Manager, clock: Clock) -> None:
    """As its creator wished, and not before."""
    id_ = await create(manager, retention=Retention(succeeded=Duration(seconds=5)))
    await start(manager, id_)
    await complete(manager, id_)
    clock.ms += 4_999
    assert not await manager.settle(id_, terms("sweep"))
    clock.ms += 1

    assert await manager.settle(id_, terms("sweep"))

    with pytest.raises(ExecutionNotFound):
        await get(manager, id_)
    assert not await manager.settle(id_, terms("sweep"))


async def test_nothing_is_owed_early(manager: Manager, clock: Clock) -> None:
    """A worker has its time to the last millisecond."""
    id_ = await create(manager, timeout=Duration(seconds=5))
    await start(manager, id_)
    clock.ms += 4_999

    assert not await manager.settle(id_, terms("sweep"))
    assert (await complete(manager, id_)).status == COMPLETED
