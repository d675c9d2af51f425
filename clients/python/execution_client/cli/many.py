"""The live screen of many executions: how many there are in each status, and the liveliest of them in a table."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.text import Text

from .._model import Execution, ExecutionStatus, WatchEvent, WatchMessage
from . import words
from .render import FAINT, STYLES
from .table import table

_ORDER: Final = (
    ExecutionStatus.RUNNING,
    ExecutionStatus.RETRYING,
    ExecutionStatus.PENDING,
    ExecutionStatus.UNKNOWN,
    ExecutionStatus.COMPLETED,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMED_OUT,
    ExecutionStatus.CANCELLED,
)
_AT_REST: Final = len(_ORDER)
_LINES_AROUND: Final = 5
"""Of the screen: the counts, a blank, the table's head, the line that says how many more, and the cursor's."""


class ManyDrawing:
    """Shows all executions that match a filter."""

    idle_seconds = 0.5  # A large table takes a while to draw.

    def __init__(self, target: str, statuses: Collection[ExecutionStatus]) -> None:
        self._target = target
        self._statuses = statuses
        self._executions: dict[str, Execution] = {}
        self._complete = False

    def tell(self, message: WatchMessage) -> Iterable[RenderableType]:
        """Take note of a message. Nothing is printed for good."""
        if message.event is WatchEvent.BOOKMARK:
            self._complete = True
        elif message.event in (WatchEvent.DELETED, WatchEvent.MISSING):
            self._executions.pop(message.id, None)
        elif message.execution is not None:
            self._put(message.execution)
        elif message.change is not None and message.id in self._executions:
            self._put(replace(self._executions[message.id], status=message.change.to_status))
        return ()

    def frame(self, width: int, height: int, now: datetime, *, lost: bool) -> RenderableType:
        """Answer what to draw."""
        if not (self._complete or self._executions):
            return Text(f"Connecting to {self._target} …", FAINT)
        room = max(1, height - _LINES_AROUND)
        shown = heapq.nsmallest(room, self._executions.values(), key=_liveliness)
        parts: list[RenderableType] = [self._counts(lost)]
        if shown:
            parts += [Text(), table(shown, width, now, faint=lost)]
        if more := len(self._executions) - len(shown):
            parts.append(Text(f"… and {more:,} more", FAINT))
        return Group(*parts)

    def _put(self, execution: Execution) -> None:
        if self._statuses and execution.status not in self._statuses:
            self._executions.pop(execution.id, None)
        else:
            self._executions[execution.id] = execution

    def _counts(self, lost: bool) -> Text:
        number = len(self._executions)
        line = Text(
            f"{number:,} execution{'' if number == 1 else 's'}", "bold", no_wrap=True, overflow="ellipsis"
        )
        if lost:
            line.append(f"  reconnecting to {self._target} …", "not bold yellow")
        counted = Counter(execution.status for execution in self._executions.values())
        for status in sorted(counted, key=_rank):
            said = f"  {words.GLYPHS[status]} {counted[status]:,} {status}"
            line.append(said, f"not bold {STYLES[status]}")
        return line


def _rank(status: ExecutionStatus) -> int:
    return _ORDER.index(status)


def _liveliness(execution: Execution) -> tuple[int, float, str]:
    """
    Answer by what to sort: those under way first, in the order of their creation, so that rows keep their places;
    then those at rest, whatever came to rest last first.
    """
    if not execution.status.at_rest:
        return (_rank(execution.status), 0.0, execution.id)
    changed = execution.updated_at.timestamp() if execution.updated_at else 0.0
    return (_AT_REST, -changed, execution.id)
