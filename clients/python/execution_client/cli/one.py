"""The live screen of one execution: its history scrolls by, and below it two lines say how far it is now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from .._model import Execution, HistoryEntry, WatchMessage
from . import words
from .render import BEFORE_SAID, FAINT, bar, dated, history_row, status_mark, title

_WIDEST: Final = 100
_NARROWEST: Final = 12
"""With less room than that beside the status, nothing is said there."""


class OneDrawing:
    """
    Shows one execution.

    The history is printed once, above the part that is drawn again and again: so it survives in the terminal's memory
    however long it gets, and however small the window is.
    """

    idle_seconds = 0.1

    def __init__(self, target: str) -> None:
        self._target = target
        self._execution: Execution | None = None

    def tell(self, message: WatchMessage) -> Iterable[RenderableType]:
        """Take note of a message, and answer what to print for good."""
        before, self._execution = self._execution, _merged(self._execution, message)
        if message.change is not None:
            yield self._row(message.change, message.execution)
        elif before is None and message.execution is not None:
            yield title(message.execution)
            yield Text()
            for change in message.execution.history:
                newest = change is message.execution.history[-1]
                yield self._row(change, message.execution if newest else None)

    def frame(self, width: int, height: int, now: datetime, *, lost: bool) -> RenderableType:
        """Answer what to draw at the bottom."""
        if self._execution is None:
            return Text(f"Connecting to {self._target} …", FAINT)
        room = min(width, _WIDEST) - BEFORE_SAID
        elapsed, mark = words.elapsed(self._execution, now), status_mark(self._execution.status)
        if room < _NARROWEST:
            return Group(Text(), mark)
        said = self._words(self._execution, now, lost)
        said.truncate(room, overflow="ellipsis")
        bar_line = self._bar_line(self._execution, room, lost)
        return Group(Text(), dated(elapsed, mark, bar_line), dated("", Text(), said))

    def _bar_line(self, execution: Execution, room: int, lost: bool) -> Table:
        percent = words.percent_text(words.percent_of(execution))
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_row(bar(execution, room - len("100 %") - 2, faint=lost), Text(percent))
        return line

    def _words(self, execution: Execution, now: datetime, lost: bool) -> Text:
        parts = [(words.attempt_text(execution), "")]
        if execution.progress is not None:
            parts.append((words.amount(execution.progress), ""))
        waiting = words.waiting_text(execution, now)
        if lost or waiting:
            parts.append((f"reconnecting to {self._target} …" if lost else waiting, "yellow"))
        elif execution.progress is not None and execution.progress.message:
            parts.append((words.clean(execution.progress.message), FAINT))
        line = Text()
        for said, style in parts:
            line.append(" · " if line else "", FAINT).append(said, style)
        return line

    def _row(self, change: HistoryEntry, execution: Execution | None) -> Table:
        assert self._execution is not None
        return history_row(change, execution, words.most_attempts(self._execution))


def _merged(known: Execution | None, message: WatchMessage) -> Execution | None:
    """Answer the execution after a message, which may carry the change alone: a newer message follows it."""
    if message.execution is not None or message.change is None or known is None:
        return message.execution or known
    return replace(known, status=message.change.to_status, attempts=message.change.attempt)
