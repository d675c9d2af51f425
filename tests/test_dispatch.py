"""How what is ready reaches workers: each execution one of them, the first first, and nothing is asked meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionError
from execution_server.dispatch import CLAIM_SECONDS, LOOK_SECONDS
from execution_server.domain import leases, transitions
from execution_server.domain.ids import partition_of
from execution_server.domain.problems import StoreUnavailable
from execution_server.domain.status import PENDING, RETRYING, RUNNING
from execution_server.outlook import FEW
from execution_server.store.port import Change, ExecutionStore, Stored, Swap, Told
from execution_server.store.redis import RedisStore
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests import servers
from tests.deployments import STORES, Join, Replica, Worker, deployment, dispatching, raising
from tests.waiting import until


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


def at(ms: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMilliseconds(ms)
    return moment


async def settled(worker: Worker) -> None:
    """Wait until the dispatcher has seen all that was ready when the worker came."""
    await until(lambda: worker.demand.looked, "it has looked")


async def test_workers_get_the_most_urgent_first_and_then_the_oldest(replica: Replica) -> None:
    """Over all partitions and all types that they take."""
    created = [
        (priority, await replica.create(type=type_, priority=priority))
        for priority, type_ in zip([5, 9, 0, 5, 0, 9, 5, 0], "abbaabba", strict=True)
    ]
    worker = Worker(replica, "a", "b", room=0)
    async with dispatching(replica):
        for number in range(len(created)):
            worker.more_room()
            await worker.has(number + 1)
    assert worker.ids == [id_ for _, id_ in sorted(created)]
    assert [record.lease.worker_id for record in worker.given] == ["worker"] * len(created)


async def test_run_once_counts_what_it_gave(replica: Replica) -> None:
    """One round, without the loop around it."""
    for _ in range(3):
        await replica.create()
    worker = Worker(replica, room=2)
    assert await replica.dispatcher.run_once() == 2
    assert await replica.dispatcher.run_once() == 0
    worker.more_room(5)
    assert await replica.dispatcher.run_once() == 1
    assert (len(worker.given), worker.demand.room, worker.demand.claiming) == (3, 4, 0)


async def test_of_several_processes_exactly_one_gets_each_execution(join: Join) -> None:
    """While executions keep coming and all of them want all."""
    replicas = [await join() for _ in range(3)]
    workers = [Worker(replica) for replica in replicas]
    async with dispatching(*replicas):
        created = [await replicas[0].create() for _ in range(60)]
        await until(lambda: sum(len(worker.given) for worker in workers) >= 60, "all are given")
        # Whoever was too late has to find that out before it is said that nobody got anything twice.
        await until(lambda: not any(worker.demand.claiming for worker in workers), "all claims are over")
    given = [id_ for worker in workers for id_ in worker.ids]
    assert sorted(given) == sorted(created)
    for id_ in created:
        found = await replicas[1].get(id_)
        assert (found.status, found.attempts, found.revision) == (RUNNING, 1, 2)


async def test_room_is_shared_by_turns(replica: Replica) -> None:
    """One worker must not have all while another, just as able, has nothing to do."""
    first, second = Worker(replica), Worker(replica)
    for _ in range(10):
        await replica.create()
    async with dispatching(replica):
        await until(lambda: len(first.given) + len(second.given) >= 10, "all are given")
    assert {len(first.given), len(second.given)} == {5}


async def test_nobody_gets_more_than_there_is_room_for(replica: Replica) -> None:
    """Nor what is of another type."""
    few, other = Worker(replica, room=2), Worker(replica, "other", room=9)
    created = sorted([await replica.create() for _ in range(5)])
    async with dispatching(replica):
        await settled(other)
        await few.has(2)
        few.more_room(2)
        await few.has(4)
    assert few.ids == created[:4]
    assert other.given == []
    assert (await replica.get(created[4])).status == PENDING


async def test_nothing_is_asked_of_the_store_while_nothing_happens(replica: Replica) -> None:
    """A type with no ready work costs nothing to wait on, nor does what happens to others."""
    worker = Worker(replica, "rare", "rarer")
    async with dispatching(replica):
        await settled(worker)
        replica.store.asked.clear()
        told: list[str] = []
        async with replica.hub.listening(_Ear(told)):
            ids = [await replica.create() for _ in range(5)]
            await until(lambda: set(ids) <= set(told), "notices come")
        assert replica.store.asked.keys() - {"now_ms"} == {"create"}
        for _ in range(100):  # turns of the event loop in which it could ask
            await asyncio.sleep(0)
        assert replica.store.asked.keys() - {"now_ms"} == {"create"}


async def test_what_a_notice_tells_of_is_claimed_without_a_look(join: Join) -> None:
    """Whoever created it, or gave it back: the notice has all that the claim is decided on."""
    creator, replica = await join(), await join()
    worker = Worker(replica)
    async with dispatching(replica):
        await settled(worker)
        replica.store.asked.clear()
        id_ = await creator.create()
        await worker.has(1)
        await creator.change(id_, lambda record, now_ms: leases.release(record, now_ms=now_ms))
        await worker.has(2)
    assert worker.given[1].attempts == 2
    assert replica.store.asked.keys() - {"now_ms"} == {"commit_all"}


async def test_a_notice_that_comes_late_takes_no_newer_head_away(replica: Replica) -> None:
    """Else what is done next would be decided on the past first."""
    changes: list[Change] = []
    feed = replica.store.feed(changes.append, lambda partition: None)
    id_ = await replica.create()
    await feed.follow(partition_of(id_, replica.store.partitions))
    await replica.change(id_, lambda record, now_ms: transitions.start(record, now_ms=now_ms))
    await until(lambda: changes, "it is told")
    await replica.change(id_, lambda record, now_ms: transitions.complete(record, None, now_ms=now_ms))
    replica.store.asked.clear()

    replica.manager.heard(Stored(changes[0].record, changes[0].version))
    await replica.change(
        id_, lambda record, now_ms: transitions.update(record, Execution(), (), now_ms=now_ms)
    )

    assert replica.store.asked["commit"] == 1
    await feed.close()


class _Ear:
    """A listener that notes whom it hears of."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def add(self, change: Any) -> None:
        self._told.append(change.id)

    def miss(self, partition: int) -> None:
        pass

    def wake(self) -> None:
        pass


