"""
The real server in a process of its own: start it, drain it, kill it, start it again; and how tests talk to it.

The stores behind it are those of ``servers.py``.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
from execution_server import app
from execution_server.config import Settings
from execution_server.store.port import ExecutionStore

from tests.process.programs import DEADLINE_SECONDS, environment, freeze, wait_until
from tests.waiting import until

CHANNEL_OPTIONS: Final = (
    # A connection of its own for each channel, and never through a proxy of the environment.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
)


class Service:
    """A server process. ``address`` is where it answers calls."""

    def __init__(self, folder: Path, *options: str, environ: Mapping[str, str] | None = None) -> None:
        """
        Args:
            folder: for its files; one per service.
            options: what ``execution-server serve`` is given, beside what it needs here.
            environ: what its environment has other than the tests'.
        """
        self._environ = environ or {}
        self._folder = folder
        self._options = options
        self._ready_file = folder / "ready"
        self._log_file = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.address = "127.0.0.1:0"

    def start(self) -> None:
        """Start it and wait until it serves; on the same port as before, if it served before."""
        self.launch()
        wait_until(lambda: self._ready_file.exists() or not self.is_running, "the server serves")
        assert self.is_running, self.log_text()
        self.address = self._ready_file.read_text().strip()

    def launch(self) -> None:
        """Start it and wait for nothing."""
        self._ready_file.unlink(missing_ok=True)
        needed = ("--listen", self.address, "--ready-file", str(self._ready_file), "--log-format", "json")
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "execution_server", "serve", *needed, *self._options],
                env=environment(**self._environ),
                stderr=log,
                start_new_session=True,
            )

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The process that was started last."""
        assert self._process is not None
        return self._process

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended yet."""
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        """Ask it to drain and stop, and do not wait."""
        self.process.terminate()

    def ended(self) -> int:
        """Wait for its end; its exit status."""
        return self.process.wait(DEADLINE_SECONDS)

    def kill9(self) -> None:
        """End it without letting it do anything more."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def pause(self) -> None:
        """Stop it from running: what is sent to it waits in its sockets."""
        freeze(self.process)

    def resume(self) -> None:
        """Let it run again."""
        self.process.send_signal(signal.SIGCONT)

    def log_text(self) -> str:
        """All that it has logged, over all starts."""
        return self._log_file.read_text()

    def log_lines(self) -> list[dict[str, Any]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def stop(self) -> None:
        """End it if it still runs."""
        if self.is_running:
            self.kill9()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Service]:
    """A server with *options* for as long as the context lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    service = Service(folder, *options)
    try:
        service.start()
        yield service
    finally:
        service.stop()


def channel(address: str) -> grpc.Channel:
    """A connection of its own, with gRPC's default limits. Use it with ``with``."""
    return grpc.insecure_channel(address, CHANNEL_OPTIONS)


def aio_channel(address: str) -> grpc.aio.Channel:
    """The same for asyncio."""
    return grpc.aio.insecure_channel(address, CHANNEL_OPTIONS)


@asynccontextmanager
async def in_process(store: ExecutionStore, folder: Path, **options: str) -> AsyncIterator[str]:
    """
    Serve *store* from this very process, and close it at the end; yields the address.

    Args:
        folder: for the ready file.
        options: settings other than their defaults, as on the command line.
    """
    ready_file = folder / "ready"
    flags = Namespace(listen="127.0.0.1:0", ready_file=str(ready_file), **options)
    stopping = asyncio.Event()
    serving = asyncio.create_task(app._serve(Settings.load(flags, {}), store, stopping))
    try:
        await until(lambda: ready_file.exists() or serving.done(), "the server serves")
        yield ready_file.read_text().strip()
    finally:
        stopping.set()
        await serving
        ready_file.unlink(missing_ok=True)
