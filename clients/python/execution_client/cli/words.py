"""What people read about executions, as plain text: the live screens, the cards and the lines all say it with these."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from .._model import Execution, ExecutionStatus, HistoryEntry, Progress, StatusReason

_EXACT: Final = 1e15
"""Whole numbers below it are written out, digit by digit."""

GLYPHS: Final[Mapping[ExecutionStatus, str]] = {
    ExecutionStatus.PENDING: "○",
    ExecutionStatus.RUNNING: "●",
    ExecutionStatus.COMPLETED: "✓",
    ExecutionStatus.FAILED: "✗",
    ExecutionStatus.RETRYING: "↻",
    ExecutionStatus.TIMED_OUT: "◔",
    ExecutionStatus.CANCELLED: "■",
    ExecutionStatus.UNKNOWN: "?",
}

REASONS: Final[Mapping[StatusReason, str]] = {
    StatusReason.CREATED: "created",
    StatusReason.STARTED: "attempt {attempt}{of_most}",
    StatusReason.SUCCEEDED: "attempt {attempt} succeeded",
    StatusReason.RETRYABLE_FAILURE: "attempt {attempt} failed",
    StatusReason.NON_RETRYABLE_FAILURE: "attempt {attempt} failed for good",
    StatusReason.ATTEMPTS_EXHAUSTED: "attempt {attempt}, the last one, failed",
    StatusReason.ATTEMPT_TIMEOUT: "attempt {attempt} ran out of time",
    StatusReason.REPORTED_TIMEOUT: "attempt {attempt} was reported to be out of time",
    StatusReason.CANCEL_REQUESTED: "called off",
    StatusReason.MANUAL_RETRY: "another attempt was allowed by hand",
    StatusReason.GIVEN_UP: "given up",
    StatusReason.START_EXPIRED: "nobody started it in time",
    StatusReason.TOTAL_TIMEOUT: "all in all it took too long",
    StatusReason.AUTOMATIC_RETRY: "attempt {attempt} ran out of time",
    StatusReason.LEASE_EXPIRED: "the worker of attempt {attempt} was lost",
    StatusReason.CRASHES_EXHAUSTED: "the worker of attempt {attempt} was lost, the last one it may cost",
    StatusReason.RELEASED: "attempt {attempt} was given back",
    StatusReason.UNKNOWN: "for a reason that this program does not know",
}
_FAILURES: Final = {
    StatusReason.RETRYABLE_FAILURE,
    StatusReason.NON_RETRYABLE_FAILURE,
    StatusReason.ATTEMPTS_EXHAUSTED,
    StatusReason.GIVEN_UP,
}
"""After these the execution's error says more; an attempt that ran out of time has a fixed one that does not."""


def clean(text: str) -> str:
    """
    Answer ``text`` on one line, with nothing in it that a terminal would obey.

    Names and messages come from other people's programs: a control sequence among them must not reach the screen.
    """
    return "".join(letter if letter.isprintable() else " " for letter in text)


def number(value: float) -> str:
    """Write a number as short as it can be, with thousands apart: ``1,000``, ``12.5``."""
    return f"{value:,.0f}" if value.is_integer() and abs(value) < _EXACT else f"{value:,.6g}"


def percent_of(execution: Execution) -> float | None:
    """Answer how far the execution is, 0 to 100; None if nobody knows."""
    progress = execution.progress
    if progress is None:
        return 100.0 if execution.status is ExecutionStatus.COMPLETED else None
    if not progress.total and not progress.percent:
        return None
    return progress.percent


def percent_text(percent: float | None) -> str:
    """Write a percentage in five places, rounded down: only what is done is 100 %."""
    return "" if percent is None else f"{int(percent):3} %"


def amount(progress: Progress) -> str:
    """Say how much of how much is done."""
    current = number(float(progress.current))
    return f"{current} of {number(float(progress.total))}" if progress.total else f"{current} done"


