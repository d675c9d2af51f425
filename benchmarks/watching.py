"""Open watches, many of them, and note when what arrives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages

from . import load, workload
from .processes import Measured

ON_ONE_CONNECTION: Final = 1_000
PATIENCE_SECONDS: Final = 120.0
"""What takes longer is broken."""
NEWS_BYTES: Final = 64
"""A message that has an execution in it is longer, a bookmark is shorter."""


class Watchers:
    """Watches that are read at once."""

    def __init__(self) -> None:
        self.arrived: list[float] = []
        """When each message with news arrived, on the clock of ``time.perf_counter``."""
        self._awaited = 0
        self._enough: asyncio.Future[None] | None = None

    def take(self, message: bytes) -> None:
        """Note a message."""
        if len(message) < NEWS_BYTES:
            return
        self.arrived.append(time.perf_counter())
        if self._enough is not None and len(self.arrived) == self._awaited:
            self._enough.set_result(None)
            self._enough = None

    async def wait_for(self, count: int) -> None:
        """Wait until *count* messages have arrived since ``arrived`` was cleared."""
        if len(self.arrived) < count:
            self._awaited, self._enough = count, asyncio.get_running_loop().create_future()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._enough


@dataclass(frozen=True)
class Kind:
    """A way to watch."""

    name: str
    own: bool
    """Whether each watches an execution of its own; else all of them are told of one."""
    method: str = "WatchExecution"

    def request(self, id_: str, type_: str) -> bytes:
        """The request that begins a watch."""
        if self.method == "WatchExecutions":
            filter_ = messages.ExecutionFilter(types=[type_])
            return messages.WatchExecutionsRequest(filter=filter_, snapshot=True).SerializeToString()
        return messages.WatchExecutionRequest(id=id_).SerializeToString()


@asynccontextmanager
async def watching(
    server: Measured, kind: Kind, ids: Sequence[str], count: int, type_: str
) -> AsyncIterator[Watchers]:
    """*count* watches of *ids* in turn, or of their *type_*, each past its snapshot; on several connections."""
    watchers = Watchers()
    async with load.connected(server, max(4, -(-count // ON_ONE_CONNECTION))) as connections:
        for number in range(count):
            request = kind.request(ids[number % len(ids)], type_)
            connections[number % len(connections)].stream(
                workload.SERVICE + kind.method, request, watchers.take
            )
        await watchers.wait_for(count)
        yield watchers
