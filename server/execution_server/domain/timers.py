"""
The deadlines that the server keeps: what it owes an execution, and when.

One table. A record's due time is the earliest of its timers; ``settle`` does what is due, earliest first, until nothing
is. A call settles before it is judged, so no deadline depends on a sweeper, which only makes visible what is due.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from croco.execution.v1.execution_pb2 import Execution, StatusReason

from . import leases, transitions
from .status import PENDING, RETRYING, RUNNING

ATTEMPT_TIMEOUT = StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT
SERVER = transitions.SERVER
TOTAL_TIMEOUT = transitions.TOTAL_TIMEOUT


class Timer(NamedTuple):
    """One deadline: when it is due, or None, and what happens then."""

    field: str
    """The field of an execution without which it never is; most have none of them."""
    due_ms: Callable[[Execution], int | None]
    settle: Callable[[Execution, int], Execution]


def due_ms(execution: Execution) -> int | None:
    """The earliest moment at which the server owes the execution something, or None."""
    running = _running(execution)
    if execution.HasField("expires_at"):
        running.append((execution.expires_at.ToMilliseconds(), len(TIMERS)))
    return min(running)[0] if running else None


def settle(execution: Execution, *, now_ms: int) -> Execution:
    """Do what the server owes the execution at *now_ms*; the same object where nothing is due."""
    while True:
        running = _running(execution)
        if not running or min(running)[0] > now_ms:
            return execution
        execution = TIMERS[min(running)[1]].settle(execution, now_ms)


def _running(execution: Execution) -> list[tuple[int, int]]:
    """When each timer that runs is due, with its number in ``TIMERS``."""
    return [
        (moment, number)
        for number, (field, due_ms_of, _) in enumerate(TIMERS)
        if execution.HasField(field) and (moment := due_ms_of(execution)) is not None
    ]


def is_expired(execution: Execution, *, now_ms: int) -> bool:
    """Whether the record has been kept as long as it is to be kept."""
    return execution.HasField("expires_at") and execution.expires_at.ToMilliseconds() <= now_ms


def _start_expires(execution: Execution) -> int | None:
    available_ms = leases.available_ms(execution)
    if available_ms is not None and execution.status == PENDING:
        return available_ms + execution.start_timeout.ToMilliseconds()
    return None


def _expire_start(execution: Execution, now_ms: int) -> Execution:
    return transitions.expire(execution, StatusReason.STATUS_REASON_START_EXPIRED, now_ms=now_ms)


def _attempt_ends(execution: Execution) -> int | None:
    if execution.status == RUNNING:
        return execution.started_at.ToMilliseconds() + execution.timeout.ToMilliseconds()
    return None


def _end_attempt(execution: Execution, now_ms: int) -> Execution:
    return transitions.time_out(execution, ATTEMPT_TIMEOUT, SERVER, now_ms=now_ms)


def _everything_ends(execution: Execution) -> int | None:
    if execution.status in (PENDING, RUNNING, RETRYING):
        return execution.created_at.ToMilliseconds() + execution.total_timeout.ToMilliseconds()
    return None


def _end_everything(execution: Execution, now_ms: int) -> Execution:
    if execution.status == PENDING:
        return transitions.expire(execution, TOTAL_TIMEOUT, now_ms=now_ms)
    if execution.status == RUNNING:
        return transitions.time_out(execution, TOTAL_TIMEOUT, SERVER, now_ms=now_ms)
    return transitions.give_up(execution, TOTAL_TIMEOUT, now_ms=now_ms)


def _cancellation_forced(execution: Execution) -> int | None:
    if execution.status == RUNNING:
        return execution.cancellation_forced_at.ToMilliseconds()
    return None


def _force_cancellation(execution: Execution, now_ms: int) -> Execution:
    return transitions.cancel(execution, execution.cancellation_reason, actor=SERVER, now_ms=now_ms)


def _lease_ends(execution: Execution) -> int:
    return execution.lease.expires_at.ToMilliseconds()


TIMERS = (
    Timer("cancellation_forced_at", _cancellation_forced, _force_cancellation),
    Timer("total_timeout", _everything_ends, _end_everything),
    Timer("timeout", _attempt_ends, _end_attempt),
    Timer("lease", _lease_ends, leases.expire),
    Timer("start_timeout", _start_expires, _expire_start),
)
"""In the order that counts when several are due at the same moment."""
