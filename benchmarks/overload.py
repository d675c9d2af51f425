"""
What becomes of others, and of what is too much, while one client floods a server or thousands watch.

The flood is one connection that has as many calls under way as gRPC lets through, from callers that come back half a
second after a refusal, the least that its RetryInfo says. Calls of others begin at fixed moments, as in ``beside.py``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import median
from typing import Final

from . import beside, calls, load, processes, workload
from .beside import ONE
from .http2 import CallFailed, Connection
from .report import percentile, progress, spread, table
from .scale import Scale
from .watching import watching

SERVERS: Final = {
    "a flood of 1,088 calls at a time": (1_088, ()),
    "a flood of 128 at a time, as max_streams_per_connection 128 allows": (
        128,
        ("--max-streams-per-connection", "128", "--max-inflight-per-connection", "64"),
    ),
}
"""How many calls the flood has under way, which is what gRPC lets through, and the server's options."""
RETRY_SECONDS: Final = 0.5
ALONE: Final = 400
"""Empty calls one after the other, which everything is a ratio to."""
HEALTH: Final = "/grpc.health.v1.Health/Check"
METHOD: Final = workload.SERVICE + "UpdateProgress"


class Flood:
    """Notes how long refusals took."""

    def __init__(self) -> None:
        self.refusals: list[float] = []

    async def call_on(self, connection: Connection, id_: str) -> None:
        """One of the flood's callers."""
        while True:
            began = time.perf_counter()
            try:
                await connection.unary(METHOD, workload.progress(id_, 1))
            except CallFailed:
                self.refusals.append(time.perf_counter() - began)
                await asyncio.sleep(RETRY_SECONDS)


async def measure(scale: Scale) -> None:
    """Print a row per situation."""
    rows = []
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        connections = await stack.enter_async_context(load.connected(server, calls.CONNECTIONS))
        _, empty = await stack.enter_async_context(calls.empty(server))
        ids = await workload.running(connections, 2)
        for count in scale.watches:
            async with watching(server, ONE, ids[:1], count, workload.TYPE):
                rows.append(
                    [f"{count:,} idle watches", *await _others(connections, empty, ids[1], scale), "-"]
                )
            progress(f"overload: {count:,} watches")
        for name, (calls_at_once, options) in SERVERS.items():
            flooded = await stack.enter_async_context(processes.service(store, *options))
            calm = await stack.enter_async_context(load.connected(flooded, calls.CONNECTIONS))
            async with (
                load.connected(flooded, 1) as (flooding,),
                _flooded(flooding, ids[0], calls_at_once) as flood,
            ):
                others = await _others(calm, empty, ids[1], scale)
                one = median(await _alone(empty[0]))
            refusals = [value / one for value in flood.refusals] or [0.0, 0.0]
            rows.append([name, *others, f"{median(refusals):.0f} / {percentile(refusals, 99):.0f}"])
            progress(f"overload: a flood, {len(flood.refusals):,} refused")
    columns = ["beside", "GetExecution: median", "p99", "health: median", "p99", "refusal: median / p99"]
    table("Time to the answer / an empty call's median", columns, rows)


async def _others(
    connections: Sequence[Connection], empty: Sequence[Connection], id_: str, scale: Scale
) -> list[str]:
    get = workload.SERVICE + "GetExecution", workload.request("GetExecution", id_)
    cells: list[str] = []
    for path, request in (get, (HEALTH, b"")):
        halves, nines = [], []
        for _ in range(scale.watch_rounds):
            one = median(await _alone(empty[0]))
            seconds = await beside.paced(connections, path, request, scale.paced_seconds)
            halves.append(median(seconds) / one)
            nines.append(percentile(seconds, 99) / one)
        cells += [spread(halves), spread(nines)]
    return cells


async def _alone(empty: Connection) -> list[float]:
    """How long each of some empty calls takes on a server with nothing else to do."""
    request = workload.request("GetExecution", workload.NOBODY)
    _, seconds = await load.run(
        [empty], workload.SERVICE + "GetExecution", [request] * ALONE, per_connection=1
    )
    return seconds


@asynccontextmanager
async def _flooded(connection: Connection, id_: str, calls_at_once: int) -> AsyncIterator[Flood]:
    flood = Flood()
    callers = [asyncio.create_task(flood.call_on(connection, id_)) for _ in range(calls_at_once)]
    try:
        yield flood
    finally:
        for caller in callers:
            caller.cancel()
