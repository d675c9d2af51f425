"""
Work under a lease: what a worker may do with it, and what happens when it falls silent.

A lease that runs out costs a crash, not an attempt: an execution that kills its workers and one that fails are two
troubles with a budget each (``max_crashes``, ``max_attempts``). What is given back costs nothing.
"""

from __future__ import annotations

from croco.execution.v1.execution_pb2 import Execution, ExecutionError, StatusReason
from google.protobuf.timestamp_pb2 import Timestamp

from . import transitions
from .problems import InvalidStateTransition
from .record import copied, enter, renew_lease, require, set_time, touch
from .status import CANCELLED, FAILED, PENDING, RETRYING, RUNNING

LOST = ExecutionError(
    message="The worker was lost: it did not keep its lease", code="LEASE_EXPIRED", retryable=True
)


def available_ms(execution: Execution) -> int | None:
    """From when workers may get it, in epoch milliseconds; None while it is neither PENDING nor RETRYING."""
    if execution.status not in (PENDING, RETRYING):
        return None
    moments = (execution.created_at, execution.scheduled_at, execution.next_attempt_at)
    return max(_ms_rounded_up(moment) for moment in moments)  # one that is not set is 0


def claim(execution: Execution, worker_id: str, lease_ms: int, *, now_ms: int) -> Execution:
    """Begin the next attempt for a worker."""
    available = available_ms(execution)
    if available is None or available > now_ms:
        raise InvalidStateTransition(execution, RUNNING)
    claimed = transitions.start(execution, now_ms=now_ms)
    claimed.lease.worker_id = worker_id
    claimed.lease.duration.FromMilliseconds(lease_ms)
    renew_lease(claimed, now_ms)
    return claimed


def keep(execution: Execution, lease_ms: int | None = None, *, now_ms: int) -> Execution:
    """Word from the worker: its lease begins anew, with *lease_ms* from now on if given."""
    require(execution, RETRYING, RUNNING)
    kept = touch(copied(execution), now_ms)
    if lease_ms is not None and kept.HasField("lease"):
        kept.lease.duration.FromMilliseconds(lease_ms)
    renew_lease(kept, now_ms)
    return kept


def release(execution: Execution, delay_ms: int = 0, *, now_ms: int) -> Execution:
    """Give the execution back; the attempt does not count."""
    require(execution, RETRYING, RUNNING)
    released = _refunded(execution)
    if delay_ms:
        set_time(released.next_attempt_at, now_ms + delay_ms)
    if execution.HasField("cancellation_requested_at"):
        return enter(released, CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED, now_ms)
    return enter(released, RETRYING, StatusReason.STATUS_REASON_RELEASED, now_ms)


def expire(execution: Execution, now_ms: int) -> Execution:
    """The lease has run out: the worker is lost, or cut off."""
    lost = _refunded(execution)
    lost.crashes += 1
    lost.error.CopyFrom(LOST)
    actor = transitions.SERVER
    if execution.HasField("cancellation_requested_at"):
        return enter(lost, CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED, now_ms, actor)
    if lost.crashes > execution.max_crashes:
        return enter(lost, FAILED, StatusReason.STATUS_REASON_CRASHES_EXHAUSTED, now_ms, actor)
    return enter(lost, RETRYING, StatusReason.STATUS_REASON_LEASE_EXPIRED, now_ms, actor)


def _ms_rounded_up(moment: Timestamp) -> int:
    """What a caller has set may be between two milliseconds, and nothing is done early."""
    return moment.seconds * 1_000 + -(-moment.nanos // 1_000_000)


def _refunded(execution: Execution) -> Execution:
    refunded = copied(execution)
    refunded.refunded_attempts += 1
    return refunded
