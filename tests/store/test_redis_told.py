"""Watchers are told of what the replicas have, and of nothing else, where changes must be replicated."""

from __future__ import annotations

import asyncio

import pytest
from execution_server.store.contract.samples import Events, change, created, lifecycle
from execution_server.store.port import Part
from execution_server.store.redis import RedisStore, feed, fenced_subscription, open_store, seldom

from tests.store.following import created_in, tells_again
from tests.store.pairs import Pair, count_of
from tests.waiting import until


@pytest.fixture
def store(replicated_store: RedisStore) -> RedisStore:
    return replicated_store


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed that takes nothing for lost however slow the machine is."""
    monkeypatch.setattr(fenced_subscription, "WAIT_MS", 60_000)
    monkeypatch.setattr(feed, "PATIENCE_SECONDS", 60.0)


@pytest.mark.usefixtures("patience")
async def test_a_change_is_told_when_the_replica_has_it(
    store: RedisStore, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watcher would know of what a failover may undo. What comes meanwhile shares the next fence."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 60.0)  # it would raise fences too
    hasty = await open_store(pair.primary.url)  # waits for nobody
    events = Events(store)
    await events.follow_all()
    fences = count_of(pair.primary, "wait")
    pair.replica.pause()
    try:
        done = [await created(hasty)]
        await until(lambda: pair.primary.command("INFO", "clients")["blocked_clients"] == 1, "a fence waits")
        done += [await created(hasty) for _ in range(3)]
        assert events.seen == []
    finally:
        pair.replica.resume()

    await events.until(lambda: len(events.seen) == len(done))
    assert [event.id for event in events.seen if not isinstance(event, int)] == [
        one.record.id for one in done
    ]
    assert count_of(pair.primary, "wait") - fences == 2
    await events.feed.close()
    await hasty.close()


@pytest.mark.usefixtures("patience")
async def test_what_waits_for_a_fence_is_not_taken_for_lost(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store's numbers run ahead of it, and each false alarm makes every watcher of the partition read anew."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 0.001)
    events = Events(store)
    await events.follow_all()

    async def live() -> None:
        before = await created(store)
        for decide in lifecycle(store):
            before = (await change(store, before, decide, Part.HEAD)).head

    for _ in range(5):
        await asyncio.gather(*(live() for _ in range(20)))
    await events.until(lambda: sum(not isinstance(event, int) for event in events.seen) == 5 * 20 * 8)
    assert not [event for event in events.seen if isinstance(event, int)]
    await events.feed.close()


async def test_a_change_that_is_not_replicated_is_not_told_but_missed(
    store: RedisStore, pair: Pair, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is read, which waits for the replica."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 60.0)  # it would miss something too, on a slow machine
    monkeypatch.setattr(seldom, "SECONDS", 0.0)
    hasty = await open_store(pair.primary.url)
    events = Events(store)
    await events.follow_all()
    partition = 0
    await tells_again(store, events, partition)
    heard = len(events.seen)
    pair.replica.pause()
    try:
        execution_id = (await created_in(hasty, partition)).record.id
        await events.until(lambda: partition in events.seen[heard:])
        assert not events.of(execution_id)
        assert "feed lost: 0 of 1 replicas have what was told" in caplog.text
    finally:
        pair.replica.resume()

    await tells_again(store, events, partition)
    assert not events.of(execution_id)
    await events.feed.close()
    await hasty.close()
