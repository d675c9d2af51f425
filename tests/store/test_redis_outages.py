"""The store is away, slow, restarting or full: calls wait until their deadline, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from execution_server.domain.problems import StoreUnavailable
from execution_server.manager import Manager
from execution_server.store.contract.samples import created, lifecycle, load, new, soon
from execution_server.store.port import Committed, Part, Query, Stored, Swap
from execution_server.store.redis import RedisStore, link, open_store, tries
from execution_server.store.redis.scripts import StoreFault

from tests.proxy import Proxy, proxied
from tests.servers import Server
from tests.store.checker import check
from tests.store.traffic import traffic
from tests.waiting import until

SLACK_SECONDS = 3.0
"""How much later than its deadline an answer may come on a busy machine. (A hanging call would take for ever.)"""


async def commit_all(store: RedisStore, stored: Stored, deadline: float) -> None:
    """Raise what is told."""
    start, *_ = lifecycle(store)
    told: list[object] = []
    swap = Swap(stored, start(stored.record), Part.FULL)
    await store.commit_all([swap], lambda _, outcome: told.append(outcome), deadline=deadline)
    if isinstance(told[0], StoreUnavailable):
        raise told[0]


CALLS: dict[str, Callable[[RedisStore, Stored, float], Awaitable[object]]] = {
    "load": lambda store, stored, deadline: store.load(stored.record.id, Part.FULL, deadline=deadline),
    "holder": lambda store, stored, deadline: store.holder("key:x", deadline=deadline),
    "create": lambda store, stored, deadline: store.create(new(store), None, deadline=deadline),
    "commit": lambda store, stored, deadline: store.commit(
        stored, lifecycle(store)[0](stored.record), Part.FULL, deadline=deadline
    ),
    "commit_all": lambda store, stored, deadline: commit_all(store, stored, deadline),
    "delete": lambda store, stored, deadline: store.delete(stored, b"request1", deadline=deadline),
    "deleted_by": lambda store, stored, deadline: store.deleted_by(stored.record.id, deadline=deadline),
    "page": lambda store, stored, deadline: store.page(Query(), "", 10, Part.FULL, deadline=deadline),
    "count": lambda store, stored, deadline: store.count(Query(), deadline=deadline),
    "due": lambda store, stored, deadline: store.due(0, 10, deadline=deadline),
    "ping": lambda store, stored, deadline: store.ping(deadline=deadline),
}


@pytest.fixture
async def proxy(server: Server) -> AsyncIterator[Proxy]:
    async with proxied(server.socket) as proxy:
        yield proxy


@pytest.fixture
async def store(proxy: Proxy) -> AsyncIterator[RedisStore]:
    """A store behind the proxy."""
    store = await open_store(proxy.url)
    yield store
    await store.close()


async def unavailable(store: RedisStore, stored: Stored, seconds: float) -> None:
    """All calls together fail as they should, by their deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    outcomes = await asyncio.gather(
        *(call(store, stored, deadline) for call in CALLS.values()), return_exceptions=True
    )
    assert loop.time() < deadline + SLACK_SECONDS
    assert dict(zip(CALLS, map(type, outcomes), strict=True)) == dict.fromkeys(CALLS, StoreUnavailable)


