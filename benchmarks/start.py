"""
What it takes until calls are answered, from the process's making on; and what it takes to wait for them.

The starts take turns: the empty server, the service on a store that runs, the service with a store of its own. A ready
file tells when calls are answered; it is looked for every 20 ms.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from statistics import median
from typing import Final

from . import processes
from .processes import Measured
from .report import progress, spread, table
from .scale import Scale

AIM_SECONDS: Final = 1.0
EMPTY: Final = "the empty server"
SERVICE: Final = "the service, on a store that runs"

Start = Callable[[], AbstractAsyncContextManager[Measured]]


@dataclass(frozen=True)
class Started:
    """A server that has just come up."""

    seconds: float
    cpu_seconds: float
    resident_bytes: int
    private_bytes: int


async def measure(scale: Scale) -> None:
    """Print a row per kind of server."""
    found: dict[str, list[Started]] = {}
    async with processes.embedded_store() as store:
        starts: dict[str, Start] = {
            EMPTY: _empty,
            SERVICE: lambda: processes.service(store),
            "the service, with a store of its own": processes.service_with_own_store,
        }
        for number in range(-1, scale.rounds):
            for name, start in starts.items():
                started = await _started(start)
                if number >= 0:  # the round before the first fills the caches of files
                    found.setdefault(name, []).append(started)
            progress(f"start: round {number + 1} of {scale.rounds}")
    columns = [
        *("server", "exec to ready / the empty server's", "CPU / the empty server's"),
        *("on less than a second of CPU", "within a second"),
    ]
    table("Start", columns, [[name, *_row(rows, found[EMPTY])] for name, rows in found.items()])
    memory = [[name, *_memory(found[name])] for name in (EMPTY, SERVICE)]
    table("Memory of an idle process (bytes)", ["server", "resident", "of it no file's"], memory)


async def _started(start: Start) -> Started:
    began = time.perf_counter()
    async with start() as server:
        seconds, cpu_seconds = time.perf_counter() - began, server.cpu_seconds()
        return Started(seconds, cpu_seconds, server.resident_bytes(), server.memory_bytes())


def _row(rows: list[Started], empty: list[Started]) -> list[str]:
    pairs = list(zip(rows, empty, strict=True))
    within = sum(row.seconds < AIM_SECONDS for row in rows)
    on_less = sum(row.cpu_seconds < AIM_SECONDS for row in rows)
    return [
        spread([row.seconds / other.seconds for row, other in pairs]),
        spread([row.cpu_seconds / other.cpu_seconds for row, other in pairs]),
        f"{on_less} of {len(rows)}",
        f"{within} of {len(rows)}",
    ]


def _memory(rows: list[Started]) -> list[str]:
    both = median(row.resident_bytes for row in rows), median(row.private_bytes for row in rows)
    return [f"{value:,.0f}" for value in both]


@asynccontextmanager
async def _empty() -> AsyncIterator[Measured]:
    """An empty server with no methods: its start is that of gRPC, of uvloop and of the generated messages."""
    with tempfile.NamedTemporaryFile("w", prefix="bench-", suffix=".json") as answers:
        answers.write("{}")
        answers.flush()
        async with processes.empty_server(answers.name) as server:
            yield server
