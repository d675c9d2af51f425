"""
How a record changes, whatever the verb: a copy, its revision and time, its status with the history, its end.
"""

from __future__ import annotations

from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, HistoryEntry, StatusReason
from google.protobuf.timestamp_pb2 import Timestamp

from . import limits
from .problems import InvalidStateTransition
from .status import ALLOWED, CANCELLED, ENDED, FINAL, RUNNING

OF_THE_ATTEMPT: Final = ("lease", "cancellation_requested_at", "cancellation_forced_at")
"""The fields that tell of the attempt under way."""


def require(execution: Execution, to: ExecutionStatus, *from_: ExecutionStatus) -> None:
    """Raise InvalidStateTransition unless the table lets *execution* go to *to*, and the verb takes it where it is."""
    if to not in ALLOWED[execution.status] or (from_ and execution.status not in from_):
        raise InvalidStateTransition(execution, to)


def copied(execution: Execution) -> Execution:
    """A copy, to be changed."""
    copy = Execution()
    copy.CopyFrom(execution)
    return copy


def touch(execution: Execution, now_ms: int) -> Execution:
    """Count the change, and note when it was: now, or at the time of the change before if that is later."""
    execution.revision += 1
    last = execution.updated_at
    if now_ms * 1_000_000 > last.seconds * 1_000_000_000 + last.nanos:  # else the clock has gone back since
        set_time(last, now_ms)
    return execution


def enter(
    execution: Execution,
    status: ExecutionStatus,
    reason: StatusReason,
    now_ms: int,
    actor: str = "",
) -> Execution:
    """Move a copy to *status* and write it into the history."""
    touch(execution, now_ms)
    entry = HistoryEntry(
        revision=execution.revision,
        at=execution.updated_at,
        to=status,
        reason=reason,
        attempt=execution.attempts,
        actor=actor,
        **{"from": execution.status},  # a keyword of Python
    )
    execution.status = status
    execution.status_reason = reason
    execution.status_changes += 1
    execution.history.append(entry)
    if len(execution.history) > limits.HISTORY_ENTRIES:
        del execution.history[: -limits.HISTORY_ENTRIES]
    if status != RUNNING:
        for field in OF_THE_ATTEMPT:
            execution.ClearField(field)
        if status != CANCELLED:
            execution.ClearField("cancellation_reason")
    _rest(execution) if status in ENDED else _revive(execution)
    return execution


def sign(changed: Execution, before: Execution, actor: str) -> Execution:
    """Write into the status changes of a copy since *before* who made them, but for those that the server made."""
    if actor and changed is not before:
        for entry in reversed(changed.history):
            if entry.revision <= before.revision:
                break
            entry.actor = entry.actor or actor
    return changed


def _rest(execution: Execution) -> None:
    """It came to rest: from now on its record is kept for a time."""
    execution.completed_at.CopyFrom(execution.updated_at)
    execution.ClearField("next_attempt_at")
    kept = "succeeded" if execution.status in FINAL else "failed"
    if execution.retention.HasField(kept):
        kept_ms = getattr(execution.retention, kept).ToMilliseconds()
        set_time(execution.expires_at, execution.updated_at.ToMilliseconds() + kept_ms)


def _revive(execution: Execution) -> None:
    execution.ClearField("completed_at")
    execution.ClearField("expires_at")


def renew_lease(execution: Execution, now_ms: int) -> None:
    """Let the lease of a copy, if it has one, begin anew."""
    if execution.HasField("lease"):
        set_time(execution.lease.expires_at, now_ms + execution.lease.duration.ToMilliseconds())


def set_time(moment: Timestamp, ms: int) -> None:
    """Let *moment* be epoch milliseconds."""
    moment.seconds, moment.nanos = ms // 1000, ms % 1000 * 1_000_000