async def test_what_is_created_is_given_at_the_price_of_its_claim(replica: Replica) -> None:
    """No look is needed: the notice has told all."""
    worker = Worker(replica)
    async with dispatching(replica):
        await settled(worker)
        replica.store.asked.clear()
        await replica.create()
        await worker.has(1)
    assert replica.store.asked["commit_all"] == 1
    assert replica.store.asked["ready"] == 0


async def test_a_backlog_costs_a_look_now_and_then_and_not_one_each(replica: Replica) -> None:
    """A worker with one place must not make the store search each time."""
    count = 3 * FEW
    created = await asyncio.gather(*(replica.create() for _ in range(count)))
    worker = Worker(replica, room=0)
    async with dispatching(replica):
        for number in range(count):
            worker.more_room()
            await worker.has(number + 1)
    assert sorted(worker.ids) == sorted(created)
    assert replica.store.asked["ready"] <= 3 * replica.store.as_store.partitions


async def test_what_waits_is_given_when_its_time_has_come_and_not_before(replica: Replica) -> None:
    """Scheduled before and after somebody wants it, of several types in the same partitions."""
    now_ms = replica.store.as_store.now_ms()
    before = [
        await replica.create(type=type_, scheduled_at=at(now_ms + ms))
        for ms, type_ in ((150, "a"), (50, "a"), (100, "b"), (200, "b"))
    ]
    worker = Worker(replica, "a", "b")
    async with dispatching(replica):
        await settled(worker)
        after = await replica.create(type="b", scheduled_at=at(now_ms + 250))
        await worker.has(5)
    for record in worker.given:
        assert record.started_at.ToMilliseconds() >= record.scheduled_at.ToMilliseconds()
    assert worker.ids == [before[1], before[2], before[0], before[3], after]


async def test_what_failed_is_given_again_when_its_backoff_ends(replica: Replica) -> None:
    """The policy's moment, and nobody has to ask for it."""
    worker = Worker(replica)
    async with dispatching(replica):
        id_ = await replica.create()
        await worker.has(1)
        failure = ExecutionError(message="no", retryable=True)
        failure.retry_delay.FromMilliseconds(100)
        failed = await replica.change(
            id_, lambda record, now_ms: transitions.fail(record, failure, now_ms=now_ms)
        )
        assert failed.status == RETRYING
        await worker.has(2)
    assert worker.ids == [id_, id_]
    again = worker.given[1]
    assert (again.attempts, again.status) == (2, RUNNING)
    assert again.started_at.ToMilliseconds() >= failed.next_attempt_at.ToMilliseconds()


