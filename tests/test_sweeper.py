"""The sweeper makes visible what time has done: all of it, once, whoever else looks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution, Retention, StatusReason
from execution_server.domain import transitions
from execution_server.domain.problems import ExecutionNotFound, StoreUnavailable
from execution_server.domain.status import CANCELLED, COMPLETED, RETRYING, TIMED_OUT
from execution_server.store.port import Query
from execution_server.sweeper import BATCH, LOOK_SECONDS, Counts
from google.protobuf.duration_pb2 import Duration

from tests import servers
from tests.deployments import STORES, Join, Replica, deployment, raising, reached, terms
from tests.waiting import until

SOON = Duration(nanos=1_000_000)


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Server]:
    with servers.running("valkey9") as running:
        yield running


@pytest.fixture(params=STORES)
async def join(request: pytest.FixtureRequest, server: servers.Server) -> AsyncIterator[Join]:
    async with deployment(server if request.param == "valkey9" else None) as joined:
        yield joined


@pytest.fixture
async def replica(join: Join) -> Replica:
    return await join()


async def overdue(replica: Replica, count: int = 1, **fields: Any) -> list[str]:
    """Executions that have just come due."""
    ids = await asyncio.gather(*(replica.create(**fields) for _ in range(count)))
    await reached(replica, replica.store.as_store.now_ms() + 2)
    return list(ids)


async def started(replica: Replica, **fields: Any) -> str:
    """An execution that runs."""
    execution_id = await replica.create(**fields)
    await replica.change(execution_id, lambda record, now_ms: transitions.start(record, now_ms=now_ms))
    return execution_id


async def completed(replica: Replica, **fields: Any) -> str:
    """An execution that is done."""
    execution_id = await started(replica, **fields)
    await replica.change(
        execution_id, lambda record, now_ms: transitions.complete(record, None, now_ms=now_ms)
    )
    return execution_id


async def test_where_nothing_is_due_nothing_but_a_look_happens(replica: Replica) -> None:
    """It looks several times a second, for ever."""
    await started(replica, timeout=Duration(seconds=3_600))
    replica.store.asked.clear()
    assert await replica.sweeper.run_once() == Counts(0, 0)
    assert set(replica.store.asked) <= {"due", "now_ms"}
    assert replica.store.asked["due"] == replica.store.as_store.partitions


async def test_what_is_due_is_settled_and_counted(replica: Replica) -> None:
    """Whatever the deadline is of."""
    (unstarted,) = await overdue(replica, start_timeout=SOON)
    slow = await started(replica, timeout=SOON)
    waiting = await replica.create(start_timeout=Duration(seconds=3_600))
    await reached(replica, replica.store.as_store.now_ms() + 2)

    assert await replica.sweeper.run_once() == Counts(2, 0)

    found = [await replica.get(execution_id) for execution_id in (unstarted, slow)]
    assert [(one.status, one.status_reason) for one in found] == [
        (CANCELLED, StatusReason.STATUS_REASON_START_EXPIRED),
        (TIMED_OUT, StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT),
    ]
    assert (await replica.get(waiting)).revision == 1
    assert await replica.sweeper.run_once() == Counts(0, 0)


async def test_nothing_happens_before_its_time(replica: Replica) -> None:
    """By the store's clock, which the history is written with."""
    execution_id = await started(replica, timeout=Duration(nanos=50_000_000))
    while (await replica.get(execution_id)).status != TIMED_OUT:
        await replica.sweeper.run_once()
    found = await replica.get(execution_id)
    assert found.history[-1].at.ToMilliseconds() >= found.started_at.ToMilliseconds() + 50


async def test_one_round_settles_however_much_is_due() -> None:
    """After an hour without a server there is more than fits into one look."""
    async with deployment(partitions=1) as join:
        replica = await join()
        count = 2 * BATCH + 1
        await overdue(replica, count, start_timeout=SOON)
        assert await replica.sweeper.run_once() == Counts(count, 0)


async def test_two_sweepers_are_harmless(join: Join) -> None:
    """None of them is special: each deadline happens once, whoever wins."""
    first, second = await join(), await join()
    ids = await overdue(first, 60, start_timeout=SOON)

    rounds = await asyncio.gather(*(one.sweeper.run_once() for one in (first, second, first, second)))

    assert sum(counts.settled for counts in rounds) == len(ids)
    for execution_id in ids:
        found = await second.get(execution_id)
        assert (found.status, found.revision, len(found.history)) == (CANCELLED, 2, 2)


async def test_a_call_that_comes_first_leaves_nothing_to_sweep(replica: Replica) -> None:
    """Correctness never waits for the sweeper."""
    (execution_id,) = await overdue(replica, start_timeout=SOON)
    with pytest.raises(Exception, match="cannot go from cancelled to running"):
        await replica.change(execution_id, lambda record, now_ms: transitions.start(record, now_ms=now_ms))
    assert await replica.sweeper.run_once() == Counts(0, 0)
    assert (await replica.get(execution_id)).status_reason == StatusReason.STATUS_REASON_START_EXPIRED


