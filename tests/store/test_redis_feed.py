"""Whatever happens to notices, within two seconds each change is told, or its partition is said to have missed it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest
from execution_server.store.contract.samples import Events, change, created, lifecycle
from execution_server.store.port import Change, Part
from execution_server.store.redis import RedisStore, feed, link, open_store
from execution_server.store.redis.feed import RedisFeed
from redis.exceptions import ResponseError

from tests.proxy import proxied
from tests.servers import Server
from tests.waiting import DEADLINE_SECONDS, until

TOLD_SECONDS = 2.0
SLACK_SECONDS = 3.0
"""What a busy machine may add."""


@pytest.fixture(params=["plain", "sharded"])
async def store(request: pytest.FixtureRequest, redis_store: RedisStore, server: Server) -> RedisStore:
    """A store that tells of changes with either command; clusters need the sharded one, other servers may have it."""
    if request.param == "sharded":
        try:
            server.command("SPUBLISH", "channel", "nothing")
        except ResponseError:
            pytest.skip(f"{server.kind} has no SPUBLISH")
        redis_store._publish, redis_store._sharded = "SPUBLISH", True
    return redis_store


@pytest.fixture
async def events(store: RedisStore) -> AsyncIterator[Events]:
    events = Events(store)
    await events.follow_all()
    yield events
    await events.feed.close()


class Told:
    """Holds what a feed tells against what was done."""

    def __init__(self, store: RedisStore, events: Events) -> None:
        self._store, self._events = store, events
        self._mark = 0

    def since_now(self) -> None:
        """What was missed before does not count."""
        self._mark = len(self._events.seen)

    async def in_time(self, execution_id: str, revision: int) -> None:
        """The change to *revision* is told, or missed, in time."""
        partition = self._store._keys.partition(execution_id)
        await until(
            lambda: (
                partition in self._events.seen[self._mark :]
                or any(told.record.revision >= revision for told in self._events.of(execution_id))
            ),
            f"revision {revision} is told or missed",
            TOLD_SECONDS + SLACK_SECONDS,
        )


async def test_nothing_is_missed_where_nothing_is_lost(
    store: RedisStore, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each false alarm makes every watcher of the partition read its records anew."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 0.05)
    checks = Checks(events.feed)
    for _ in range(20):
        before = await created(store)
        for decide in lifecycle(store):
            before = (await change(store, before, decide, Part.HEAD)).head
    await events.until(lambda: sum(not isinstance(event, int) for event in events.seen) == 20 * 8)
    done = checks.done
    await until(lambda: checks.done >= done + 2, "the feed has compared its numbers with the server's")

    assert not [event for event in events.seen if isinstance(event, int)]


class Checks:
    """Counts how often a feed has asked for the server's numbers."""

    def __init__(self, feed_: object) -> None:
        assert isinstance(feed_, RedisFeed)
        self.done = 0
        count = feed_._count

        async def counted(partitions: list[int]) -> list[int]:
            numbers = await count(partitions)
            self.done += 1
            return numbers

        feed_._count = counted  # type: ignore[method-assign]  # for this test's feed


async def test_following_in_mid_traffic_raises_no_alarm(store: RedisStore) -> None:
    """Watches come and go all the time, on partitions where much happens."""
    stopping = asyncio.Event()

    async def write() -> None:
        while not stopping.is_set():
            before = await created(store)
            for decide in lifecycle(store):
                before = (await change(store, before, decide, Part.HEAD)).head

    writers = [asyncio.create_task(write()) for _ in range(4)]
    for _ in range(5):
        events = Events(store)
        await asyncio.gather(*(events.feed.follow(partition) for partition in range(store.partitions)))
        await events.until(lambda events=events: len(events.seen) > 50)  # type: ignore[misc]
        assert not [event for event in events.seen if isinstance(event, int)]
        await events.feed.close()
    stopping.set()
    await asyncio.gather(*writers)


async def test_dropped_notices_are_missed_in_time(store: RedisStore, events: Events) -> None:
    """Redis loses them without a word: in a full output buffer, or between two connections."""
    assert isinstance(events.feed, RedisFeed)
    dice = random.Random(1)
    events.feed.drop = lambda partition: dice.random() < 0.3
    told = Told(store, events)
    stored = [await created(store) for _ in range(30)]
    for decide in lifecycle(store):
        stored = [(await change(store, one, decide, Part.HEAD)).head for one in stored]

    await asyncio.gather(*(told.in_time(one.record.id, one.record.revision) for one in stored))


async def test_the_last_notice_is_missed_in_time(store: RedisStore, events: Events) -> None:
    """No later one will show the gap: that is what the server's numbers are for."""
    assert isinstance(events.feed, RedisFeed)
    told = Told(store, events)
    events.feed.drop = lambda partition: True
    stored = await created(store)

    await told.in_time(stored.record.id, 1)

    assert store._keys.partition(stored.record.id) in events.seen
    assert not events.of(stored.record.id)


