"""
The data folder of an embedded store: made private, locked against a second server, with a place for the socket.

Two stores on one folder would both start and destroy each other's file, so the folder holds a lock (flock) that the
store inherits: it lasts until server *and* store are gone, even if the server was killed. A pid file would have to be
believed or not; the pid that the lock file names is for people only.
"""

import fcntl
import logging
import os
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from .config import StartError

log = logging.getLogger(__name__)

LOCK_NAME = "execution-server.lock"
SOCKET_NAME = "store.sock"
SOCKET_PATH_BYTES = 103  # sockaddr_un.sun_path without its final NUL: 107 on Linux, 103 on macOS
POLL_SECONDS = 0.05


class FolderRefused(StartError):
    """The folder cannot be used. The message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class DataFolder:
    """
    A folder that is locked for the caller, until ``release``.

    Attributes:
        path: the folder, absolute.
        lock: the file descriptor that holds the lock; whoever inherits it holds it too.
        socket: where the store's socket goes.
    """

    path: Path
    lock: int
    socket: Path

    @classmethod
    def acquire(cls, path: Path, *, wait: timedelta) -> Self:
        """
        Make the folder at *path* if need be, and lock it, waiting for a server that is about to end.

        Raises:
            FolderRefused: it is not ours to use, or another server uses it.
        """
        path = path.absolute()
        try:
            _make_private(path)
            lock = _lock(path, wait)
        except OSError as error:
            raise FolderRefused(f"The data folder {path} cannot be used: {error.strerror}.") from error
        try:
            return cls(path, lock, _socket_path(path))
        except FolderRefused:
            os.close(lock)
            raise

    def release(self) -> None:
        """Give the lock up, and remove what was made outside the folder."""
        if self.socket.parent != self.path:
            shutil.rmtree(self.socket.parent, ignore_errors=True)
        os.close(self.lock)


def _make_private(path: Path) -> None:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.geteuid():
        raise FolderRefused(
            f"The data folder {path} belongs to another user. Choose another with --data-dir."
        )
    # Closing somebody's home directory to others would be a bad surprise, so only a folder of ours is changed.
    if not (path / LOCK_NAME).exists() and any(path.iterdir()):
        raise FolderRefused(
            f"The folder {path} holds other files. Choose an empty or a new one with --data-dir."
        )
    path.chmod(0o700)


def _lock(path: Path, wait: timedelta) -> int:
    deadline = time.monotonic() + wait.total_seconds()
    lock = os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    waiting = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(lock)
            if time.monotonic() >= deadline:
                os.close(lock)
                raise FolderRefused(
                    f"The data folder {path} is in use by {holder}. Stop that one, or choose another with --data-dir."
                ) from None
            if not waiting:
                log.info("The data folder %s is in use by %s; waiting for it to end.", path, holder)
                waiting = True
            time.sleep(POLL_SECONDS)
        else:
            os.pwrite(
                lock, f"{os.getpid():<10}\n".encode(), 0
            )  # in one write, so that nobody reads half a pid
            return lock


def _holder(lock: int) -> str:
    text = os.pread(lock, 10, 0).decode(errors="replace").strip()
    if not text.isdecimal():
        return "another server"
    try:
        os.kill(int(text), 0)
    except ProcessLookupError:
        return f"the store that the server with process id {text} left behind"
    except PermissionError:
        pass  # it lives
    return f"the server with process id {text}"


def _socket_path(folder: Path) -> Path:
    """In *folder*, or, where that path is too long for a socket, in a private folder made elsewhere."""
    if _fits(folder / SOCKET_NAME):
        return folder / SOCKET_NAME
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if place and _fits(Path(place, "execution-12345678", SOCKET_NAME)):
            with suppress(OSError):  # then the next place
                return Path(tempfile.mkdtemp(prefix="execution-", dir=place), SOCKET_NAME)
    raise FolderRefused(f"The path {folder} is too long for a socket. Choose a shorter one with --data-dir.")


def _fits(path: Path) -> bool:
    return len(os.fsencode(path)) <= SOCKET_PATH_BYTES