async def test_what_is_claimed_for_a_worker_that_has_left_is_given_back(replica: Replica) -> None:
    """At once, and it costs neither an attempt nor a crash."""
    worker = Worker(replica)
    commit_all = replica.store.wrapped.commit_all

    async def left_meanwhile(*args: Any, **options: Any) -> Any:
        del replica.store.instead["commit_all"]
        worker.leave()
        return await commit_all(*args, **options)

    id_ = await replica.create()
    replica.store.instead["commit_all"] = left_meanwhile
    async with dispatching(replica):
        heir = Worker(replica, room=0)
        await until(lambda: worker.demand.gone, "it leaves")
        heir.more_room()
        await heir.has(1)
    assert worker.given == []
    (given,) = heir.given
    assert (given.id, given.attempts, given.refunded_attempts, given.crashes) == (id_, 2, 1, 0)


async def test_a_lost_notice_makes_it_late_and_not_lost(server: servers.Server) -> None:
    """The feed finds out that it has missed something; then the dispatcher looks."""
    async with deployment(server) as join:
        creator, replica = await join(), await join()
        assert isinstance(replica.store.wrapped, RedisStore)
        worker = Worker(replica)
        async with dispatching(replica):
            await settled(worker)
            replica.hub._feed.drop = lambda partition: True  # type: ignore[attr-defined]  # a RedisFeed's
            created = [await creator.create() for _ in range(5)]
            await worker.has(5)
    assert sorted(worker.ids) == sorted(created)


async def test_whoever_was_too_late_still_has_its_room(join: Join) -> None:
    """Else each lost race would make a worker smaller."""
    replicas = [await join(), await join()]
    workers = [Worker(replica, room=1) for replica in replicas]
    async with dispatching(*replicas):
        for worker in workers:
            await settled(worker)
        for count in (1, 2):
            await replicas[0].create()
            await until(lambda count=count: sum(len(one.given) for one in workers) == count, "it is given")  # type: ignore[misc]
    assert [len(worker.given) for worker in workers] == [1, 1]


