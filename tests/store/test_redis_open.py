"""A server that must not hold executions is refused with a sentence that says what to do; one that is away, awaited."""

from __future__ import annotations

import asyncio

import pytest
from execution_server.domain.problems import StoreUnavailable
from execution_server.store.contract.samples import created, load, soon
from execution_server.store.port import Part
from execution_server.store.redis import RedisStore, StoreRefused, clock, open_store
from execution_server.store.redis import open as opening
from execution_server.store.redis.scripts import StoreFault

from tests.proxy import proxied
from tests.servers import Server
from tests.waiting import until


async def refusal(url: str, **options: int) -> str:
    """The sentence with which the store is refused."""
    with pytest.raises(StoreRefused) as refused:
        await open_store(url, **options)  # type: ignore[arg-type]  # open_store's own
    return str(refused.value)


async def test_a_server_that_may_evict_executions_is_refused(server: Server) -> None:
    """Executions would be forgotten as soon as its memory is full, without any error."""
    server.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    try:
        assert await refusal(server.url) == (
            "The store may evict executions when its memory is full: its maxmemory-policy is allkeys-lru. "
            "Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in the server's configuration file)."
        )
    finally:
        server.command("CONFIG", "SET", "maxmemory-policy", "noeviction")
    assert server.command("DBSIZE") == 0, "nothing was written"


async def test_another_number_of_partitions_is_refused(redis_store: RedisStore, server: Server) -> None:
    """Executions would be looked for where they are not."""
    assert await refusal(server.url, partitions=32) == (
        "The store holds executions in 16 partitions, and this server is set to 32. "
        "Start it with --partitions 16, or give it another --key-prefix or store."
    )
    other = await open_store(server.url)
    assert other.partitions == redis_store.partitions == 16
    await other.close()


@pytest.mark.parametrize("version", ["6.0.16", "5.0.0", "0"])
def test_a_server_that_is_too_old_is_refused(version: str) -> None:
    """It lacks what the scripts need."""
    with pytest.raises(StoreRefused) as refused:
        opening._check_server({"redis_version": version, "maxmemory_policy": "noeviction"})
    assert str(refused.value) == f"The store is Redis {version}. Use Redis 6.2 or later, or any Valkey."


@pytest.mark.parametrize("version", ["6.2.0", "7.2.4", "10.0.1"])
def test_a_server_that_is_new_enough_is_taken(version: str) -> None:
    """Versions are numbers, not texts."""
    opening._check_server({"redis_version": version, "maxmemory_policy": "noeviction"})


async def test_a_user_without_permission_is_refused(server: Server) -> None:
    """Waiting would not help; the server's own words name the command."""
    server.command("ACL", "SETUSER", "nobody", "on", ">secret", "-@all", "+client", "+auth")
    try:
        sentence = await refusal(f"unix://nobody:secret@{server.socket}")
    finally:
        server.command("ACL", "DELUSER", "nobody")
    assert sentence.startswith("The store refuses the command INFO: NOPERM")
    assert "secret" not in sentence


async def test_a_store_that_is_not_there_yet_is_awaited(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Everything is started at once, and the store may be the slowest. The log says what is awaited, and why."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", 0.1)
    async with proxied(server.socket) as proxy:
        proxy.blackhole()
        opened = asyncio.create_task(open_store(proxy.url))
        await until(lambda: "no answer" in caplog.text, "it is said")
        assert not opened.done()
        proxy.lift()
        store = await opened
        await store.ping(deadline=soon())
        await store.close()


async def test_a_wrong_password_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting does not make it right."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", 0.1)
    with pytest.raises(StoreRefused, match="password"):
        await open_store(server.url.replace("unix://", "unix://nobody:wrong@"))


def test_a_node_of_a_cluster_is_refused() -> None:
    """It would take some calls and fail others."""
    with pytest.raises(StoreRefused, match="cluster"):
        opening._check_server(
            {"redis_version": "7.0.0", "maxmemory_policy": "noeviction", "cluster_enabled": "1"}
        )


async def test_a_closed_store_answers_nothing_and_leaves_nothing(server: Server) -> None:
    """Connections and tasks end with it."""
    before = set(asyncio.all_tasks())
    connected = len(server.command("CLIENT", "LIST"))
    store = await open_store(server.url)
    stored = await created(store)
    await store.close()

    with pytest.raises(StoreUnavailable):
        await store.load(stored.record.id, Part.FULL, deadline=soon())
    await until(lambda: len(server.command("CLIENT", "LIST")) <= connected, "its connection is gone")
    assert set(asyncio.all_tasks()) == before


async def test_the_clock_is_the_stores_and_never_ahead_of_it(redis_store: RedisStore, server: Server) -> None:
    """Nothing that is owed may be done early; a second late at most."""
    for _ in range(50):
        seconds, microseconds = server.command("TIME")
        earlier = seconds * 1000 + microseconds // 1000
        now_ms = redis_store.now_ms()
        seconds, microseconds = server.command("TIME")
        assert earlier - 1000 <= now_ms <= seconds * 1000 + microseconds // 1000


async def test_the_clock_follows_a_store_whose_time_jumps(
    redis_store: RedisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a failover another machine's clock counts, from the first reading on."""
    monkeypatch.setattr(clock, "EVERY_SECONDS", 0.01)
    link, call_each = redis_store._link, redis_store._link.call_each
    told: list[int] = []

    async def behind(*command: str, deadline: float) -> dict[str, list[int]]:
        told.append(redis_store.now_ms())
        ((name, (seconds, microseconds)),) = (await call_each(*command, deadline=deadline)).items()
        return {name: [int(seconds) - 60, int(microseconds)]}

    before_ms = redis_store.now_ms()
    monkeypatch.setattr(link, "call_each", behind)
    await until(lambda: len(told) >= 2, "it was read twice")
    assert told[0] >= before_ms
    assert told[1] < before_ms - 50_000

    monkeypatch.setattr(link, "call_each", call_each)
    await until(lambda: redis_store.now_ms() >= before_ms, "it has gone forth")


async def test_the_clock_goes_on_when_the_store_refuses_to_tell_the_time(
    redis_store: RedisStore, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One odd answer must not be the last time it was asked."""
    monkeypatch.setattr(clock, "EVERY_SECONDS", 0.01)
    read = 0
    call = redis_store._link.call

    async def refuse(*command: str, deadline: float) -> object:
        nonlocal read
        read += 1
        return await call(*(("NOSUCHCOMMAND",) if read < 3 else command), deadline=deadline)

    monkeypatch.setattr(redis_store._link, "call", refuse)
    await until(lambda: read >= 5, "it is asked again")
    stored = await created(redis_store)
    assert (await load(redis_store, stored.record.id, Part.HEAD)) == stored


async def test_a_fault_is_told_with_the_servers_words(redis_store: RedisStore, server: Server) -> None:
    """A key of another kind, say by another program, is no reason to wait."""
    stored = await created(redis_store)
    key = redis_store._keys.record(stored.record.id)
    server.command("RENAME", key, "aside")
    server.command("SET", key, "something else")
    try:
        with pytest.raises(StoreFault, match="WRONGTYPE"):
            await redis_store.load(stored.record.id, Part.HEAD, deadline=soon())
    finally:
        server.command("RENAME", "aside", key)
