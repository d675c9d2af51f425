"""A change that is repeated because nobody saw its answer takes effect once, and one that came too late takes none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest
import redis.asyncio
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain.problems import StoreUnavailable
from execution_server.store import parts
from execution_server.store.contract.samples import (
    Events,
    change,
    copy,
    create,
    created,
    lifecycle,
    load,
    new,
    soon,
    together,
    whole,
)
from execution_server.store.port import (
    Committed,
    Conflict,
    Part,
    Stored,
    Swap,
    Taken,
    key_claim,
    request_claim,
)
from execution_server.store.redis import RedisStore, open_store
from execution_server.store.redis.link import ServerLink
from execution_server.store.redis.scripts import COMMIT, CREATE, CREATE_ALL, DELETE, Script
from execution_server.store.redis.wire import Command

from tests.proxy import Proxy, proxied
from tests.servers import Server
from tests.store.recording import command_of
from tests.waiting import until

REQUEST = b"request1"
Outcome = TypeVar("Outcome")


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


@pytest.fixture
async def events(redis_store: RedisStore) -> AsyncIterator[Events]:
    """What a watcher sees, on a connection of its own."""
    events = Events(redis_store)
    await events.follow_all()
    yield events
    await events.feed.close()


def changes(store: RedisStore, server: Server, execution_id: str) -> int:
    """How many changes the record's partition has counted."""
    return int(server.command("GET", store._keys.sequence(store._keys.partition(execution_id))) or 0)


@asynccontextmanager
async def answer_lost(
    proxy: Proxy, script: Script, call: Coroutine[Any, Any, Outcome]
) -> AsyncIterator[asyncio.Task[Outcome]]:
    """Run *call*, whose first try is carried out and not answered; its repetition is held back until the block ends."""
    proxy.cut_after.append(script.digest.encode())
    proxy.hold_after_cut = True
    task = asyncio.create_task(call)
    await until(lambda: proxy.cuts, "the connection is cut")
    yield task
    proxy.lift()


async def test_a_creation_whose_answer_is_lost_is_done_once(
    store: RedisStore, proxy: Proxy, server: Server, events: Events
) -> None:
    """The caller is told that it created, not that the key is taken: by its own first try."""
    claim = key_claim("order")
    record = new(store, claim, idempotency_key="order")
    proxy.cut_after.extend([CREATE.digest.encode()] * 3)

    outcome = await store.create(copy(record), claim, deadline=soon())

    assert proxy.cuts == 3
    assert isinstance(outcome, Committed)
    assert outcome.record == record
    assert outcome.head == await load(store, record.id, Part.HEAD)
    assert changes(store, server, record.id) == 1
    await events.until(lambda: events.of(record.id))
    assert len(events.of(record.id)) == 1


async def test_many_creations_whose_answer_is_lost_are_done_once(
    store: RedisStore, proxy: Proxy, server: Server, events: Events
) -> None:
    """Each of them knows its own first try, and none is counted or told of twice."""
    creations = together(store, [key_claim("order"), None, request_claim(b"12345678"), key_claim("order")])
    expected = [whole(creation) for creation in creations]
    proxy.cut_after.extend([CREATE_ALL.digest.encode()] * 3)

    outcomes = await store.create_all(creations, deadline=soon())

    assert proxy.cuts == 3
    assert outcomes[3] == Taken(expected[0].id)
    for record, outcome in zip(expected[:3], outcomes[:3], strict=True):
        assert outcome == await load(store, record.id, Part.HEAD)
        assert (await load(store, record.id)).record == record
        await events.until(lambda id_=record.id: events.of(id_))  # type: ignore[misc]  # bound now
        assert len(events.of(record.id)) == 1
    partitions = {store._keys.partition(record.id): record.id for record in expected[:3]}
    assert sum(changes(store, server, execution_id) for execution_id in partitions.values()) == 3


@pytest.mark.parametrize("part", Part)
async def test_a_commit_whose_answer_is_lost_is_done_once(
    store: RedisStore, proxy: Proxy, server: Server, events: Events, part: Part
) -> None:
    """And it is answered as if nothing had happened, with as much as was asked for."""
    expected = new(store)
    before = (await create(store, expected)).head
    for decide in lifecycle(store):
        expected = decide(expected)
        cuts = proxy.cuts
        proxy.cut_after.extend([COMMIT.digest.encode()] * 2)

        outcome = await change(store, before, decide, part)

        assert proxy.cuts == cuts + 2
        assert outcome.record == parts.cut(copy(expected), part)
        assert changes(store, server, expected.id) == expected.revision
        before = outcome.head
    assert (await load(store, expected.id)).record == expected
    await events.until(lambda: len(events.of(expected.id)) >= expected.revision)
    assert [told.record.revision for told in events.of(expected.id)] == list(range(1, expected.revision + 1))


