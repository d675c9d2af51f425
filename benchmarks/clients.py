"""
What the clients cost their programs: the same lives of executions, by each language's client, against one server.

The drivers of tests/clients/scenario.md make the load with what programs use of the clients, requests and answers in
the language's own types. Each slice of another language's stands between two slices of the Python client's, and the
ratio is kept. Whatever a driver's process uses counts: collectors, compilers and all threads.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple

from google.protobuf.json_format import MessageToDict

from . import processes, workload
from .processes import Measured
from .report import progress, spread, table
from .scale import Scale

ROOT: Final = Path(__file__).parents[1]
REFERENCE: Final = "python"
LANGUAGES: Final = sorted(path.parent.name for path in ROOT.glob("clients/*/Makefile"))
SCENARIO: Final = ROOT / "tests/clients/scenario.json"
LOOPS: Final = 32
"""Executions that live at a time."""
CALLS_PER_LIFE: Final = 6
WARM_UPS: Final = 4
"""Rounds that do not count. Compilers at run time need more than one."""
LARGEST_LINE: Final = 1 << 24
COLUMNS: Final = (
    "language",
    "lifecycles per second",
    "client CPU per call",
    "server CPU per call",
    "client CPU / server CPU",
)


class Cost(NamedTuple):
    """What a slice took, per call."""

    seconds: float
    client: float
    server: float


class Driver:
    """The driver of a language, which runs."""

    def __init__(self, language: str, process: asyncio.subprocess.Process, server: Measured) -> None:
        self.language = language
        self._process = process
        self._measured = Measured(process.pid)
        self._server = server

    async def cost(self, lifecycles: int) -> Cost:
        """What it costs to have that many executions live."""
        began, client, server = self._clocks()
        calls = await self._bench(lifecycles)
        ended, client_after, server_after = self._clocks()
        return Cost((ended - began) / calls, (client_after - client) / calls, (server_after - server) / calls)

    def _clocks(self) -> tuple[float, float, float]:
        return time.perf_counter(), self._measured.cpu_seconds(), self._server.cpu_seconds()

    async def _bench(self, lifecycles: int) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        load = {"type": workload.TYPE, "payload": MessageToDict(workload.PAYLOAD)}
        command = {
            "n": 1,
            "do": "bench",
            "with": load | {"lifecycles": lifecycles, "concurrency": LOOPS},
        }
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        answer = json.loads(await self._process.stdout.readline() or "{}")
        if answer.get("ok") != {"calls": lifecycles * CALLS_PER_LIFE}:
            raise RuntimeError(f"the driver in {self.language} answers {answer or 'nothing'}")
        return lifecycles * CALLS_PER_LIFE


async def measure(scale: Scale) -> None:
    """Print a row per language whose driver can be made here and makes a load; the others are named."""
    without = json.loads(SCENARIO.read_text())["without_bench"]
    built = [language for language in LANGUAGES if language not in without and await _made(language)]
    missing = sorted(set(LANGUAGES) - set(built))
    ratios: dict[str, list[list[float]]] = {language: [] for language in [REFERENCE, *built]}
    lifecycles = scale.calls // CALLS_PER_LIFE
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        reference = await stack.enter_async_context(_driver(REFERENCE, server))
        others = [await stack.enter_async_context(_driver(language, server)) for language in built]
        for number in range(-WARM_UPS, scale.rounds):
            found = await _round(reference, others, lifecycles)
            if number >= 0:
                for language, numbers in found.items():
                    ratios[language].append(numbers)
            progress(f"clients: round {number + 1} of {scale.rounds}, after {WARM_UPS} that do not count")
    rows = [[language, *map(spread, zip(*all_, strict=True))] for language, all_ in ratios.items()]
    table("A client's lifecycles / the Python client's", COLUMNS, rows)
    if missing:
        print(f"Not measured, as their drivers cannot be built here or make no load: {', '.join(missing)}.\n")


async def _round(reference: Driver, others: Sequence[Driver], lifecycles: int) -> dict[str, list[float]]:
    """The numbers of a row of the table, by language."""
    found = {}
    before = first = await reference.cost(lifecycles)
    for other in others:
        cost = await other.cost(lifecycles)
        after = await reference.cost(lifecycles)
        mean = Cost(*((b + a) / 2 for b, a in zip(before, after, strict=True)))
        found[other.language] = _ratios(cost, mean)
        before = after
    return {reference.language: _ratios(first, first)} | found


def _ratios(cost: Cost, to: Cost) -> list[float]:
    return [
        to.seconds / cost.seconds,
        cost.client / to.client,
        cost.server / to.server,
        cost.client / cost.server,
    ]


async def _made(language: str) -> bool:
    """Make the driver, as fast as its language's compiler can; answers whether its toolchain is here."""
    make = ("make", "--no-print-directory", "--silent", "-C", str(ROOT / "clients" / language))
    if await _run(*make, "toolchain"):
        return False
    progress(f"clients: {language} is built")
    if await _run(*make, "driver", "PROFILE=release"):
        raise RuntimeError(f"the driver in {language} cannot be built")
    return True


async def _run(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdout=sys.stderr)
    return await process.wait()


@asynccontextmanager
async def _driver(language: str, server: Measured) -> AsyncIterator[Driver]:
    command = [str(ROOT / "clients" / language / "build/driver")]
    if language == REFERENCE:
        command = [sys.executable, str(ROOT / "tests/clients/python/driver.py")]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--target",
        server.address,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LARGEST_LINE,
    )
    try:
        yield Driver(language, process, server)
    finally:
        await processes.end(process)
