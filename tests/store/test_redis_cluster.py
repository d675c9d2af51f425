"""The store on a cluster keeps the contract, while its slots move and its scripts are forgotten too."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import pytest
from execution_server.domain.problems import StoreUnavailable
from execution_server.manager import Manager
from execution_server.store.contract import StoreContract
from execution_server.store.contract.samples import Events, created, lifecycle, load, soon
from execution_server.store.port import Committed, Part, Query, Swap
from execution_server.store.redis import RedisStore, StoreRefused, feed, open_store
from execution_server.store.redis.cluster import ClusterLink
from execution_server.store.redis.cluster_feed import ClusterFeed
from execution_server.store.redis.slots import slot_of

from tests.clusters import Cluster, clustered, errors, wait
from tests.servers import Server
from tests.store.checker import check
from tests.store.following import created_in, tells_again
from tests.store.traffic import traffic
from tests.stores import ALL
from tests.waiting import until

CALL_SECONDS = 60.0
"""The budget of a call where none may fail."""


@pytest.fixture(scope="module", params=["valkey9", "redis7"] if ALL else ["valkey9"])
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A cluster in which no node fails."""
    with clustered(request.param) as cluster:
        yield cluster


@pytest.fixture
async def store(cluster: Cluster) -> AsyncIterator[RedisStore]:
    """A store on an empty cluster. What it left behind is checked."""
    cluster.command("FLUSHALL")
    store = await open_store(cluster.url)
    yield store
    await store.close()
    with cluster.client() as client:
        assert check(client) == []


class TestRedisStoreOnACluster(StoreContract):
    @pytest.fixture
    def store(self, store: RedisStore) -> RedisStore:
        return store


def link_of(store: RedisStore) -> ClusterLink:
    assert isinstance(store._link, ClusterLink)
    return store._link


def slots(store: RedisStore) -> list[int]:
    """The slot of each partition."""
    return [slot_of(store._keys.channel(partition)) for partition in range(store.partitions)]


async def test_the_partitions_are_spread_over_the_primaries(store: RedisStore, cluster: Cluster) -> None:
    """Else a cluster would be no more than a server."""
    owners = {link_of(store).owner(store._keys.channel(partition)) for partition in range(store.partitions)}
    assert owners == {("127.0.0.1", node.port) for node in cluster.primaries()}


async def test_slots_that_move_key_by_key_under_traffic_cost_nothing(
    store: RedisStore, cluster: Cluster
) -> None:
    """Meanwhile keys of one script are on both sides, and whoever needs both waits until the slot has arrived."""
    other = await open_store(cluster.url)

    def met(source: Server) -> None:
        """Wait until a call has met the slot on its way."""
        before = errors(source, "ASK", "TRYAGAIN")
        wait(lambda: errors(source, "ASK", "TRYAGAIN") > before, "a call meets the moving slot")

    async with traffic(Manager(store), Manager(other), call_seconds=CALL_SECONDS) as busy:
        for partition in range(0, store.partitions, 4):
            await busy.more()
            await asyncio.to_thread(cluster.move, store._keys.channel(partition), met)
        await busy.more()
    await other.close()
    assert busy.repeated == 0, "no call has failed"


async def test_slots_that_move_at_once_under_traffic_cost_nothing(
    store: RedisStore, cluster: Cluster
) -> None:
    """Nobody waits for these: the slot changes hands when everything is copied."""
    if cluster.kind == "redis7":
        pytest.skip("Redis moves slots so since 8.4")
    async with traffic(Manager(store), call_seconds=CALL_SECONDS) as busy:
        for partition in range(0, store.partitions, 2):
            await busy.more(40)
            await asyncio.to_thread(cluster.move_at_once, store._keys.channel(partition))
        await busy.more()
    assert busy.repeated == 0, "no call has failed"


async def test_scripts_that_every_node_forgets_all_the_time_are_sent_again(
    store: RedisStore, cluster: Cluster
) -> None:
    """To each of the nodes that do not know them, and to the one that a moving slot sends a call to."""
    async with traffic(Manager(store), call_seconds=CALL_SECONDS) as busy:
        for _ in range(20):
            await busy.more(20)
            await asyncio.to_thread(cluster.command, "SCRIPT", "FLUSH")
        forget = partial(cluster.command, "SCRIPT", "FLUSH")
        await asyncio.to_thread(cluster.move, store._keys.channel(0), lambda source: forget())
        await busy.more()
    assert busy.repeated == 0, "no call has failed"


