"""Executions in a table that fits the terminal, or in lines of tab-separated fields for a pipe."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from .._model import Execution, ExecutionStatus
from . import words
from .output import Output
from .render import FAINT, bar, status_mark

_GAP: Final = 2
_ID: Final = len("01a20000-0000-7000-8000-000000000000")
_SHORT_ID: Final = len("…000000000000")
_STATUS: Final = len("✓ ") + max(len(status) for status in ExecutionStatus)
_LONGEST_TYPE: Final = 24
_BAR: Final = range(10, 31)
_MESSAGE: Final = 16


@dataclass(frozen=True, slots=True)
class _Column:
    head: str
    width: int
    cell: Callable[[Execution], RenderableType]
    justify: Literal["left", "right"] = "left"


class _Room:
    """The columns of a terminal, given away one after the other."""

    def __init__(self, width: int) -> None:
        self.left = width + _GAP

    def take(self, width: int) -> int:
        """Answer ``width`` if there is room for it and its gap, else 0."""
        if self.left < width + _GAP:
            return 0
        self.left -= width + _GAP
        return width

    def widen(self, width: int, most: int) -> int:
        """Answer how wide a column of ``width`` can get."""
        more = min(self.left, most - width) if width else 0
        self.left -= more
        return width + more


def table(executions: Sequence[Execution], width: int, now: datetime, *, faint: bool = False) -> Table:
    """
    Show executions, a row each.

    Args:
        faint: what is shown may be out of date.
    """
    grid = Table.grid(padding=(0, _GAP, 0, 0))
    columns = [column for column in _columns(executions, width, now, faint) if column.width]
    for column in columns:
        grid.add_column(width=column.width, no_wrap=True, overflow="ellipsis", justify=column.justify)
    grid.add_row(*(Text(column.head, FAINT) for column in columns))
    for execution in executions:
        grid.add_row(*(column.cell(execution) for column in columns))
    return grid


def _columns(executions: Sequence[Execution], width: int, now: datetime, faint: bool) -> list[_Column]:
    """Answer the columns; those that there is no room for are 0 wide. The first to get room matter most."""
    room = _Room(width)
    id_width, status, percent = room.take(_SHORT_ID), room.take(_STATUS), room.take(len("100 %"))
    elapsed = room.take(len("00:00:00"))
    longest_type = max([len("type"), *(len(one.type) for one in executions)])
    type_width = room.take(min(_LONGEST_TYPE, longest_type))
    attempt, bar_width = room.take(len("attempt")), room.take(_BAR.start)
    if room.left >= _ID - _SHORT_ID:
        id_width = room.widen(id_width, _ID)
    message = room.take(_MESSAGE)
    bar_width = room.widen(bar_width, _BAR.stop - 1)
    message = room.widen(message, width)
    return [
        _Column("id", id_width, lambda one: Text(one.id if id_width == _ID else f"…{one.id[-12:]}")),
        _Column("type", type_width, lambda one: Text(words.clean(one.type))),
        _Column("status", status, lambda one: status_mark(one.status)),
        _Column("progress", bar_width, lambda one: bar(one, bar_width, faint=faint)),
        _Column("", percent, lambda one: Text(words.percent_text(words.percent_of(one)))),
        _Column(
            "attempt",
            attempt,
            lambda one: Text(f"{one.attempts}/{words.most_attempts(one)}"),
            justify="right",
        ),
        _Column("elapsed", elapsed, lambda one: Text(words.elapsed(one, now), FAINT), justify="right"),
        _Column("message", message, lambda one: Text(words.latest_text(one))),
    ]


def listing(output: Output, executions: Sequence[Execution]) -> None:
    """Print executions: a table on a terminal; else a line each, with all its fields uncut."""
    if output.console.is_terminal:
        if executions:
            output.draw(table(executions, output.console.width, datetime.now(UTC)))
        return
    for execution in executions:
        fields = (
            execution.id,
            words.clean(execution.type),
            execution.status,
            f"{execution.attempts}/{words.most_attempts(execution)}",
            words.stamp(execution.created_at),
            words.latest_text(execution),
        )
        output.line("\t".join(fields))
