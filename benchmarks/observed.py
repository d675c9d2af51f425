"""
What it costs the server to be looked at: CPU per call with metrics that are read every second, and with traces, against
the same server without.

Each slice of calls to the one stands between two slices of the same calls to the other, as in ``calls.py``.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from . import calls, load, processes, workload
from .calls import Side
from .report import progress, spread, table
from .scale import Scale

METHODS: Final = ("CreateExecution", "UpdateProgress", "GetExecution")
SCRAPE_SECONDS: Final = 1.0
"""Fifteen times as often as is usual."""


async def measure(scale: Scale) -> None:
    """Print the ratios by method."""
    rows = []
    port = _free_port()
    ways = {
        "metrics, read every second": ("--metrics-listen", f"127.0.0.1:{port}"),
        "traces, sent to nobody": ("--tracing", "on"),
    }
    for name, options in ways.items():
        ratios: dict[str, list[float]] = {method: [] for method in METHODS}
        async with AsyncExitStack() as stack:
            store = await stack.enter_async_context(processes.embedded_store())
            sides = []
            for chosen in (options, ()):
                server = await stack.enter_async_context(processes.service(store, *chosen))
                connections = await stack.enter_async_context(load.connected(server, calls.CONNECTIONS))
                sides.append((server, connections))
            if "--metrics-listen" in options:
                await stack.enter_async_context(_scraped(port))
            ids = [await workload.running(connections, scale.calls) for _, connections in sides]
            for number in range(-1, scale.rounds):
                for method in METHODS:
                    ratio = await _pair(sides, method, ids, scale.calls)
                    if number >= 0:  # the round before the first warms both up
                        ratios[method].append(ratio)
                progress(f"observed: {name}: round {number + 1} of {scale.rounds}")
        rows += [[name, method, spread(found)] for method, found in ratios.items()]
    table("Server CPU per call / without", ["with", "call", "median (quartiles)"], rows)


async def _pair(sides: Sequence[Side], method: str, ids: Sequence[Sequence[str]], count: int) -> float:
    observed, plain = sides
    half = count // 2
    before, _ = await calls.cpu_seconds(plain, method, _requests(method, ids[1][:half]))
    measured, _ = await calls.cpu_seconds(observed, method, _requests(method, ids[0][: 2 * half]))
    after, _ = await calls.cpu_seconds(plain, method, _requests(method, ids[1][half : 2 * half]))
    return measured / (before + after)


def _requests(method: str, ids: Sequence[str]) -> list[bytes]:
    if method == "CreateExecution":
        return [workload.create() for _ in ids]
    return [workload.request(method, id_) for id_ in ids]


@asynccontextmanager
async def _scraped(port: int) -> AsyncIterator[None]:
    """Read the metrics again and again meanwhile."""

    async def read_on() -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /metrics HTTP/1.0\r\n\r\n")
            page = await reader.read()
            assert b"execution_ready 1" in page, page[:200]
            writer.close()
            await asyncio.sleep(SCRAPE_SECONDS)

    reading = asyncio.create_task(read_on())
    try:
        yield
        assert not reading.done(), "the metrics could not be read"
    finally:
        reading.cancel()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
