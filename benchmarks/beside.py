"""
How long unary calls take beside a fan-out, against without it.

Calls begin at fixed moments, whether or not the one before has been answered, and are timed from the moment at which
they should have begun: a closed loop would send least while the server is slowest, and so hide the very thing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from statistics import median
from typing import Final

from . import calls, load, processes, workload
from .http2 import Connection
from .report import percentile, progress, spread, table
from .scale import Scale
from .watching import Kind, watching

CALLS_PER_SECOND: Final = 200
UPDATES_PER_SECOND: Final = 2
ONE: Final = Kind("one execution, watched by all", own=False)


async def measure(scale: Scale) -> None:
    """Print a row per number of watches, for the service and for the empty server."""
    rows = []
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        connections = await stack.enter_async_context(load.connected(server, calls.CONNECTIONS))
        empty = await stack.enter_async_context(calls.empty(server))
        ids = await workload.running(connections, 2)
        for count in scale.watches:
            for name, side in (("the service", (server, connections)), ("the empty server", empty)):
                async with watching(side[0], ONE, ids[:1], count, workload.TYPE):
                    rows.append([name, f"{count:,}", *await _ratios(side[1], ids, scale)])
                progress(f"beside: {count:,} watches of {name}")
    title = f"GetExecution beside {UPDATES_PER_SECOND} updates a second to all watches / without them"
    table(title, ["server", "watches of one execution", "median / median", "p99 / p99"], rows)


async def _ratios(connections: Sequence[Connection], ids: Sequence[str], scale: Scale) -> tuple[str, str]:
    """The ratios of medians and of p99s; the first of *ids* is updated, the second read."""
    path, request = workload.SERVICE + "GetExecution", workload.request("GetExecution", ids[1])
    halves, nines = [], []
    for _ in range(scale.watch_rounds):
        without = await paced(connections, path, request, scale.paced_seconds)
        updates = asyncio.create_task(_updates(connections[0], ids[0]))
        beside = await paced(connections, path, request, scale.paced_seconds)
        updates.cancel()
        halves.append(median(beside) / median(without))
        nines.append(percentile(beside, 99) / percentile(without, 99))
    return spread(halves), spread(nines)


async def paced(
    connections: Sequence[Connection], path: str, request: bytes, duration_seconds: float
) -> list[float]:
    """How long each of so many calls a second took."""
    seconds: list[float] = []

    async def call(connection: Connection, due: float) -> None:
        await connection.unary(path, request)
        seconds.append(time.perf_counter() - due)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as reads:
        for number in range(int(duration_seconds * CALLS_PER_SECOND)):
            due = began + number / CALLS_PER_SECOND
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            reads.create_task(call(connections[number % len(connections)], due))
    return seconds


async def _updates(connection: Connection, id_: str) -> None:
    step = 0
    while True:
        step += 1
        await connection.unary(workload.SERVICE + "UpdateProgress", workload.progress(id_, step))
        await asyncio.sleep(1 / UPDATES_PER_SECOND)
