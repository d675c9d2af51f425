"""A program in a terminal: a pseudo-terminal for it, and an emulator that knows what a person would see."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import pyte

DEADLINE_SECONDS: Final = 20.0
"""How long anything may take before the test fails. It is passed only when something is broken."""


_IN_CHARGE: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal that of the program, so that Ctrl-C reaches it. (Popen's preexec_fn is no place for this: it runs
in a fork of a process that has gRPC's threads.)"""


class Terminal:
    """
    Runs a program until the context ends, and keeps its screen.

    Attributes:
        process: the program.
        written: all that it wrote, as it wrote it.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], *, columns: int = 100, lines: int = 30
    ) -> None:
        self.written = b""
        self._screen: Any = pyte.HistoryScreen(columns, lines, history=1000)
        self._stream: Any = pyte.ByteStream(self._screen)
        self._news = threading.Condition()
        self._controller, self._terminal = pty.openpty()
        self.resize(columns, lines)
        self._modes = [termios.tcgetattr(self._terminal)]
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _IN_CHARGE, *command],
            env=environ,
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.ended()
        os.close(self._controller)

    @property
    def shown(self) -> str:
        """The screen below what has scrolled out of it, without the blanks at the ends of lines."""
        with self._news:
            columns = range(self._screen.columns)
            above = ["".join(line[x].data for x in columns) for line in self._screen.history.top]
            return "\n".join(line.rstrip() for line in (*above, *self._screen.display)).rstrip()

    @property
    def cells(self) -> list[list[Any]]:
        """The screen, line by line, as pyte's characters: ``data``, ``fg``, ``bold``, ..."""
        with self._news:
            columns = range(self._screen.columns)
            return [[self._screen.buffer[y][x] for x in columns] for y in range(self._screen.lines)]

    def wait_for(self, text: str) -> None:
        """Return when the screen shows ``text``; fail the test when it does not in time."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, f"waited in vain for {text!r}:\n{self.shown}"
            with self._news:
                self._news.wait(0.1)

    def ended(self) -> int:
        """Wait for the program's end, read what it left in the terminal, and answer its exit status."""
        status = self.process.wait(DEADLINE_SECONDS)
        if self._reader.is_alive():
            self._modes.append(termios.tcgetattr(self._terminal))
            os.close(self._terminal)  # the last to have it open: now the reader comes to an end
            self._reader.join(DEADLINE_SECONDS)
        return status

    @property
    def is_clean(self) -> bool:
        """Whether the program that has ended left the terminal as it was: its modes, the cursor, no colour."""
        cursor = self._screen.cursor
        at_start = cursor.x == 0 and cursor.attrs == self._screen.default_char
        return self._modes[0] == self._modes[1] and at_start and not cursor.hidden

    def press_ctrl_c(self) -> None:
        """Type it: the terminal makes a signal of it."""
        os.write(self._controller, b"\x03")

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size."""
        with self._news:
            self._screen.resize(lines, columns)
        fcntl.ioctl(self._controller, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        while piece := self._next_piece():
            with self._news:
                self.written += piece
                self._stream.feed(piece)
                self._news.notify_all()

    def _next_piece(self) -> bytes:
        try:
            return os.read(self._controller, 65536)
        except OSError:  # how Linux says that nobody has the terminal open any more
            return b""
