"""How many watches there may be, and how a draining server ends them."""

from __future__ import annotations

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from execution_server.domain.problems import ServerDraining
from execution_server.store.memory import MemoryStore

from tests.service import aio_channel
from tests.waiting import until
from tests.watch.served import NEVER, Pulled, Reader, Refusal, Served, Worker, served, watch, watch_all
from tests.watch.validators import SNAPSHOT


def refused(limit: int) -> Refusal:
    return Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_WATCHES", {"limit": str(limit)}, True)


async def test_a_connection_may_have_so_many_watches() -> None:
    """One caller must not use up what is there for all. The next connection is another caller."""
    async with served(MemoryStore(), per_connection=2) as server:
        worker = await Worker.create(server.stub)
        held = [watch(server, worker.id), watch_all(server, snapshot=True)]
        for reader in held:
            await reader.next()

        assert await watch(server, worker.id).refusal() == refused(2)
        assert await watch_all(server).refusal() == refused(2)

        async with aio_channel(server.address) as channel:
            other = Served(server.address, server.hub, server.store, server.service, channel)
            reader = watch(other, worker.id)
            await reader.next()
        held[0].cancel()
        await until(lambda: server.hub.watches == 1, "the place is free")
        again = watch(server, worker.id)
        await again.next()
        held[1].cancel()
        again.cancel()


async def test_a_server_takes_so_many_watches() -> None:
    """It has to stay up for those that it has."""
    async with served(MemoryStore(), per_process=1) as server:
        worker = await Worker.create(server.stub)
        held = watch(server, worker.id)
        await held.next()

        async with aio_channel(server.address) as channel:
            other = Served(server.address, server.hub, server.store, server.service, channel)
            assert await watch(other, worker.id).refusal() == refused(1)
        held.cancel()


async def test_a_draining_server_tells_watchers_where_to_go_on(server: Served) -> None:
    """With that revision the next server goes on without a gap."""
    worker = await (await Worker.create(server.stub)).start()
    one, future, many = (
        watch(server, worker.id),
        watch(server, worker.id, 7),
        watch_all(server, snapshot=True),
    )
    await one.next()
    while (await many.next()).event == SNAPSHOT:
        pass
    await until(lambda: server.hub._topics[worker.id].watchers == 2, "the second has begun")

    server.hub.drain()

    draining = grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING"
    for reader, metadata in ((one, {"revision": "2"}), (future, {"revision": "7"}), (many, {})):
        assert await reader.rest() == []
        refusal = await reader.refusal()
        assert (refusal.code, refusal.reason) == draining
        assert refusal.metadata == metadata
    for reader in (watch(server, worker.id), watch_all(server)):
        refusal = await reader.refusal()
        assert (refusal.code, refusal.reason) == draining


async def test_a_watch_that_begins_while_the_server_drains_ends_too() -> None:
    """Between its first message and its first wait nobody wakes it."""
    async with served(MemoryStore(), bookmark_seconds=NEVER) as server:
        worker = await Worker.create(server.stub)
        pulled = Pulled(server, api.WatchExecutionRequest(id=worker.id))
        await pulled.next()
        server.hub.drain()
        ended = Reader(server.stub.WatchExecution(api.WatchExecutionRequest(id=worker.id)))
        assert (await ended.refusal()).reason == "SERVER_DRAINING"
        with pytest.raises(ServerDraining) as draining:
            await pulled.next()
        assert draining.value.metadata == {"revision": "1"}