async def test_what_was_kept_long_enough_is_removed_with_all_that_belongs_to_it(replica: Replica) -> None:
    """Index entries, claims and deadlines too: the checker looks at what is left, and so does this test."""
    kept = Retention(succeeded=SOON)
    gone = [
        await completed(replica, retention=kept, idempotency_key="k", labels={"a": "b"}),
        await completed(replica, retention=kept, parent_id="0190a3c4-5b6c-7d3e-8f00-112233445566"),
    ]
    stays = [
        await completed(replica, retention=Retention(succeeded=Duration(seconds=3_600))),
        await completed(replica, retention=Retention(failed=SOON)),
        await completed(replica),
        await started(replica, retention=kept),
    ]
    await reached(replica, replica.store.as_store.now_ms() + 2)

    assert await replica.sweeper.run_once() == Counts(2, 0)

    for execution_id in gone:
        with pytest.raises(ExecutionNotFound):
            await replica.get(execution_id)
    counts = await replica.manager.count(Query(), deadline=terms("Count").deadline)
    assert sum(counts.values()) == len(stays)
    again = await replica.create(idempotency_key="k")
    assert again not in gone, "the key went with its execution"


async def test_nothing_is_removed_before_its_time(replica: Replica) -> None:
    """Whoever asks for it to be settled."""
    execution_id = await completed(replica, retention=Retention(succeeded=Duration(seconds=3_600)))
    assert not await replica.manager.settle(execution_id, terms("settle"))
    assert (await replica.get(execution_id)).status == COMPLETED


async def test_a_record_that_is_revived_just_in_time_stays(replica: Replica) -> None:
    """The sweeper decides on what it read; only the commit knows whether that still stands."""
    execution_id = await started(replica, retention=Retention(failed=SOON), timeout=SOON)
    await reached(replica, replica.store.as_store.now_ms() + 2)
    await replica.sweeper.run_once()
    await reached(replica, replica.store.as_store.now_ms() + 2)
    delete = replica.store.wrapped.delete

    async def revived_first(*args: Any, **options: Any) -> Any:
        await replica.change(execution_id, lambda record, now_ms: transitions.retry(record, now_ms=now_ms))
        return await delete(*args, **options)

    replica.store.instead["delete"] = revived_first
    assert await replica.sweeper.run_once() == Counts(0, 1)
    assert (await replica.get(execution_id)).status == RETRYING
    assert await replica.sweeper.run_once() == Counts(0, 0)


async def test_what_was_deleted_meanwhile_is_no_trouble(replica: Replica) -> None:
    """Somebody else may remove an execution between the look and the settling."""
    (execution_id,) = await overdue(replica, start_timeout=SOON)
    due = replica.store.wrapped.due

    async def deleted_after(*args: Any, **options: Any) -> Any:
        found = await due(*args, **options)
        if execution_id in found:
            await replica.manager.delete(execution_id, force=True, terms=terms("Delete"))
        return found

    replica.store.instead["due"] = deleted_after
    assert await replica.sweeper.run_once() == Counts(0, 1)


@pytest.mark.parametrize("error", [StoreUnavailable(), RuntimeError("a fault")])
async def test_a_round_that_fails_is_followed_by_the_next(
    replica: Replica, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """A sweeper that has ended would be noticed by nobody. A fault is logged; a store that is away is not one."""
    (execution_id,) = await overdue(replica, start_timeout=SOON)
    replica.store.instead["due"] = raising(error)
    sweeping = asyncio.create_task(replica.sweeper.run_forever())
    try:
        await until(lambda: replica.store.asked["due"] > replica.store.as_store.partitions, "it tries again")
        del replica.store.instead["due"]

        def settled() -> bool:
            return bool(replica.store.asked["commit"])

        await until(settled, "it is settled")
    finally:
        sweeping.cancel()
        await asyncio.wait([sweeping])
    found: Execution = await replica.get(execution_id)
    assert found.status == CANCELLED
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert bool(faults) == isinstance(error, RuntimeError)


async def test_a_partition_that_does_not_answer_holds_up_the_others_for_a_moment_only(
    replica: Replica,
) -> None:
    """A round ends with its slowest look. In a cluster the other primaries' executions are due all the same."""
    loop, given = asyncio.get_running_loop(), []

    async def silent(partition: int, limit: int, *, deadline: float) -> list[str]:
        given.append(deadline - loop.time())
        raise StoreUnavailable

    replica.store.instead["due"] = silent
    with pytest.raises(StoreUnavailable):
        await replica.sweeper.run_once()
    assert max(given) <= LOOK_SECONDS


async def test_what_is_done_has_no_deadline_any_more() -> None:
    """None of before is left behind."""
    now_ms = 1_700_000_000_000
    async with deployment(clock=lambda: now_ms) as join:
        replica = await join()
        execution_id = await completed(replica, timeout=SOON, total_timeout=SOON, start_timeout=SOON)
        now_ms += 10**9
        assert await replica.sweeper.run_once() == Counts(0, 0)
        assert (await replica.get(execution_id)).status == COMPLETED