async def test_cut_subscriptions_miss_nothing_untold(
    store: RedisStore, events: Events, server: Server
) -> None:
    """Connections end at any moment, and what is published before the next stands reaches nobody."""
    told = Told(store, events)
    for round_ in range(10):
        stored = [await created(store, type=f"round-{round_}") for _ in range(5)]
        told.since_now()
        server.command("CLIENT", "KILL", "TYPE", "pubsub")
        start, *_ = lifecycle(store)
        stored = [(await change(store, one, start, Part.HEAD)).head for one in stored]
        await asyncio.gather(*(told.in_time(one.record.id, 2) for one in stored))

    await until(lambda: subscriptions(server, store) > 0, "the subscription stands again")
    later = await created(store)
    await events.until(lambda: events.of(later.record.id))


def subscriptions(server: Server, store: RedisStore) -> int:
    """How many subscribers the first partition has."""
    word = "SHARDNUMSUB" if store._sharded else "NUMSUB"
    return int(server.command("PUBSUB", word, store._keys.channel(0))[1])


async def test_a_subscription_that_went_deaf_is_made_anew(
    store: RedisStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may look well for hours after a firewall has forgotten it."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 0.2)
    monkeypatch.setattr(feed, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(link, "TRY_SECONDS", 0.2)
    async with proxied(server.socket) as proxy:
        behind = await open_store(proxy.url)
        behind._publish, behind._sharded = store._publish, store._sharded
        events = Events(behind)
        await events.follow_all()
        assert proxy.deafen() > 1
        told = Told(behind, events)

        stored = await created(store)
        await told.in_time(stored.record.id, 1)
        assert not events.of(stored.record.id)

        async with asyncio.timeout(DEADLINE_SECONDS):  # until the new subscription stands, changes are missed
            while not events.of(stored.record.id):
                told.since_now()
                stored = await created(store)
                await told.in_time(stored.record.id, 1)
        await events.feed.close()
        await behind.close()


async def test_what_came_before_a_new_subscription_stands_is_missed(
    store: RedisStore, server: Server
) -> None:
    """Though the numbers tell nothing: after a failover, other changes may have got those that were seen before."""
    async with proxied(server.socket) as proxy:
        behind = await open_store(proxy.url)
        behind._publish, behind._sharded = store._publish, store._sharded
        events = Events(behind)
        await events.follow_all()
        told = Told(behind, events)
        stored = await created(store)
        await told.in_time(stored.record.id, 1)
        key = store._keys.sequence(store._keys.partition(stored.record.id))
        seen = server.command("GET", key)
        proxy.blackhole()
        proxy.cut_all()
        await until(lambda: any(isinstance(event, int) for event in events.seen), "the loss is noticed")
        told.since_now()

        start, *_ = lifecycle(store)
        await change(store, stored, start, Part.HEAD)
        server.command("SET", key, seen)
        proxy.lift()

        await told.in_time(stored.record.id, 2)
        await events.feed.close()
        await behind.close()
    server.command("INCR", key)


async def test_a_restarted_server_is_followed_again(start_server: Callable[..., Server]) -> None:
    """Its numbers go on where they were, its subscriptions are gone."""
    server = start_server(durable=True)
    store = await open_store(server.url)
    events = Events(store)
    await events.follow_all()
    told = Told(store, events)
    stored = await created(store)
    await told.in_time(stored.record.id, 1)
    server.restart()
    told.since_now()

    start, *_ = lifecycle(store)
    await change(store, stored, start, Part.HEAD)

    await told.in_time(stored.record.id, 2)
    await until(lambda: subscriptions(server, store) == 1, "the subscription stands again")
    later = await created(store)
    await events.until(lambda: events.of(later.record.id))
    await events.feed.close()
    await store.close()


async def test_another_primary_that_counts_from_less_is_noticed(
    store: RedisStore, events: Events, server: Server
) -> None:
    """After a failover the last changes may never have happened, and others have their numbers."""
    told = Told(store, events)
    stored = await created(store)
    await told.in_time(stored.record.id, 1)
    start, *_ = lifecycle(store)
    await change(store, stored, start, Part.HEAD)
    await events.until(lambda: len(events.of(stored.record.id)) == 2)
    told.since_now()

    key = store._keys.sequence(store._keys.partition(stored.record.id))
    server.command("SET", key, 1)
    try:
        await told.in_time(stored.record.id, 3)
    finally:
        server.command("SET", key, 2)


async def test_an_observer_that_fails_does_not_end_the_feed(store: RedisStore) -> None:
    """It would end for every watcher of the process, and nobody would know."""
    seen: list[str] = []
    missed: list[int] = []

    def fail_first(told: Change) -> None:
        seen.append(told.id)
        if len(seen) == 1:
            raise LookupError

    failing = store.feed(fail_first, missed.append)
    for partition in range(store.partitions):
        await failing.follow(partition)
    first = await created(store)
    await until(lambda: store._keys.partition(first.record.id) in missed, "the change counts as missed")

    later = await created(store)

    await until(lambda: later.record.id in seen, "the next change is told")
    await failing.close()