async def test_lists_and_counts_are_of_all_partitions_while_slots_move(
    store: RedisStore, cluster: Cluster
) -> None:
    """Nothing is left out, and nothing is there twice."""
    ids = {(await created(store)).record.id for _ in range(60)}
    seen = 0
    moving = asyncio.create_task(asyncio.to_thread(cluster.move, store._keys.channel(5)))
    while not moving.done() or seen < 3:
        page, after_id = await store.page(Query(), "", 100, Part.HEAD, deadline=soon())
        assert {record.id for record in page} == ids
        assert len(page) == len(ids)
        assert after_id == ""
        assert sum((await store.count(Query(), deadline=soon())).values()) == len(ids)
        seen += 1
    await moving


async def test_notices_come_from_wherever_the_slot_is(store: RedisStore, cluster: Cluster) -> None:
    """A node that a slot has left tells nothing of it, and says so to nobody whom it would help."""
    events = Events(store)
    await events.follow_all()
    await tells_again(store, events, 0)
    for _ in range(2):  # away, and to another or back
        await asyncio.to_thread(cluster.move, store._keys.channel(0))
        await tells_again(store, events, 0)
    await events.feed.close()


async def test_a_partition_may_be_unfollowed_just_before_it_is_followed_elsewhere(
    store: RedisStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody needs to look into that, and the others are followed where they are."""
    monkeypatch.setattr(feed, "CHECK_SECONDS", 0.02)
    events = Events(store)
    cluster_feed = events.feed
    assert isinstance(cluster_feed, ClusterFeed)
    leaving = set[asyncio.Task[None]]()

    def is_elsewhere(partition: int) -> bool:
        leaving.add(asyncio.create_task(cluster_feed.unfollow(partition)))
        return True

    monkeypatch.setattr(cluster_feed, "_is_elsewhere", is_elsewhere)
    await events.follow_all()
    await until(lambda: leaving and not cluster_feed._feeds, "nothing is followed, and no feed is left")
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    await events.feed.close()


async def test_a_cluster_is_no_server_and_a_server_no_cluster(store: RedisStore, cluster: Cluster) -> None:
    """Each is refused under the other's URL, with the word that is right."""
    node = cluster.nodes[0]
    with pytest.raises(StoreRefused, match=r"Begin its URL with redis\+cluster://"):
        await open_store(node.url)


async def test_a_wrong_password_of_a_cluster_is_refused(cluster: Cluster) -> None:
    """Though no node that could be asked for the others lets anybody in."""
    with pytest.raises(StoreRefused, match="password"):
        await open_store(cluster.url.replace("://", "://nobody:wrong@"))


@asynccontextmanager
async def unassigned(cluster: Cluster, slot: int, owner: Server) -> AsyncIterator[None]:
    """Nobody has the slot meanwhile; afterwards all nodes know again who has it."""
    for node in cluster.nodes:
        node.command("CLUSTER", "DELSLOTS", slot)
    try:
        yield
    finally:
        owner.command("CLUSTER", "ADDSLOTS", slot)
        await until(lambda: all(map(knows_all_slots, cluster.nodes)), "all nodes know")


def knows_all_slots(node: Server) -> bool:
    return "cluster_slots_assigned:16384" in str(node.command("CLUSTER", "INFO"))


async def test_of_many_changes_none_waits_for_slots_that_nobody_has(
    store: RedisStore, cluster: Cluster
) -> None:
    """They are told before it is over with the others."""
    start, *_ = lifecycle(store)
    slot, owner = slots(store)[3], cluster.owner(store._keys.channel(3))
    heads = [await created_in(store, partition) for partition in (3, 4, 5, 3)]
    swaps = [Swap(head, start(head.record), Part.HEAD) for head in heads]
    told: list[tuple[int, type]] = []
    async with unassigned(cluster, slot, owner):
        await store.commit_all(
            swaps,
            lambda number, outcome: told.append((number, type(outcome))),
            deadline=asyncio.get_running_loop().time() + 0.5,
        )
    assert sorted(told[:2]) == [(1, Committed), (2, Committed)]
    assert sorted(told[2:]) == [(0, StoreUnavailable), (3, StoreUnavailable)]


async def test_a_call_for_slots_that_nobody_has_ends_by_its_deadline(
    store: RedisStore, cluster: Cluster
) -> None:
    """And those for other slots are answered."""
    slot, owner = slots(store)[3], cluster.owner(store._keys.channel(3))
    stored = await created_in(store, 3)
    elsewhere = await created_in(store, 4)
    async with unassigned(cluster, slot, owner):
        with pytest.raises(StoreUnavailable):
            await store.load(stored.record.id, Part.HEAD, deadline=asyncio.get_running_loop().time() + 0.3)
        assert await load(store, elsewhere.record.id, Part.HEAD) == elsewhere
    assert await load(store, stored.record.id, Part.HEAD) == stored