async def test_many_commits_whose_answer_is_lost_are_done_once(
    store: RedisStore, proxy: Proxy, events: Events
) -> None:
    """Each knows its own first try; and who came too late is told so."""
    start, *_ = lifecycle(store)
    heads = [await created(store) for _ in range(4)]
    first = await change(store, heads[0], start)
    swaps = [Swap(head, start(head.record), Part.HEAD) for head in heads]
    told: dict[int, Committed | Conflict | StoreUnavailable] = {}
    proxy.cut_after.extend([COMMIT.digest.encode()] * 3)

    await store.commit_all(swaps, told.__setitem__, deadline=soon())

    assert proxy.cuts == 3
    assert told.pop(0) == Conflict(first.head)
    for number, outcome in told.items():
        id_ = heads[number].record.id
        assert isinstance(outcome, Committed)
        assert outcome.head == await load(store, id_, Part.HEAD)
        await events.until(lambda id_=id_: len(events.of(id_)) >= 2)  # type: ignore[misc]  # bound now
        assert [one.record.revision for one in events.of(id_)] == [1, 2]


async def test_a_deletion_whose_answer_is_lost_is_done_once(
    store: RedisStore, proxy: Proxy, server: Server
) -> None:
    """The caller is told that it deleted, not that there is nothing."""
    before = await created(store)
    proxy.cut_after.extend([DELETE.digest.encode()] * 3)

    assert await store.delete(before, REQUEST, deadline=soon()) is None

    assert proxy.cuts == 3
    assert changes(store, server, before.record.id) == 2


async def test_a_commit_that_others_have_built_upon_is_not_done_again(
    store: RedisStore, proxy: Proxy, redis_store: RedisStore
) -> None:
    """Between the first try and its repetition somebody else may go on from it."""
    start, save, *_ = lifecycle(store)
    before = await created(store)
    execution_id = before.record.id
    async with answer_lost(
        proxy, COMMIT, store.commit(before, start(before.record), Part.HEAD, deadline=soon())
    ) as commit:
        after = await change(redis_store, await load(redis_store, execution_id, Part.HEAD), save)

    assert await commit == Conflict(after.head)

    assert (await load(store, execution_id)).record == after.record


async def test_a_creation_that_others_have_built_upon_is_not_done_again(
    store: RedisStore, proxy: Proxy, redis_store: RedisStore
) -> None:
    """Its record is the holder then; the manager knows its own request in it."""
    start, *_ = lifecycle(store)
    record = new(store)
    async with answer_lost(proxy, CREATE, store.create(copy(record), None, deadline=soon())) as creation:
        after = await change(redis_store, await load(redis_store, record.id, Part.HEAD), start)

    assert await creation == Taken(record.id)

    assert (await load(store, record.id)).record == after.record


@pytest.mark.parametrize("key", ["", "order"])
async def test_a_creation_that_others_have_deleted_is_not_done_again(
    store: RedisStore, proxy: Proxy, redis_store: RedisStore, key: str
) -> None:
    """What was created and deleted must stay deleted, even though its creator does not know yet that it was there."""
    claim = key_claim(key) if key else None
    record = new(store, claim, idempotency_key=key)
    async with answer_lost(proxy, CREATE, store.create(copy(record), claim, deadline=soon())) as creation:
        await redis_store.delete(await load(redis_store, record.id, Part.HEAD), REQUEST, deadline=soon())

    assert await creation == Taken(record.id)

    assert await store.load(record.id, Part.HEAD, deadline=soon()) is None


async def run_by_stock_client(proxy: Proxy, command: Command, times: int) -> list[object]:
    """The answer to a script's run by redis-py as it comes: it repeats by itself, up to ten times, and tells nobody."""
    proxy.cut_after.extend([str(command[1]).encode()] * times)
    async with redis.asyncio.Redis(unix_socket_path=proxy.socket) as client:
        answer = await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py's
    assert proxy.cuts == times, "the answers were lost"
    return list(answer)


