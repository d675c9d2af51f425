"""What a durability class promises is kept, and a store that cannot keep it is refused."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from itertools import chain, repeat

import pytest
from croco.execution.v1.execution_service_pb2 import DurabilityClass, StoreKind
from execution_server.domain.problems import StoreUnavailable
from execution_server.manager import Manager
from execution_server.store.contract.samples import change, created, lifecycle, load, new, soon
from execution_server.store.port import Committed, Part
from execution_server.store.redis import RedisStore, StoreRefused, open_store, seldom
from execution_server.store.redis import open as opening
from execution_server.store.redis.connect import connect
from execution_server.store.redis.fence import Fence
from execution_server.store.redis.link import ServerLink
from execution_server.store.redis.url import StoreUrl
from redis.asyncio.connection import AbstractConnection

from tests.clusters import wait
from tests.servers import Server, free_port, running
from tests.store.checker import check
from tests.store.pairs import Pair, count_of
from tests.store.traffic import traffic
from tests.waiting import until


@pytest.fixture
def store(replicated_store: RedisStore) -> RedisStore:
    return replicated_store


async def test_a_replicated_change_is_on_the_replica_when_it_is_acknowledged(
    store: RedisStore, pair: Pair
) -> None:
    """Whatever happens to the primary from then on."""
    for _ in range(20):
        before = await created(store)
        for decide in lifecycle(store):
            before = (await change(store, before, decide, Part.HEAD)).head
            assert pair.replica.command("HGET", store._keys.record(before.record.id), "v") == before.version


async def test_a_change_that_is_not_replicated_is_not_acknowledged(store: RedisStore, pair: Pair) -> None:
    """Nor is it read. It may last or not; who repeats it when the replica is back is told that it was done, once."""
    start, *_ = lifecycle(store)
    before = await created(store)
    execution_id = before.record.id
    loop = asyncio.get_running_loop()
    pair.replica.pause()
    try:
        with pytest.raises(StoreUnavailable) as unavailable:
            await store.commit(before, start(before.record), Part.HEAD, deadline=loop.time() + 3)
        assert "0 of 1 replicas" in str(unavailable.value.__cause__)
        with pytest.raises(StoreUnavailable):
            await store.load(execution_id, Part.HEAD, deadline=loop.time() + 3)
        size = pair.primary.command("DBSIZE")
        waiting = asyncio.create_task(store.create(new(store), None, deadline=soon()))
        await until(lambda: pair.primary.command("DBSIZE") > size, "the primary has it")
        assert not waiting.done()
    finally:
        pair.replica.resume()

    assert isinstance(await waiting, Committed)
    assert (await load(store, execution_id)).record.attempts == 1
    follower = pair.replica.command("HGET", store._keys.record(execution_id), "v")
    assert follower == (await load(store, execution_id)).version


async def test_a_replica_that_stays_away_does_not_fill_the_log(
    store: RedisStore, pair: Pair, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection is given up after a moment, in every process, for as long as it lasts."""
    monkeypatch.setattr(seldom, "SECONDS", 3_600.0)
    caplog.set_level(logging.INFO, "execution_server.store.redis.link")
    lost = store.traffic.connections_lost
    pair.replica.pause()
    try:
        waiting = asyncio.create_task(store.create(new(store), None, deadline=soon()))
        await until(lambda: store.traffic.connections_lost > lost + 3, "connections are given up")
    finally:
        pair.replica.resume()
    assert isinstance(await waiting, Committed)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["store connection lost", "store connected"]


async def test_a_commit_that_finds_its_earlier_try_waits_for_replicas_too(
    store: RedisStore, pair: Pair
) -> None:
    """It writes nothing then, and a server waits only for what its connection has written."""
    start, *_ = lifecycle(store)
    before = await created(store)
    pair.replica.pause()
    try:
        commit = asyncio.create_task(store.commit(before, start(before.record), Part.HEAD, deadline=soon()))
        key = store._keys.record(before.record.id)
        await until(lambda: pair.primary.command("HGET", key, "v") != before.version, "the first try is done")
        assert pair.primary.command("CLIENT", "KILL", "TYPE", "normal") > 0
        refused = count_of(pair.primary, "wait")
        await until(lambda: count_of(pair.primary, "wait") > refused + 1, "the repetition waits, in vain")
        assert not commit.done()
    finally:
        pair.replica.resume()

    outcome = await commit
    assert isinstance(outcome, Committed)
    assert outcome.record.attempts == 1


