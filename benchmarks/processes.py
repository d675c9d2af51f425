"""
The processes that are measured, each on its core, and their clocks.

The servers share one core; the load client and the stores share the other, where there are two. What is measured is the
CPU clock of a process, which stands still while others run, so what else the machine does is noise and not an error.

Nothing here blocks the event loop for long: servers hang up on a client that does not answer their pings.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from execution_server.embedded import EmbeddedStore
from redis import Redis

CORES: Final = sorted(os.sched_getaffinity(0))
SERVER_CORE: Final = CORES[0]
OTHER_CORES: Final = CORES[1:] or CORES
PATIENCE_SECONDS: Final = 60.0
SERVE: Final = (
    *("-m", "execution_server", "serve", "--listen", "127.0.0.1:0", "--log-level", "warning"),
    *("--max-watches", "20000", "--max-watches-per-connection", "1500"),
)


class DidNotStart(Exception):
    """A server that is to be measured is not there."""


@dataclass(frozen=True)
class Measured:
    """A running process."""

    pid: int
    address: str = ""
    """Where it answers calls, if it does."""

    def cpu_seconds(self) -> float:
        """What all its threads have used so far: the process CPU clock, which counts nanoseconds."""
        return time.clock_gettime(~self.pid << 3 | 2)  # as clock_getcpuclockid(3) computes it

    def memory_bytes(self) -> int:
        """Its resident memory that no file backs."""
        return self._status_bytes("RssAnon:")

    def resident_bytes(self) -> int:
        """Its resident memory, with that of files, which processes share."""
        return self._status_bytes("VmRSS:")

    def _status_bytes(self, field: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


@dataclass(frozen=True)
class Store(Measured):
    """A running embedded store."""

    url: str = ""

    def information(self, section: str) -> dict[str, object]:
        """The store's own figures."""
        with Redis.from_url(self.url) as client:
            return dict(client.info(section))

    def configure(self, name: str, value: str) -> None:
        """Change a setting of the store."""
        with Redis.from_url(self.url) as client:
            client.config_set(name, value)


@asynccontextmanager
async def embedded_store(cores: Sequence[int] = OTHER_CORES) -> AsyncIterator[Store]:
    """An empty store with the settings that the server gives its embedded one."""
    stay_on(cores)  # inherited by the store
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        embedded = await asyncio.to_thread(EmbeddedStore.start, Path(folder))
        try:
            with Redis.from_url(embedded.url) as client:
                yield Store(int(client.info("server")["process_id"]), url=embedded.url)
        finally:
            await asyncio.to_thread(embedded.stop)


@asynccontextmanager
async def service(
    store: Store, *options: str, cores: Sequence[int] = (SERVER_CORE,)
) -> AsyncIterator[Measured]:
    """The service on *store*, in one process, with more *options* than all have."""
    async with _server([*SERVE, "--store-url", store.url, *options], cores) as server:
        yield server


@asynccontextmanager
async def service_with_own_store() -> AsyncIterator[Measured]:
    """The service, which starts an embedded store first."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with _server([*SERVE, "--data-dir", folder]) as server:
            yield server


@asynccontextmanager
async def empty_server(answers: str) -> AsyncIterator[Measured]:
    """A server that answers with what the file *answers* holds: see ``empty_server.py``."""
    async with _server(["-m", "benchmarks.empty_server", "--answers", answers]) as server:
        yield server


@asynccontextmanager
async def _server(arguments: Sequence[str], cores: Sequence[int] = (SERVER_CORE,)) -> AsyncIterator[Measured]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ready = Path(folder, "ready")
        command = [sys.executable, *arguments, "--ready-file", str(ready)]
        stay_on(cores)  # inherited by every thread of the new process
        process = await asyncio.create_subprocess_exec(*command)
        stay_on(OTHER_CORES)
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not (address := _address(ready)):
                if process.returncode is not None or time.monotonic() > deadline:
                    raise DidNotStart(" ".join(command))
                await asyncio.sleep(0.02)
            yield Measured(process.pid, address)
        finally:
            await end(process)


async def end(process: asyncio.subprocess.Process) -> None:
    """Have the process end, by force if it does not."""
    if process.returncode is None:
        process.terminate()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _address(ready: Path) -> str:
    """Where the server answers that has written the file; ``""`` if none has yet."""
    return ready.read_text().strip() if ready.exists() else ""


def stay_on(cores: Sequence[int]) -> None:
    """Run on *cores* only, and so every process that is started from now on."""
    os.sched_setaffinity(0, cores)