async def test_what_redis_py_repeats_by_itself_is_done_once(
    redis_store: RedisStore, proxy: Proxy, server: Server
) -> None:
    """With its default settings it does so silently; whoever runs a script through it must be safe all the same."""
    claim = key_claim("order")
    record = new(redis_store, claim, idempotency_key="order")
    start, *_ = lifecycle(redis_store)
    warm = await created(redis_store)  # the scripts are known to the server
    warm = (await change(redis_store, warm, start)).head
    await redis_store.delete(warm, REQUEST, deadline=soon())

    create_ = await command_of(redis_store, redis_store.create(copy(record), claim, deadline=soon()))
    assert await run_by_stock_client(proxy, create_, 3) == [b"OK"]
    stored = await load(redis_store, record.id, Part.HEAD)
    proxy.cuts = 0

    commit = await command_of(
        redis_store, redis_store.commit(stored, start(stored.record), Part.HEAD, deadline=soon())
    )
    assert await run_by_stock_client(proxy, commit, 3) == [b"OK"]
    assert (await load(redis_store, record.id)).record.attempts == 1
    stored = await load(redis_store, record.id, Part.HEAD)
    proxy.cuts = 0

    delete = await command_of(redis_store, redis_store.delete(stored, REQUEST, deadline=soon()))
    assert await run_by_stock_client(proxy, delete, 3) == [b"OK"]
    assert await redis_store.load(record.id, Part.HEAD, deadline=soon()) is None


async def test_of_racing_replays_of_different_commits_one_wins(
    redis_store: RedisStore, proxy: Proxy, server: Server
) -> None:
    """Repetition must not turn a lost race into a won one."""
    start, *_ = lifecycle(redis_store)
    before = await created(redis_store)
    commands = [
        await command_of(
            redis_store, redis_store.commit(before, start(before.record), Part.HEAD, deadline=soon())
        )
        for _ in range(8)
    ]
    await redis_store._link.call("SCRIPT", "LOAD", COMMIT.source, deadline=soon())
    proxy.cut_after.extend([COMMIT.digest.encode()] * 12)
    async with redis.asyncio.Redis(unix_socket_path=proxy.socket) as client:
        answers = await asyncio.gather(*(client.execute_command(*command) for command in commands))  # type: ignore[no-untyped-call]

    assert sorted(answer[0] for answer in answers) == [b"CONFLICT"] * 7 + [b"OK"]
    assert changes(redis_store, server, before.record.id) == 2
    assert proxy.cuts > 0


def runs(server: Server) -> int:
    """How many scripts the server has run."""
    return int(server.command("INFO", "commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


def late_calls(
    store: RedisStore, before: Stored, record: Execution, deadline: float
) -> list[Coroutine[Any, Any, object]]:
    """A call of every kind that changes something."""
    start, *_ = lifecycle(store)
    return [
        store.create(copy(record), key_claim("order"), deadline=deadline),
        store.commit(before, start(before.record), Part.FULL, deadline=deadline),
        store.delete(before, REQUEST, deadline=deadline),
    ]


async def test_a_call_that_has_failed_is_never_applied_later(redis_store: RedisStore, server: Server) -> None:
    """A server that stood still carries out what waits in its sockets, long after the callers have left."""
    loop = asyncio.get_running_loop()
    claim = key_claim("order")
    before = await created(redis_store)
    record = new(redis_store, claim, idempotency_key="order")
    for script in CREATE, COMMIT, DELETE:
        await redis_store._link.call("SCRIPT", "LOAD", script.source, deadline=soon())
    ran = runs(server)
    server.pause()
    try:
        outcomes = await asyncio.gather(
            *late_calls(redis_store, before, record, loop.time() + 0.3),
            return_exceptions=True,
        )
    finally:
        server.resume()

    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 3
    await until(lambda: runs(server) >= ran + 3, "the server has carried out what it was sent")
    assert await load(redis_store, before.record.id, Part.HEAD) == before
    assert await redis_store.load(record.id, Part.HEAD, deadline=soon()) is None
    assert await redis_store.holder(claim.name, deadline=soon()) is None


async def test_a_call_in_time_is_applied_after_a_standstill(redis_store: RedisStore, server: Server) -> None:
    """What still can be answered must not be lost: it is tried again, and done once."""
    start, *_ = lifecycle(redis_store)
    before = await created(redis_store)
    server.pause()
    try:
        commit = asyncio.create_task(
            redis_store.commit(before, start(before.record), Part.FULL, deadline=soon())
        )
        link = redis_store._link
        assert isinstance(link, ServerLink)
        connected = link._wire
        await until(lambda: link._wire is not connected, "the first try is given up")
    finally:
        server.resume()

    outcome = await commit

    assert isinstance(outcome, Committed)
    assert changes(redis_store, server, before.record.id) == 2
    assert (await load(redis_store, before.record.id)).record.attempts == 1
