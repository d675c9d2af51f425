"""
What watchers that never read cost the server: its memory while an execution that they watch is updated on and on.

Their streams are opened with HTTP/2's default window and never given more, so the server may send each of them 64 KiB
and no byte beyond. A watcher beside them that does read has to be told of every update all the while; in the end the
others read on, and each has to find the newest state.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Progress

from . import load, processes, workload
from .http2 import FIRST_WINDOW, Connection
from .report import progress, table
from .scale import Scale
from .watching import PATIENCE_SECONDS, Kind, watching

WATCHERS: Final = 100
MESSAGE_BYTES: Final = 4_000
"""Of the progress message in each update."""
ENOUGH_BYTES: Final = 10_000_000
READ: Final = Kind("read at once", own=False)


class SlowReaders:
    """Watches that take what comes unasked and no more, until they ``read_on``."""

    def __init__(self, connections: Sequence[Connection], id_: str) -> None:
        self._newest = [0] * WATCHERS
        self._told = asyncio.Event()
        path = workload.SERVICE + "WatchExecution"
        request = messages.WatchExecutionRequest(id=id_).SerializeToString()
        self._streams = [
            connections[number % len(connections)].stream(path, request, self._reader(number))
            for number in range(WATCHERS)
        ]

    async def reach(self, revision: int) -> None:
        """Wait until every one has been told of *revision*."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while min(self._newest) < revision:
                self._told.clear()
                await self._told.wait()

    def read_on(self) -> None:
        """Take whatever comes."""
        for stream in self._streams:
            stream.read_on(ENOUGH_BYTES)

    def _reader(self, number: int) -> Callable[[bytes], None]:
        def read(message: bytes) -> None:
            self._newest[number] = messages.WatchExecutionResponse.FromString(message).revision
            self._told.set()

        return read


async def measure(scale: Scale) -> None:
    """Print how the server's memory grows in the first tenth of the updates and in the rest."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        (caller,) = await stack.enter_async_context(load.connected(server, 1))
        unread = await stack.enter_async_context(load.connected(server, 4, stream_window=FIRST_WINDOW))
        (id_,) = await workload.running([caller], 1)
        slow = SlowReaders(unread, id_)
        await slow.reach(1)
        reader = await stack.enter_async_context(watching(server, READ, [id_], 1, workload.TYPE))
        memory = [server.memory_bytes()]
        tenth = scale.slow_updates // 10
        for updates in (tenth, scale.slow_updates - tenth):
            for _ in range(updates):
                reader.arrived.clear()
                revision = await _update(caller, id_)
                await reader.wait_for(1)
            memory.append(server.memory_bytes())
            progress(f"slow readers: {updates} updates sent")
        slow.read_on()
        await slow.reach(revision)
    _print(memory, tenth, scale.slow_updates)


async def _update(connection: Connection, id_: str) -> int:
    """Report progress, and answer the revision that this led to."""
    report = Progress(current=1, message="x" * MESSAGE_BYTES)
    request = messages.UpdateProgressRequest(id=id_, progress=report, attempt=1).SerializeToString()
    answer = await connection.unary(workload.SERVICE + "UpdateProgress", request)
    return messages.UpdateProgressResponse.FromString(answer).execution.revision


def _print(memory: Sequence[int], tenth: int, updates: int) -> None:
    rows = []
    for name, count, before, after in (
        (f"the first {tenth:,}", tenth, memory[0], memory[1]),
        (f"the {updates - tenth:,} after them", updates - tenth, memory[1], memory[2]),
    ):
        rows.append([name, f"{(after - before) / WATCHERS:,.0f}", f"{count * MESSAGE_BYTES:,}"])
    columns = ["updates", "growth per watcher (bytes)", "updates that each did not read (bytes)"]
    table(f"Server memory with {WATCHERS} watchers that never read", columns, rows)
