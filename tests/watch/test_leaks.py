"""Watches that are given up leave nothing behind, and a watch that nobody reads costs little however much happens."""

from __future__ import annotations

import asyncio
import gc
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.store.redis import RedisStore
from execution_server.store.redis.feed import RedisFeed
from execution_server.watch import Gathering, Topic

from tests.servers import Server
from tests.service import Service, aio_channel, serving
from tests.waiting import until
from tests.watch.served import Worker, served

CANCELLED: Final = 4_000
AT_ONCE: Final = 200
MIB: Final = 1 << 20
LEVEL_ROUNDS: Final = 5
LEVEL_BYTES: Final = MIB
MOST_ROUNDS: Final = 60
SMALL_WINDOW: Final = (
    # The client's own buffer grows with what it is sent, read or not; it is not what is looked at here.
    ("grpc.http2.bdp_probe", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
)


async def begin(stub: Any, worker: Worker, dice: random.Random) -> Any:
    """One of all kinds of watch, read for a while or not at all."""
    kind = dice.randrange(5)
    if kind == 0:
        return stub.WaitExecution(api.WaitExecutionRequest(id=worker.id))
    if kind == 1:
        call = stub.WatchExecutions(api.WatchExecutionsRequest(snapshot=True))
    elif kind == 2:
        call = stub.WatchExecution(api.WatchExecutionRequest(id=worker.id, after_revision=99))
    else:
        call = stub.WatchExecution(api.WatchExecutionRequest(id=worker.id, follow=True))
    if kind == 4 or (kind == 1 and dice.random() < 0.5):
        await call.read()
    return call


async def cancelled_watches(stub: Any, workers: list[Worker], number: int, seed: int) -> None:
    """Begin and give up so many watches, some before and some after their first message."""
    dice = random.Random(seed)
    for _ in range(number // AT_ONCE):
        calls = await asyncio.gather(*(begin(stub, dice.choice(workers), dice) for _ in range(AT_ONCE)))
        for call in calls:
            call.cancel()
        await asyncio.gather(*map(ended, calls))


async def ended(call: Any) -> None:
    """Wait for the end of a cancelled call."""
    assert await call.code() is grpc.StatusCode.CANCELLED


def objects(*kinds: type) -> int:
    """How many there are."""
    gc.collect()
    return sum(isinstance(one, kinds) for one in gc.get_objects())


async def test_cancelled_watches_leave_no_object_behind(redis_store: RedisStore) -> None:
    """Neither in the hub nor in the event loop, and the feed follows each partition once at most."""
    async with served(redis_store) as server:
        workers = [await Worker.create(server.stub) for _ in range(50)]
        await cancelled_watches(server.stub, workers, AT_ONCE, seed=0)
        hub = server.hub
        await until(lambda: hub.watches == 0, "the first have ended")
        before = len(asyncio.all_tasks())

        await cancelled_watches(server.stub, workers, CANCELLED, seed=1)

        await until(lambda: hub.watches == 0 and not hub._topics and not hub._listeners, "all have ended")
        await until(lambda: len(asyncio.all_tasks()) <= before, "no task is left")
        await until(lambda: objects(Topic, Gathering) == 0, "no object is left")
        assert not hub.places._held
        assert not hub._following._needed
        feed = hub._feed
        assert isinstance(feed, RedisFeed)
        assert len(feed._partitions) <= redis_store.partitions
        assert len(hub._following._lingering) <= redis_store.partitions


async def test_a_partition_is_followed_no_longer_than_needed(
    redis_store: RedisStore, redis_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each notice costs every process that follows its partition."""
    monkeypatch.setattr("execution_server.watch.following.LINGER_SECONDS", 0.05)
    async with served(redis_store) as server:
        worker = await Worker.create(server.stub)
        call = server.stub.WatchExecution(api.WatchExecutionRequest(id=worker.id))
        await call.read()
        channel = redis_store._keys.channel(redis_store._keys.partition(worker.id))
        assert subscribers(redis_server, channel) == 1
        call.cancel()
        await until(lambda: subscribers(redis_server, channel) == 0, "nobody follows it any more")

        again = server.stub.WatchExecution(api.WatchExecutionRequest(id=worker.id))
        await again.read()
        await worker.start()
        assert (await again.read()).revision == 2
        again.cancel()


async def test_a_partition_that_is_needed_again_is_not_left(redis_store: RedisStore) -> None:
    """The farewell of the watch before must not unsubscribe the next one."""
    async with served(redis_store) as server:
        worker = await Worker.create(server.stub)
        request = api.WatchExecutionRequest(id=worker.id)
        call = server.stub.WatchExecution(request)
        await call.read()
        call.cancel()
        lingering = server.hub._following._lingering
        await until(lambda: lingering, "it is left soon")
        (farewell,) = lingering.values()

        again = server.stub.WatchExecution(request)
        await again.read()

        assert farewell.cancelled()
        assert not lingering
        again.cancel()


def subscribers(server: Server, channel: str) -> int:
    return int(server.command("PUBSUB", "NUMSUB", channel)[1])


@pytest.fixture
async def process(tmp_path: Path, redis_server: Server) -> AsyncIterator[tuple[Service, Any]]:
    """A server process and calls to it."""
    with serving(tmp_path, "--store-url", redis_server.url) as service:
        async with aio_channel(service.address) as channel:
            yield service, ExecutionServiceStub(channel)


def resident(service: Service) -> int:
    """How many bytes of memory the server process holds."""
    pages = Path(f"/proc/{service.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


needs_proc = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")


@needs_proc
async def test_cancelled_watches_take_no_memory(process: tuple[Service, Any]) -> None:
    """
    What each left would add up to the end of the process.

    The first rounds fill what is kept and used again, for how many rounds depends on the machine, and each round's size
    swings by a few MiB. So memory is held to level off: some rounds in a row end no higher than the ones before. A leak
    of half a kilobyte a watch would never do that.
    """
    service, stub = process
    workers = [await Worker.create(stub) for _ in range(50)]
    sizes: list[int] = []
    while max(sizes[-LEVEL_ROUNDS:], default=2 * MIB) > max(sizes[:-LEVEL_ROUNDS], default=0) + LEVEL_BYTES:
        assert len(sizes) < MOST_ROUNDS, f"it grows on: {[size // MIB for size in sizes]} MiB"
        await cancelled_watches(stub, workers, CANCELLED // 4, seed=len(sizes))
        sizes.append(resident(service))
    print(f"resident MiB after each {CANCELLED // 4}: {[size // MIB for size in sizes]}")


@needs_proc
async def test_a_watch_that_nobody_reads_takes_little_memory(process: tuple[Service, Any]) -> None:
    """Otherwise one caller that hangs ends the server for all."""
    service, stub = process
    kilobytes, watches, updates = 32, 50, 200
    worker = await Worker.create(stub, type="unread", metadata={"filler": "x" * kilobytes * 1024})
    await worker.start()
    unread = grpc.aio.insecure_channel(service.address, SMALL_WINDOW)
    watcher: Any = ExecutionServiceStub(unread)
    calls = [watcher.WatchExecution(api.WatchExecutionRequest(id=worker.id)) for _ in range(watches)]
    filter_ = api.ExecutionFilter(types=["unread"], statuses=[ExecutionStatus.EXECUTION_STATUS_RUNNING])
    calls += [watcher.WatchExecutions(api.WatchExecutionsRequest(filter=filter_)) for _ in range(watches)]
    for call in calls:
        await call.wait_for_connection()
    before = resident(service)

    for current in range(updates):
        await worker.progress(current)

    grown = resident(service) - before
    everything = 2 * watches * updates * kilobytes * 1024
    print(f"grew by {grown // MIB} MiB of {everything // MIB} MiB that were told")
    assert grown < everything / 10
    await unread.close()