async def test_calls_into_a_black_hole_end_by_their_deadline(
    store: RedisStore, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection may look well while nothing comes back. Soon after the network is back, so is the store."""
    stored = await created(store)
    proxy.blackhole()

    await unavailable(store, stored, 0.2)  # on the connection that stands
    monkeypatch.setattr(link, "TRY_SECONDS", 0.1)
    for _ in range(10):  # it is given up, and so is each that takes its place
        await unavailable(store, stored, 1.5)
        if proxy.connections > 3:
            break
    assert proxy.connections > 3
    proxy.lift()

    assert await load(store, stored.record.id, Part.HEAD) == stored


async def test_calls_to_a_server_that_is_gone_end_by_their_deadline(
    start_server: Callable[..., Server],
) -> None:
    """And go on by themselves when it is back, with everything that it has kept."""
    server = start_server(durable=True)
    store = await open_store(server.url)
    stored = await created(store)
    server.kill9()

    await unavailable(store, stored, 0.2)
    waiting = asyncio.create_task(store.load(stored.record.id, Part.HEAD, deadline=soon()))
    server.start()

    assert await waiting == stored
    await store.close()


async def test_a_reply_that_comes_late_is_no_other_calls_reply(store: RedisStore, proxy: Proxy) -> None:
    """Replies are told apart by their order alone; callers that went away still have theirs coming."""
    loop = asyncio.get_running_loop()
    proxy.delay_seconds = 0.05
    given_up = 0

    async def echo(number: int) -> None:
        nonlocal given_up
        try:
            reply = await store._link.call("PING", f"{number}", deadline=loop.time() + (0.02, 20)[number % 2])
        except StoreUnavailable:
            given_up += 1
        else:
            assert reply == b"%d" % number

    for start in range(0, 200, 50):
        tasks = [asyncio.create_task(echo(number)) for number in range(start, start + 50)]
        await asyncio.sleep(0)
        for task in tasks[::10]:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert given_up > 0
    assert proxy.connections == 1, "nobody's going away costs the others their connection"


@pytest.mark.parametrize("code", sorted(tries.NOT_NOW))
async def test_a_server_that_cannot_serve_just_now_is_asked_again(
    store: RedisStore, proxy: Proxy, code: str
) -> None:
    """Loading, failing over, out of memory: none of it is the caller's problem while there is time."""
    start, *_ = lifecycle(store)
    before = await created(store)
    proxy.refusals.extend([b"-%s not now\r\n" % code.encode()] * 3)

    outcome = await store.commit(before, start(before.record), Part.FULL, deadline=soon())

    assert isinstance(outcome, Committed)
    assert not proxy.refusals


async def test_an_error_that_will_not_go_away_is_a_fault(store: RedisStore, proxy: Proxy) -> None:
    """Asking again would only hide it."""
    stored = await created(store)
    proxy.refusals.append(b"-NOPERM this user has no permissions\r\n")

    with pytest.raises(StoreFault, match="NOPERM"):
        await store.load(stored.record.id, Part.FULL, deadline=soon())


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
    ],
    ids=["READONLY", "OOM", "NOREPLICAS"],
)
async def test_changes_wait_for_a_server_that_takes_none(
    redis_store: RedisStore, server: Server, begin: tuple[str, ...], end: tuple[str, ...]
) -> None:
    """As each server really says it: their words differ, most of all inside scripts."""
    start, *_ = lifecycle(redis_store)
    before = await created(redis_store)
    errors = int(server.command("INFO", "stats")["total_error_replies"])
    server.command(*begin)
    try:
        waiting = asyncio.gather(
            redis_store.commit(before, start(before.record), Part.FULL, deadline=soon()),
            redis_store.create(new(redis_store), None, deadline=soon()),
        )
        await until(
            lambda: int(server.command("INFO", "stats")["total_error_replies"]) >= errors + 4,
            "calls are refused",
        )
        assert not waiting.done()
    finally:
        server.command(*end)

    assert all(isinstance(outcome, Committed) for outcome in await waiting)


async def test_connections_that_are_cut_in_mid_traffic_cost_nothing(
    redis_store: RedisStore, server: Server
) -> None:
    """Each cut leaves calls whose fate nobody knows."""
    async with traffic(Manager(redis_store)) as busy:
        for _ in range(20):
            await busy.more(40)
            assert server.command("CLIENT", "KILL", "TYPE", "normal") > 0


async def test_what_a_durable_server_has_acknowledged_survives_its_death(
    start_server: Callable[..., Server],
) -> None:
    """It is killed in mid-traffic, several times, and everything that callers were told is there, once."""
    server = start_server(durable=True)
    stores = [await open_store(server.url) for _ in range(2)]
    async with traffic(*map(Manager, stores)) as busy:
        for _ in range(3):
            await busy.more()
            server.restart()
        await busy.more()
    for store in stores:
        await store.close()
    with server.client() as client:
        assert check(client) == []