async def test_nobody_is_told_that_there_is_nothing_while_there_is(
    replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More may want something than are served in one round."""
    monkeypatch.setattr("execution_server.dispatch.MOST_AT_ONCE", 2)
    for _ in range(3):
        await replica.create()
    workers = [Worker(replica, room=1) for _ in range(3)]
    assert await replica.dispatcher.run_once() == 2
    assert [len(worker.given) or worker.demand.looked for worker in workers] == [1, 1, False]
    assert await replica.dispatcher.run_once() == 1
    late = Worker(replica, room=1)
    assert await replica.dispatcher.run_once() == 0
    assert late.demand.looked


@pytest.mark.parametrize("method", ["ready", "commit_all"])
@pytest.mark.parametrize("error", [StoreUnavailable(), RuntimeError("a fault")])
async def test_what_fails_is_tried_again(
    replica: Replica, caplog: pytest.LogCaptureFixture, method: str, error: Exception
) -> None:
    """A store that is away for a moment, or a fault of ours, must not end the dispatching."""
    created = [await replica.create() for _ in range(3)]
    worker = Worker(replica)
    replica.store.instead[method] = raising(error)
    async with dispatching(replica):
        await until(lambda: replica.store.asked[method], "it has tried")
        created += [await replica.create() for _ in range(9)]
        del replica.store.instead[method]
        await worker.has(12)
    assert sorted(worker.ids) == sorted(created)
    assert worker.demand.claiming == 0
    faults = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert bool(faults) == isinstance(error, RuntimeError)


def away(replica: Replica, method: str, partition: int) -> None:
    """Have the primary of a partition be away for a method, and for whoever asks whether it is back."""
    for name in (method, "due"):
        replica.store.instead[name] = _unless(partition, replica.store.wrapped, name)


def _unless(partition: int, store: ExecutionStore, method: str) -> Callable[..., Any]:
    async def call(first: Any, *rest: Any, **options: Any) -> Any:
        if first == partition:
            raise StoreUnavailable
        return await getattr(store, method)(first, *rest, **options)

    async def commit_all(swaps: Sequence[Swap], told: Told, *, deadline: float) -> None:
        there = []
        for number, swap in enumerate(swaps):
            if partition_of(swap.before.record.id, store.partitions) == partition:
                told(number, StoreUnavailable())
            else:
                there.append(number)
        await store.commit_all(
            [swaps[number] for number in there],
            lambda number, outcome: told(there[number], outcome),
            deadline=deadline,
        )

    return commit_all if method == "commit_all" else call


@pytest.mark.parametrize("method", ["ready", "commit_all"])
async def test_what_is_ready_elsewhere_is_given_while_a_primary_is_away(
    replica: Replica, method: str
) -> None:
    """In order, and nobody who waits to hear that there is nothing is told so; what is back is given too."""
    created = sorted([await replica.create() for _ in range(40)])
    here = [id_ for id_ in created if partition_of(id_, replica.store.as_store.partitions) != 0]
    worker, other = Worker(replica, room=1), Worker(replica, "other")
    away(replica, method, 0)
    async with dispatching(replica):
        for number in range(1, len(here) + 1):
            await worker.has(number)
            worker.more_room()
        await until(lambda: 0 in replica.dispatcher._outlook.left_out, "the rest is left out")
        assert worker.ids == here
        assert not worker.demand.looked
        if method == "ready":
            assert not other.demand.looked
        replica.store.instead.clear()
        worker.more_room(len(created))
        await worker.has(len(created))
        await settled(worker)
        await settled(other)
    assert sorted(worker.ids) == created


async def test_a_partition_that_is_away_is_not_asked_again_and_again(replica: Replica) -> None:
    """Whatever happens elsewhere, and whoever comes: only whether it is back, after a pause."""
    worker = Worker(replica)
    away(replica, "ready", 0)
    async with dispatching(replica):
        await until(lambda: replica.dispatcher._outlook.left_out, "it is left out")
        replica.store.asked.clear()
        replica.dispatcher.miss(0)
        Worker(replica)
        for _ in range(100):  # turns of the event loop in which it could ask
            await asyncio.sleep(0)
        assert replica.store.asked["ready"] == 0
        assert not worker.demand.looked


async def test_when_a_claim_fails_all_that_is_away_is_found_together(replica: Replica) -> None:
    """A primary has many partitions: else a claim for each of them would hold up the others."""
    for _ in range(40):
        await replica.create()
    worker = Worker(replica, room=1)
    assert await replica.dispatcher.run_once() == 1
    worker.more_room()
    replica.store.instead.update(ready=raising(StoreUnavailable()), commit_all=raising(StoreUnavailable()))
    replica.store.asked.clear()
    for _ in range(2):
        assert await replica.dispatcher.run_once() == 0
    assert replica.dispatcher._outlook.left_out == {*range(replica.store.as_store.partitions)}
    assert replica.store.asked["commit_all"] == 1


async def test_looks_and_claims_hold_up_others_for_a_moment_only(replica: Replica) -> None:
    """A round ends with the slowest of them. A claim has time for the second of the link's tries."""
    loop, given = asyncio.get_running_loop(), dict[str, list[float]]()

    def noting(method: str) -> Callable[..., Any]:
        async def call(*args: Any, deadline: float) -> Any:
            given.setdefault(method, []).append(deadline - loop.time())
            return await getattr(replica.store.wrapped, method)(*args, deadline=deadline)

        return call

    await replica.create()
    replica.store.instead.update({method: noting(method) for method in ("ready", "commit_all")})
    Worker(replica)
    assert await replica.dispatcher.run_once() == 1
    assert max(given["ready"]) <= LOOK_SECONDS
    assert max(given["commit_all"]) <= CLAIM_SECONDS


async def test_nothing_is_listened_to_while_nobody_wants_anything(replica: Replica) -> None:
    """A process without workers has no part in this; one whose workers come back misses nothing."""
    async with dispatching(replica):
        worker = Worker(replica)
        await settled(worker)
        worker.leave()
        await until(lambda: not replica.hub._listeners, "it has stopped listening")
        id_ = await replica.create()
        heir = Worker(replica)
        await heir.has(1)
    assert heir.ids == [id_]


async def test_the_record_is_given_whole(replica: Replica) -> None:
    """A worker resumes from checkpoints, and needs the payload."""
    id_ = await replica.create(payload={"string_value": "input"})
    await replica.change(id_, lambda record, now_ms: transitions.start(record, now_ms=now_ms))
    saved = {"page": Value(number_value=7)}
    await replica.change(
        id_, lambda record, now_ms: transitions.save_checkpoint(record, saved, now_ms=now_ms)
    )
    passing = ExecutionError(message="no", retryable=True)
    passing.retry_delay.SetInParent()
    await replica.change(id_, lambda record, now_ms: transitions.fail(record, passing, now_ms=now_ms))
    worker = Worker(replica)
    async with dispatching(replica):
        await worker.has(1)
    given: Execution = worker.given[0]
    assert (given.payload.string_value, given.checkpoints["page"].number_value) == ("input", 7)