async def test_a_server_that_has_lost_its_replicas_is_left_for_the_primary(pair: Pair) -> None:
    """It may be cut off from all but us, and others have put another in its place."""
    with running(pair.primary.kind) as cut_off:
        servers = chain([cut_off], repeat(pair.primary))

        async def find_primary() -> AbstractConnection:
            return await connect(StoreUrl.read(next(servers).url).pool())

        link = ServerLink(find_primary, Fence("execution:fence", 1))
        assert await link.call("HSET", "execution:{p0}:x:1", "v", "1", deadline=soon()) == 1
        await link.close()
    assert pair.replica.command("HGET", "execution:{p0}:x:1", "v") == b"1"
    pair.primary.command("FLUSHALL")


async def test_calls_that_come_together_share_a_fence(store: RedisStore, pair: Pair) -> None:
    """One for each would halve what a primary can do."""
    await created(store)
    fences = count_of(pair.primary, "wait")

    await asyncio.gather(*(created(store) for _ in range(200)))

    assert 1 <= count_of(pair.primary, "wait") - fences < 50


async def test_connections_that_are_cut_under_fences_cost_nothing(store: RedisStore, pair: Pair) -> None:
    """Each cut leaves calls whose fate nobody knows, some of them answered and not yet replicated."""
    async with traffic(Manager(store)) as busy:
        for _ in range(20):
            await busy.more(40)
            assert pair.primary.command("CLIENT", "KILL", "TYPE", "normal") > 0


async def test_what_a_local_store_has_acknowledged_survives_its_death(
    start_server: Callable[..., Server],
) -> None:
    """It is killed in mid-traffic, several times, and everything that callers were told is there, once."""
    server = start_server(durable=True)
    store = await open_store(server.url, durability="local")
    async with traffic(Manager(store)) as busy:
        for _ in range(3):
            await busy.more()
            server.restart()
        await busy.more()
    await store.close()
    with server.client() as client:
        assert check(client) == []


@pytest.mark.parametrize("durability", ["local", "replicated"])
async def test_a_server_that_forgets_is_refused_for_more_than_relaxed(
    start_server: Callable[..., Server], durability: str
) -> None:
    """Its operator would believe in a promise that nobody keeps."""
    server = start_server()
    sentences = {
        ("appendonly", "yes"): "its appendonly is no",
        ("appendfsync", "always"): "its appendfsync is everysec",
        ("no-appendfsync-on-rewrite", "no"): "its no-appendfsync-on-rewrite is yes",
    }
    server.command("CONFIG", "SET", "no-appendfsync-on-rewrite", "yes")
    for (name, value), sentence in sentences.items():
        with pytest.raises(StoreRefused, match=sentence) as refused:
            await open_store(server.url, durability=durability)
        assert f"Set it to {value}" in str(refused.value)
        server.command("CONFIG", "SET", name, value)
    store = await open_store(server.url, durability="local")
    assert store.facts.durability == DurabilityClass.DURABILITY_CLASS_LOCAL
    await store.close()


async def test_a_server_that_does_not_tell_its_settings_is_believed(
    start_server: Callable[..., Server], caplog: pytest.LogCaptureFixture
) -> None:
    """Those of hosting services do not; the operator has said what is so."""
    server = start_server(durable=True)
    server.command("ACL", "SETUSER", "default", "-config")
    store = await open_store(server.url, durability="local")
    await store.close()
    assert "the store does not tell its appendfsync; it is taken to be always" in caplog.text


async def test_a_replica_that_nobody_waits_for_is_refused(pair: Pair) -> None:
    """It could take over without what was acknowledged."""
    with running(
        pair.primary.kind, port=free_port(), arguments=("--replicaof", "127.0.0.1", str(pair.primary.port))
    ) as second:
        wait(lambda: len(pair.primary.command("ROLE")[2]) == 2, "there are two")
        assert second.command("ROLE")[0] == b"slave"
        with pytest.raises(StoreRefused, match=r"has 2 replicas, and changes wait for 1: .*--replicas 2"):
            await open_store(pair.primary.url, durability="replicated")
        store = await open_store(pair.primary.url, durability="replicated", replicas=2)
        await created(store)
        await store.close()
    wait(lambda: len(pair.primary.command("ROLE")[2]) == 1, "there is one again")


async def test_a_store_without_its_replicas_is_awaited(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No call could be answered; the log says why."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", 1.0)
    pair.replica.pause()
    try:
        opened = asyncio.create_task(open_store(pair.primary.url, durability="replicated"))
        await until(
            lambda: "waiting for the store: 0 of 1 replicas have the change" in caplog.text, "it is said"
        )
    finally:
        pair.replica.resume()
    store = await opened
    assert store.facts.kind == StoreKind.STORE_KIND_STANDALONE
    assert store.facts.durability == DurabilityClass.DURABILITY_CLASS_REPLICATED
    await store.close()
