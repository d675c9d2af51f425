"""
Clocks that are wrong: what a process takes for the time of day is so much ahead or behind, and is set while it runs.

Debian's libfaketime stands between the process and the C library. Only the time of day is wrong: how time passes
(CLOCK_MONOTONIC) and the times of files stay as they are, as on a machine whose clock somebody has set.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.missing import missing

_LIBRARY: Final = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""Of Debian's package faketime; the one for programs with threads."""


def available() -> bool:
    """Whether clocks can be set wrong on this machine."""
    return _LIBRARY is not None


def required() -> None:
    """Skip the test where they can't be, or fail it where CI promises that they can."""
    if not available():
        missing("libfaketime is missing (Debian's package faketime): no clock can be set wrong")


def report() -> str:
    """Whether clocks are set wrong in the tests, for the head of the test report."""
    return f"wrong clocks: {_LIBRARY or 'MISSING'}"


class WrongClock:
    """
    The clock of the processes that are started with ``environ``.

    Attributes:
        environ: what their environment must have.
    """

    def __init__(self, file: Path, seconds: float) -> None:
        """
        Args:
            file: to keep how wrong it is; where there is none yet.
            seconds: how far it is ahead at first; below zero, behind.
        """
        self._file = file
        self.environ: Final = _environ(FAKETIME_TIMESTAMP_FILE=str(file), FAKETIME_NO_CACHE="1")
        self.set(seconds)

    def set(self, seconds: float) -> None:
        """Set it so far ahead of what is right: it jumps."""
        new = self._file.with_suffix(".new")
        new.write_text(_offset(seconds))
        new.replace(self._file)  # at once: it is read all the time


def ahead(seconds: float) -> Mapping[str, str]:
    """The environment of a process whose clock is so far ahead, always; the right one for 0."""
    return _environ(FAKETIME=_offset(seconds)) if seconds else {}


def _offset(seconds: float) -> str:
    return f"{seconds:+.3f}"


def _environ(**how: str) -> dict[str, str]:
    # libc's malloc comes before jemalloc's (of Debian's Redis), which asks for the time before libfaketime can tell it.
    preload = f"{_LIBRARY}:libc.so.6"
    return {"LD_PRELOAD": preload, "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", **how}
