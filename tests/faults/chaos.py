"""Processes that things happen to: servers and workers, killed and stopped in an order that a seed decides."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.process.programs import environment
from tests.service import Service

PROGRAM: Final = Path(__file__).with_name("worker_program.py")


class WorkerProcess:
    """A worker that is started again, under a new name, whenever it was killed."""

    def __init__(
        self, folder: Path, name: str, lease_ms: int, types: Sequence[str], addresses: list[str]
    ) -> None:
        self.name, self._lease_ms, self._types, self._addresses = name, lease_ms, types, addresses
        self._folder = folder
        self._lives = 0
        self.start()

    def start(self) -> None:
        self._lives += 1
        name = f"{self.name}.{self._lives}"
        words = [name, str(self._lease_ms), str(self._folder / f"{name}.notes"), ",".join(self._types)]
        with (self._folder / f"{name}.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(PROGRAM), *words, *self._addresses], env=environment(), stderr=log
            )

    def kill9(self) -> None:
        self.process.kill()
        self.process.wait()

    def complaints(self) -> str:
        """What its lives have said on standard error."""
        return "".join(path.read_text() for path in sorted(self._folder.glob(f"{self.name}.*.log")))


@contextmanager
def workers(
    folder: Path, names: Sequence[str], lease_ms: int, types: Sequence[str], addresses: list[str]
) -> Iterator[list[WorkerProcess]]:
    """Worker processes for as long as the context lasts."""
    started: list[WorkerProcess] = []
    try:
        for number, name in enumerate(names):
            first = number % len(addresses)  # every server has its share of them
            by_turns = [*addresses[first:], *addresses[:first]]
            started.append(WorkerProcess(folder, name, lease_ms, types, by_turns))
        yield started
    finally:
        for one in started:
            one.kill9()


class Chaos:
    """
    Faults, one at a time, each to its end.

    Attributes:
        happened: how many of each kind there were.
    """

    def __init__(
        self, seed: int, servers: list[Service], workers: list[WorkerProcess], lease_ms: int
    ) -> None:
        self.happened = Counter[str]()
        self._random = random.Random(seed)
        self._servers, self._workers, self._lease_ms = servers, workers, lease_ms

    async def rage(self, is_over: Callable[[], bool]) -> None:
        """Go on until it is over, and until each kind of fault has happened twice."""
        kinds = (self._kill_worker, self._stop_server, self._kill_server, self._stop_worker)
        while not is_over() or min(self.happened[kind.__name__] for kind in kinds) < 2:
            turn = [*kinds]
            self._random.shuffle(turn)
            for kind in turn:
                await asyncio.sleep(self._random.uniform(0.1, 0.4))
                await kind()
                self.happened[kind.__name__] += 1

    async def _kill_worker(self) -> None:
        worker = self._random.choice(self._workers)
        worker.kill9()
        worker.start()

    async def _kill_server(self) -> None:
        server = self._random.choice(self._servers)
        server.kill9()
        await asyncio.to_thread(server.start)

    async def _stop_worker(self) -> None:
        await self._stop(self._random.choice(self._workers).process)

    async def _stop_server(self) -> None:
        """Long enough for the leases that it keeps to run out."""
        await self._stop(self._random.choice(self._servers).process)

    async def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._lease_ms / 1_000 * self._random.uniform(1.5, 2))
        finally:
            process.send_signal(signal.SIGCONT)