def most_attempts(execution: Execution) -> int:
    """Answer how many attempts there may be by number: those that were given back do not count."""
    return execution.max_attempts + execution.refunded_attempts


def attempt_text(execution: Execution) -> str:
    """Say which attempt it is."""
    if not execution.attempts:
        return "not started"
    return f"attempt {execution.attempts} of {most_attempts(execution)}"


def waiting_text(execution: Execution, now: datetime) -> str:
    """Say what the execution is waiting for; empty if for nothing."""
    match execution.status:
        case ExecutionStatus.RUNNING if execution.cancellation_requested_at:
            return "asked to stop"
        case ExecutionStatus.RETRYING if execution.next_attempt_at and execution.next_attempt_at > now:
            seconds = ceil((execution.next_attempt_at - now).total_seconds())
            return f"next attempt in {_length(timedelta(seconds=seconds))}"
        case ExecutionStatus.PENDING if execution.scheduled_at and execution.scheduled_at > now:
            return f"scheduled for {day_and_clock(execution.scheduled_at)}"
        case _:
            return ""


def progress_text(execution: Execution) -> str:
    """Say how far the execution is, on one line; empty if it never said."""
    progress = execution.progress
    if progress is None:
        return ""
    percent = percent_text(percent_of(execution)).strip()
    parts = (percent, amount(progress), clean(progress.message))
    return "  ".join(part for part in parts if part)


def error_text(execution: Execution) -> str:
    """Say what went wrong; empty if nothing did."""
    if execution.error is None:
        return ""
    code = f" [{clean(execution.error.code)}]" if execution.error.code else ""
    return clean(execution.error.message) + code


def latest_text(execution: Execution) -> str:
    """Say what is the matter, on one line: the error of an attempt that failed, else what the worker said."""
    if execution.cancellation_reason:
        return clean(execution.cancellation_reason)
    return error_text(execution) or clean(execution.progress.message if execution.progress else "")


def change_text(change: HistoryEntry, execution: Execution | None, most: int | None) -> str:
    """
    Say why a status changed.

    Args:
        execution: as it was after the change, if it is known: it has the error or the reason of a cancellation.
        most: how many attempts there may be, if that is known.
    """
    of_most = f" of {most}" if most else ""
    text = REASONS[change.reason].format(attempt=change.attempt, of_most=of_most)
    detail = ""
    if execution is not None and change.reason in _FAILURES:
        detail = error_text(execution)
    elif execution is not None and change.reason is StatusReason.CANCEL_REQUESTED:
        detail = clean(execution.cancellation_reason)
    text = f"{text}: {detail}" if detail else text
    return f"{text} (by {clean(change.actor)})" if change.actor not in ("", "server") else text


def elapsed(execution: Execution, now: datetime) -> str:
    """
    Say how long the execution has existed, until it came to rest: ``0:00:07``.

    The store's clock may be ahead of this machine's: time never runs backwards here.
    """
    if execution.created_at is None:
        return ""
    newest = execution.updated_at or execution.created_at
    return _length((execution.completed_at or max(now, newest)) - execution.created_at)


def _length(time: timedelta) -> str:
    if time.days:
        return f"{time.days}d {time.seconds // 3600:02}h"
    return str(timedelta(seconds=time.seconds))


def clock(moment: datetime | None) -> str:
    """Write the time of day where this machine is."""
    return moment.astimezone().strftime("%H:%M:%S") if moment else ""


def day_and_clock(moment: datetime) -> str:
    """Write a time where this machine is."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def stamp(moment: datetime | None) -> str:
    """Write a time for a log: RFC 3339 in UTC, to the millisecond."""
    if moment is None:
        return ""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(length: timedelta) -> str:
    """Write a length of time as the command line takes it: ``30s``, ``1.500s``."""
    seconds = length / timedelta(seconds=1)
    return f"{seconds:.0f}s" if seconds.is_integer() else f"{seconds:.3f}s"
