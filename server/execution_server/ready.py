"""The ready file: it holds the address on which calls are answered, from when they are until the server stops."""

import os
from pathlib import Path

from .config import ConfigError


def prepare(file: Path | None) -> None:
    """
    Remove what a server that was killed has left behind.

    Raises:
        ConfigError: the file could not be written later, when the server is up.
    """
    if file and (file.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK)):
        raise ConfigError(
            f"ready_file {file} cannot be written; allowed is a file in a folder that is there."
        )
    withdraw(file)


def publish(file: Path | None, address: str) -> None:
    """Write *address* to *file*, so that whoever sees the file sees all of it. Nothing is done without a file."""
    if file:
        unfinished = file.with_name(f"{file.name}.{os.getpid()}")
        unfinished.write_text(f"{address}\n")
        unfinished.replace(file)


def withdraw(file: Path | None) -> None:
    """Remove *file*, if it is there."""
    if file:
        file.unlink(missing_ok=True)
