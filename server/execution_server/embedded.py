"""
The embedded store: a Valkey (or Redis) of the server's own, kept running while the server runs.

    execution-server ── keeper thread ── parent_death.py ─exec─> valkey-server

The store listens on a unix socket in its private folder only, and appends every write to a file, so that data outlives
every restart. It ends with the server, even one that was killed (``parent_death.py``), and a second server on the same
folder is refused (``embedded_folder.py``). Should the store end by itself, it is started again on the same socket;
calls are answered UNAVAILABLE meanwhile.

The keeper thread exists because the kernel ties the store to the *thread* that started it: this one lasts as long as
the server.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import quote

from . import parent_death
from .backoff import Backoff
from .config import StartError
from .embedded_binary import StoreBinary, find_binary
from .embedded_folder import DataFolder

__all__ = ["EmbeddedStore", "EmbeddedStoreError"]

log = logging.getLogger(__name__)

LOG_NAME = "store.log"
LOG_BYTES = 1024 * 1024
"""A log that is longer is put aside at the next start, as the store itself never cuts it."""
LAUNCH_MODE = "become" if sys.platform == "linux" else "guard"
STOP_SECONDS = 30.0
PROGRESS_SECONDS = 3.0
POLL_SECONDS = 0.02
ANSWER_SECONDS = 1.0


class EmbeddedStoreError(StartError):
    """The store did not start. The message holds the end of its log."""


class EmbeddedStore:
    """A running store. ``url`` is how to reach it; ``stop`` ends it."""

    def __init__(self, binary: StoreBinary, folder: DataFolder, appendfsync: str) -> None:
        self.binary = binary
        self._folder = folder
        self._log_path = folder.path / LOG_NAME
        self._arguments = store_arguments(binary, folder, self._log_path, appendfsync)
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = "not started"
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # for the three decisions: to spawn, to be ready, to have given up
        self._was_ready = False
        self._given_up = False
        self._keeper = threading.Thread(target=self._keep, name="embedded-store", daemon=True)

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        appendfsync: str = "everysec",
        binary: StoreBinary | None = None,
        lock_wait: timedelta = timedelta(0),
    ) -> Self:
        """
        Start the store on *data_dir* and wait until its data is loaded, with a line in the log every few seconds.

        Args:
            data_dir: made, with mode 0700, if it is not there.
            appendfsync: "everysec", or "always" to have each write on the disk before it is answered.
            binary: what to run; None: what ``find_binary`` finds.
            lock_wait: how long to wait for another server on this folder to end.

        Raises:
            StartError: there is nothing to run, the folder is refused, or the store does not start.
        """
        binary = binary or find_binary()
        store = cls(binary, DataFolder.acquire(data_dir, wait=lock_wait), appendfsync)
        try:
            store._put_old_log_aside()
            store._keeper.start()
            store._wait_until_ready()
        except BaseException:
            store.stop()
            raise
        log.info("The embedded store, %s, keeps its data in %s.", binary, data_dir)
        return store

    @property
    def url(self) -> str:
        """Where the store is, for redis-py."""
        return f"unix://{quote(str(self._folder.socket))}?db=0"

    def stop(self) -> None:
        """End the store, having its data written to the disk, and give the folder free. Blocks until that is done."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._stopping.set()
        if self._process:
            self._process.terminate()
            self._wait_for_end(self._process)
        self._folder.release()

    def _keep(self) -> None:
        """Run the store, and again when it ends unasked. The keeper thread's body."""
        backoff = Backoff()
        while True:
            began = time.monotonic()
            self._ending = self._run()
            with self._lock:
                self._given_up = self._stopping.is_set() or not self._was_ready
            if self._given_up:
                return
            delay = backoff.after(lived_seconds=time.monotonic() - began)
            log.error("The embedded store has ended (%s); starting it again in %.1f s.", self._ending, delay)
            self._stopping.wait(delay)

    def _run(self) -> str:
        """Run the store to its end, and say how it ended."""
        with self._lock:
            if self._stopping.is_set():
                return "stopped before it was started"
            try:
                self._process = self._spawn()
            except OSError as error:
                return str(error)
        return f"exit status {self._process.wait()}"

    def _spawn(self) -> subprocess.Popen[bytes]:
        launch = [sys.executable, "-I", "-S", parent_death.__file__, LAUNCH_MODE, str(os.getpid())]
        with self._log_path.open("ab") as output:
            return subprocess.Popen(
                [*launch, str(self.binary.path), *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=[self._folder.lock],
                start_new_session=True,  # Ctrl-C is for the server only, which then stops the store in its turn
                env=os.environ | {"LC_ALL": "C"},  # or Lua would order strings by the user's language
            )

    def _wait_until_ready(self) -> None:
        said = time.monotonic()
        while True:
            loading = _loading(self._folder.socket)
            with self._lock:
                if self._given_up:
                    raise EmbeddedStoreError(
                        f"The embedded store ({self.binary.path}) did not start: {self._ending}. "
                        f"Its log {self._log_path} ends with:\n{self._end_of_log()}"
                    )
                self._was_ready = not loading
            if not loading:
                return
            if time.monotonic() - said >= PROGRESS_SECONDS:
                said = time.monotonic()
                log.info("Waiting for the embedded store to load its data: %s.", loading)
            time.sleep(POLL_SECONDS)

    def _wait_for_end(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while self._keeper.is_alive():
            self._keeper.join(PROGRESS_SECONDS)
            if self._keeper.is_alive():
                log.info("Waiting for the embedded store to write its data to the disk.")
            if time.monotonic() >= deadline:
                log.error("The embedded store did not end within %s s and is killed.", STOP_SECONDS)
                os.killpg(process.pid, signal.SIGKILL)  # with a guard, if there is one

    def _put_old_log_aside(self) -> None:
        if self._log_path.exists() and self._log_path.stat().st_size > LOG_BYTES:
            self._log_path.replace(self._log_path.with_suffix(".log.old"))

    def _end_of_log(self) -> str:
        text = self._log_path.read_text(errors="replace") if self._log_path.exists() else ""
        lines = text.splitlines()
        return "\n".join([line for line in lines if line][-10:])


def store_arguments(binary: StoreBinary, folder: DataFolder, log_path: Path, appendfsync: str) -> list[str]:
    """The command line of the store. What it leaves out has the server's default."""
    packed_value = "hash-max-listpack-value" if binary.version >= (7,) else "hash-max-ziplist-value"
    options = {
        "port": "0",
        "unixsocket": str(folder.socket),
        "unixsocketperm": "700",
        "dir": str(folder.path),
        "logfile": str(log_path),
        "appendonly": "yes",
        "appendfsync": appendfsync,
        "save": "",  # the append-only file has it all
        "maxmemory-policy": "noeviction",
        packed_value: "1024",  # bytes; a record's usual fragments are longer than the default 64
    }
    return [word for name, value in options.items() for word in (f"--{name}", value)]


def _loading(path: Path) -> str:
    """How far the store at *path* is: ``""`` when it has all its data, else in words."""
    try:
        facts = _persistence_facts(path)
    except OSError:
        return "it does not answer yet"
    if facts.get("loading") == "0":
        return ""
    return f"{facts.get('loading_loaded_perc', '0')} % done, about {facts.get('loading_eta_seconds', '?')} s left"


def _persistence_facts(path: Path) -> dict[str, str]:
    # Asked by hand, in two lines of RESP: the client library takes longer to import than the store to start.
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(path))
        connection.sendall(b"INFO persistence\r\n")
        with connection.makefile("rb") as answer:
            size = answer.readline()  # $123
            text = answer.read(int(size[1:])) if size.startswith(b"$") else b""
    pairs = (line.partition(":") for line in text.decode().splitlines())
    return {name: value for name, _, value in pairs}
