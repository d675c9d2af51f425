"""What people see of executions, in colours: the pieces that cards, tables and live screens are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from .._model import Count, CreatedExecution, Execution, ExecutionStatus, HistoryEntry, ServerInfo
from . import as_json, words

STYLES: Final[Mapping[ExecutionStatus, str]] = {
    ExecutionStatus.PENDING: "bright_black",
    ExecutionStatus.RUNNING: "cyan",
    ExecutionStatus.COMPLETED: "green",
    ExecutionStatus.FAILED: "red",
    ExecutionStatus.RETRYING: "yellow",
    ExecutionStatus.TIMED_OUT: "magenta",
    ExecutionStatus.CANCELLED: "bright_black",
    ExecutionStatus.UNKNOWN: "",
}
"""The sixteen colours that every terminal's theme defines: readable on light and on dark."""
FAINT: Final = "bright_black"
_STATUS_WIDTH: Final = 2 + max(len(status) for status in ExecutionStatus)
BEFORE_SAID: Final = len("00:00:00") + 2 + _STATUS_WIDTH + 2
"""How many columns the first two things of ``dated`` take."""


def status_mark(status: ExecutionStatus) -> Text:
    """Show a status with its glyph, so that it can be told without colours."""
    return Text(f"{words.GLYPHS[status]} {status}", STYLES[status])


def bar(execution: Execution, width: int, *, faint: bool = False) -> ProgressBar:
    """
    Show how far an execution is.

    Args:
        faint: what is shown may be out of date.
    """
    style = FAINT if faint else STYLES[execution.status]
    return ProgressBar(
        total=100,
        completed=words.percent_of(execution) or 0,
        width=width,
        style="grey23",
        complete_style=style,
        finished_style=style,
    )


def summary(execution: Execution) -> Text:
    """Show where an execution stands, in a line."""
    parts = [status_mark(execution.status), Text(execution.id), Text(words.clean(execution.type), "bold")]
    parts.append(Text(words.attempt_text(execution), FAINT))
    parts += [Text(said) for said in (words.progress_text(execution), words.error_text(execution)) if said]
    if isinstance(execution, CreatedExecution) and not execution.created:
        parts.append(Text("holds the key already", FAINT))
    return Text("  ").join(parts)


def dated(time: str, status: Text, said: RenderableType) -> Table:
    """Show three things side by side, all of which are below each other in several of these."""
    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=len("00:00:00"), justify="right", no_wrap=True)
    row.add_column(width=_STATUS_WIDTH, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(Text(time, FAINT), status, said)
    return row


def history_row(change: HistoryEntry, execution: Execution | None, most: int) -> Table:
    """Show a status change; see ``words.change_text`` for the arguments. What does not fit goes on below."""
    said = Text(words.change_text(change, execution, most))
    return dated(words.clock(change.at), status_mark(change.to_status), said)


def title(execution: Execution) -> Text:
    """Show what is looked at."""
    return Text.assemble((words.clean(execution.type), "bold"), "  ", (execution.id, FAINT))


def card(execution: Execution) -> RenderableType:
    """Show all that is known about an execution."""
    state = Text("  ").join([status_mark(execution.status), Text(words.attempt_text(execution))])
    if progress := words.progress_text(execution):
        state.append(f"  {progress}")
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style=FAINT)
    facts.add_column(overflow="fold")
    for name, said in _facts(execution):
        facts.add_row(name, Text(said))
    changes = [
        history_row(
            change, execution if change is execution.history[-1] else None, words.most_attempts(execution)
        )
        for change in execution.history
    ]
    return Group(title(execution), state, Text(), facts, Text(), *changes)


def counts(count: Count) -> RenderableType:
    """Show how many executions there are, a line for each status."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for status, number in count.by_status.items():
        table.add_row(status_mark(status), Text(f"{number:,}", "" if number else FAINT))
    table.add_row(Text("in all", "bold"), Text(f"{count.total:,}", "bold"))
    return table


def server(info: ServerInfo) -> RenderableType:
    """Show what a server is, a line for each fact."""
    limits = info.limits
    facts = (
        ("version", info.version),
        ("store", info.store_kind),
        ("durability", info.durability),
        ("partitions", f"{info.partitions:,}"),
        ("message", f"{limits.message_bytes:,} bytes"),
        ("batch", f"{limits.batch_size:,} executions"),
        ("page", f"{limits.page_size:,} executions"),
        ("checkpoints", f"{limits.checkpoints:,} of an execution"),
        ("calls", f"{limits.calls_under_way:,} at a time"),
        ("watches", f"{limits.watches_per_connection:,} on a connection"),
        ("deadline", f"{words.span(limits.default_deadline)}, {words.span(limits.max_deadline)} at most"),
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, fact in facts:
        table.add_row(Text(name, FAINT), Text(words.clean(fact)))
    return table


def _facts(execution: Execution) -> Iterable[tuple[str, str]]:
    for name in ("created", "scheduled", "updated", "started", "next_attempt", "completed", "expires"):
        moment = getattr(execution, f"{name}_at")
        if moment is not None:
            yield name.replace("_", " "), words.day_and_clock(moment)
    for name, length in (
        ("timeout", execution.timeout),
        ("start timeout", execution.start_timeout),
        ("total timeout", execution.total_timeout),
    ):
        if length is not None:
            yield name, words.span(length)
    if execution.lease is not None:
        until = words.day_and_clock(execution.lease.expires_at)
        yield "worker", f"{words.clean(execution.lease.worker_id)} until {until}"
    for name, said in (("key", execution.idempotency_key), ("parent", execution.parent_id)):
        if said:
            yield name, words.clean(said)
    yield from (("label", words.clean(f"{key}={value}")) for key, value in sorted(execution.labels.items()))
    if execution.has_payload:
        yield "payload", _json(execution.payload)
    if execution.metadata:
        yield "metadata", _json(execution.metadata)
    for key, value in sorted(execution.checkpoints.items()):
        yield "checkpoint", f"{words.clean(key)} = {_json(value)}"
    if execution.error is not None:
        yield "error", words.error_text(execution)
        if execution.error.details:
            yield "details", _json(execution.error.details)
    if execution.has_result:
        yield "result", _json(execution.result)


def _json(value: object) -> str:
    return words.clean(as_json.line(value))
