"""
The service without gRPC, in this process: for what is counted, not timed.

There is no sweeper, and the only background work is the look at the store's clock, once a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from croco.execution.v1.execution_pb2 import Retention
from croco.execution.v1.execution_service_pb2 import DESCRIPTOR, ServerLimits
from execution_server.batches import Batches
from execution_server.domain.limits import CHECKPOINTS
from execution_server.manager import Manager
from execution_server.places import Limits
from execution_server.rpc.calls import Call
from execution_server.rpc.execution_service import ExecutionService
from execution_server.rpc.server_info import ServerInfo
from execution_server.store.redis import RedisStore, open_store
from execution_server.store.redis.link import ServerLink
from execution_server.store.redis.wire import Command
from execution_server.watch import Hub
from google.protobuf.message_factory import GetMessageClass

from .processes import Store

CALL_SECONDS: Final = 30.0
METHODS: Final = DESCRIPTOR.services_by_name["ExecutionService"].methods_by_name


@dataclass(frozen=True)
class Replica:
    """One server process's worth of the service."""

    service: ExecutionService
    store: RedisStore

    async def call(self, method: str, request: bytes) -> Any:
        """Make a call; answers the response message."""
        message = GetMessageClass(METHODS[method].input_type).FromString(request)
        until = asyncio.get_running_loop().time() + CALL_SECONDS
        return await getattr(self.service, method)(message, Call(method, until, until, "in process"))


@asynccontextmanager
async def replica(store: Store) -> AsyncIterator[Replica]:
    """A replica on *store*."""
    opened = await open_store(store.url)
    hub = Hub(opened, Limits(per_process=1, per_connection=1))
    manager, info = Manager(opened), ServerInfo("", ServerLimits(checkpoints=CHECKPOINTS), opened)
    try:
        yield Replica(ExecutionService(manager, Batches(opened, manager), hub, info, Retention()), opened)
    finally:
        await hub.close()
        await opened.close()


@contextmanager
def recorded() -> Iterator[list[list[Command]]]:
    """Record what all replicas of this process send to their stores meanwhile: a list of commands per round trip."""
    sent: list[list[Command]] = []
    call_all = ServerLink.call_all

    async def recording(link: ServerLink, commands: list[Command], *, deadline: float) -> list[Any]:
        if commands != [("TIME",)]:  # the look at the clock, which belongs to no call
            sent.append(commands)
        return await call_all(link, commands, deadline=deadline)

    ServerLink.call_all = recording  # type: ignore[method-assign, assignment]  # for every link, whoever makes it
    try:
        yield sent
    finally:
        ServerLink.call_all = call_all  # type: ignore[method-assign]
