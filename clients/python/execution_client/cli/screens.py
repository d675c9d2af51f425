"""Where a watch is shown: drawn on a terminal, or as lines."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Protocol, Self

from rich.console import Group, RenderableType
from rich.live import Live

from .._model import WatchMessage
from .output import Output

_TICK: Final = 0.1
"""Seconds between two drawings, at least."""


class Drawing(Protocol):
    """What is drawn of a watch."""

    idle_seconds: float
    """After how long to draw again although nothing was told: the time that has passed is shown too."""

    def tell(self, message: WatchMessage) -> Iterable[RenderableType]:
        """Take note of a message, and answer what to print for good."""

    def frame(self, width: int, height: int, now: datetime, *, lost: bool) -> RenderableType:
        """Answer what to draw."""


class LiveScreen:
    """
    Draws at the bottom of the terminal, only when something has changed and ten times a second at most.

    Whatever ends it, the last drawing stays and the terminal is as it was. Signals are heard between two drawings: one
    that came in the middle of one would leave half of it behind.
    """

    tick: float | None = _TICK

    def __init__(self, output: Output, drawing: Drawing) -> None:
        self._console = output.console
        self._drawing = drawing
        self._is_lost = False
        self._told = False
        self._changed = False
        self._drawn: object = None
        self._drawn_at = 0.0
        self._signal: int | None = None
        self._handlers: dict[int, Any] = {}
        self._live = Live(
            self._frame(),
            console=self._console,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._handlers[number] = signal.signal(number, self._hear)
        self._live.start(refresh=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.transient = not self._told  # that it was connecting is of no interest afterwards
        try:
            self._draw()
        finally:
            self._live.stop()
            for number, handler in self._handlers.items():
                signal.signal(number, handler)

    def tell(self, message: WatchMessage) -> None:
        """Show a message: what is to stay at once, the rest with the next drawing."""
        self._told = self._changed = True
        if lines := list(self._drawing.tell(message)):
            self._draw()
            self._console.print(Group(*lines))

    def lost(self, lost: bool) -> None:
        """Show that the connection was lost, or found again."""
        self._is_lost, self._changed = lost, True

    def draw(self) -> None:
        """
        Draw, if it was not done just now.

        Raises:
            SystemExit: there was a signal.
        """
        if self._signal is not None:
            raise SystemExit(128 + self._signal)
        if time.monotonic() - self._drawn_at >= (_TICK if self._changed else self._drawing.idle_seconds):
            self._draw()

    def _draw(self) -> None:
        frame = self._frame()
        lines = self._console.render_lines(frame, pad=False)
        if lines != self._drawn:
            self._live.update(frame, refresh=True)
            self._drawn = lines
        self._drawn_at, self._changed = time.monotonic(), False

    def _frame(self) -> RenderableType:
        width, height = self._console.size
        # With room for the ^C that the terminal puts behind the last line: wrapped, it would move all that is drawn.
        return self._drawing.frame(width - len("^C"), height, datetime.now(UTC), lost=self._is_lost)

    def _hear(self, number: int, _frame: object) -> None:
        if self._signal is not None:  # the second one does not wait: the terminal may take nothing any more
            raise SystemExit(128 + number)
        self._signal = number


class Lines:
    """Prints every message, and the state of the connection on stderr."""

    tick: float | None = None

    def __init__(
        self, output: Output, target: str, lines_of: Callable[[WatchMessage], Iterable[str]]
    ) -> None:
        self._output = output
        self._target = target
        self._lines_of = lines_of

    def tell(self, message: WatchMessage) -> None:
        """Print a message."""
        for line in self._lines_of(message):
            self._output.line(line)

    def lost(self, lost: bool) -> None:
        """Say on stderr that the connection was lost, or found again."""
        state = f"Reconnecting to {self._target} …" if lost else f"Connected to {self._target} again."
        print(state, file=sys.stderr, flush=True)

    def draw(self) -> None:
        """Do nothing: what is printed stays as it is."""
