"""
A store shared by several processes' worth of server, all in this one: what the server does by itself, without gRPC.

On the store in memory and on a real one. What a test leaves in the real one is checked at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, cast

from croco.execution.v1.execution_pb2 import Execution
from execution_server.dispatch import Demand, Dispatcher, Given
from execution_server.domain.problems import QuotaExceeded
from execution_server.manager import Manager
from execution_server.places import Limits, Places
from execution_server.store.memory import MemoryStore
from execution_server.store.port import Part
from execution_server.store.redis import open_store
from execution_server.sweeper import Sweeper
from execution_server.terms import Decision, Terms
from execution_server.watch import Hub

from tests.servers import Server
from tests.store.checker import check
from tests.store.counting import CountingStore
from tests.waiting import until

STORES: Final = ("memory", "valkey9")
CALL_SECONDS: Final = 10.0


class Replica:
    """What a server process has: its own store, manager, sweeper and dispatcher."""

    def __init__(self, store: CountingStore) -> None:
        self.store = store
        self.manager = Manager(store.as_store)
        self.hub = Hub(store.as_store, Limits(1_000, 1_000))
        self.work_places = Places("work streams", Limits(1_000, 1_000), QuotaExceeded)
        self.sweeper = Sweeper(store.as_store, self.manager)
        self.dispatcher = Dispatcher(store.as_store, self.manager, self.hub)

    async def create(self, **fields: Any) -> str:
        """The id of a new execution."""
        template = Execution(**{"type": "mail", "max_attempts": 3, "max_crashes": 3, "priority": 5, **fields})
        record, created = await self.manager.create(template, terms("Create"))
        assert created
        return record.id

    async def change(self, execution_id: str, decide: Decision) -> Execution:
        """The head of the execution after *decide*."""
        return await self.manager.change(execution_id, decide, terms("Change"), Part.HEAD)

    async def get(self, execution_id: str) -> Execution:
        """All of it."""
        return await self.manager.get(execution_id, Part.FULL, deadline=terms("Get").deadline)

    async def close(self) -> None:
        await self.hub.close()
        if not isinstance(self.store.wrapped, MemoryStore):
            await self.store.wrapped.close()


class Worker:
    """
    A demand, and what it was given.

    Attributes:
        given: the executions that became its own, in order.
    """

    def __init__(self, replica: Replica, *types: str, room: int = 1_000, lease_ms: int = 60_000) -> None:
        self.given: list[Execution] = []
        self.demand = Demand("worker", types or ("mail",), lease_ms, room, self._give)
        self._dispatcher = replica.dispatcher
        self._dispatcher.add_demand(self.demand)

    def _give(self, one: Given | None) -> None:
        self.given.extend([one.record] if one is not None else [])

    @property
    def ids(self) -> list[str]:
        """The ids of what it was given, in order."""
        return [record.id for record in self.given]

    async def has(self, count: int) -> None:
        """Wait until it was given *count* in all, and has heard that there is no more than that."""
        await until(lambda: len(self.given) >= count, f"{count} are given")
        assert len(self.given) == count

    def more_room(self, count: int = 1) -> None:
        self.demand.room += count
        self._dispatcher.make_room()

    def leave(self) -> None:
        self.demand.gone = True
        self._dispatcher.remove_demand(self.demand)


Join = Callable[[], Awaitable[Replica]]
"""Starts one more process's worth of server on the same store."""


@asynccontextmanager
async def deployment(
    server: Server | None = None, *, partitions: int = 4, clock: Callable[[], int] | None = None
) -> AsyncIterator[Join]:
    """
    An empty store.

    Args:
        server: where it is; None: in memory.
        clock: the time of the store in memory.
    """
    memory = MemoryStore(partitions, clock)
    if server is not None:
        server.command("FLUSHALL")
    async with AsyncExitStack() as stack:

        async def join() -> Replica:
            store = memory if server is None else await open_store(server.url, partitions=partitions)
            replica = Replica(CountingStore(store))
            stack.push_async_callback(replica.close)
            return replica

        yield join
        if server is not None:
            with server.client() as client:
                assert check(client) == []


@asynccontextmanager
async def dispatching(*replicas: Replica) -> AsyncIterator[None]:
    """Let the dispatchers run meanwhile."""
    tasks = [asyncio.create_task(replica.dispatcher.run_forever()) for replica in replicas]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def terms(method: str, **options: Any) -> Terms:
    return Terms(method=method, deadline=asyncio.get_running_loop().time() + CALL_SECONDS, **options)


async def reached(replica: Replica, moment_ms: int) -> None:
    """Wait until the store's clock has reached *moment_ms*."""
    await until(lambda: replica.store.as_store.now_ms() >= moment_ms, "the clock gets there")


def raising(error: Exception) -> Callable[..., Any]:
    """A store's method that fails."""

    async def fail(*args: object, **options: object) -> Any:
        raise error

    return cast("Callable[..., Any]", fail)
