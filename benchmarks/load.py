"""Closed-loop load: so many calls under way at a time, each followed by the next."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from .http2 import LARGEST_WINDOW, Connection
from .processes import Measured


@asynccontextmanager
async def connected(
    server: Measured, connections: int, *, stream_window: int = LARGEST_WINDOW
) -> AsyncIterator[list[Connection]]:
    """That many connections to *server*."""
    opened = [await Connection.open(server.address, stream_window=stream_window) for _ in range(connections)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def run(
    connections: Sequence[Connection], path: str, requests: Iterable[bytes], *, per_connection: int
) -> tuple[list[bytes], list[float]]:
    """
    Make all calls, *per_connection* at a time on each connection.

    Returns:
        The answers, in the order in which they came, and how long each call took, in seconds.
    """
    left = iter(requests)
    answers: list[bytes] = []
    seconds: list[float] = []

    async def caller(connection: Connection) -> None:
        for request in left:
            began = time.perf_counter()
            answers.append(await connection.unary(path, request))
            seconds.append(time.perf_counter() - began)

    async with asyncio.TaskGroup() as callers:
        for connection in connections:
            for _ in range(per_connection):
                callers.create_task(caller(connection))
    return answers, seconds
