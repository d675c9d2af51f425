"""
What each verb makes of an execution.

Every function takes the record and ``now_ms`` (epoch milliseconds, the store's clock) and returns a changed copy, the
same object where nothing changes, or raises a Problem. None of them touches what it was given.

They need the record's *head* only, that is all but ``payload``, ``result``, checkpoint values, ``error.stack``,
``metadata``, ``labels`` and ``history``; what they add of those is all that the copy then holds of it. Only ``update``
must be given the whole record. So the usual call is decided on a few hundred bytes, however large the payload.
"""

from collections.abc import Iterable, Mapping

from croco.execution.v1.execution_pb2 import (
    Execution,
    ExecutionError,
    ExecutionStatus,
    Progress,
    StatusReason,
)
from google.protobuf.struct_pb2 import Value

from . import limits
from .backoff import is_repeatable, next_attempt_ms
from .problems import (
    ExecutionActive,
    ExecutionNotRunning,
    FinalStatus,
    InvalidField,
    InvalidStateTransition,
    MaxRetriesExceeded,
)
from .record import copied, enter, renew_lease, require, set_time, touch
from .reports import put_report
from .status import CANCELLED, COMPLETED, DELETABLE, FAILED, FINAL, PENDING, RETRYING, RUNNING, TIMED_OUT

SERVER = "server"
"""The actor of what the server does by itself."""
TOO_LONG = ExecutionError(message="Execution timed out", retryable=True)
TOTAL_TIMEOUT = StatusReason.STATUS_REASON_TOTAL_TIMEOUT


def create(template: Execution, *, execution_id: str, now_ms: int) -> Execution:
    """A new execution with the fields that the creator chose, as *template* holds them."""
    created = Execution()
    created.CopyFrom(template)
    created.id = execution_id
    set_time(created.created_at, now_ms)
    return enter(created, PENDING, StatusReason.STATUS_REASON_CREATED, now_ms)


def start(execution: Execution, *, now_ms: int) -> Execution:
    """Begin the next attempt."""
    require(execution, RUNNING)
    started = copied(execution)
    started.attempts += 1
    started.ClearField("error")
    started.ClearField("next_attempt_at")
    enter(started, RUNNING, StatusReason.STATUS_REASON_STARTED, now_ms)
    started.started_at.CopyFrom(started.updated_at)
    return started


def complete(
    execution: Execution,
    result: Value | None,
    progress: Progress | None = None,
    checkpoints: Mapping[str, Value] | None = None,
    *,
    max_checkpoints: int = limits.CHECKPOINTS,
    now_ms: int,
) -> Execution:
    """End the attempt with success."""
    require(execution, COMPLETED)
    completed = copied(execution)
    if result is not None:
        completed.result.CopyFrom(result)
    enter(completed, COMPLETED, StatusReason.STATUS_REASON_SUCCEEDED, now_ms)
    put_report(completed, progress, checkpoints, max_checkpoints)
    return completed


def fail(
    execution: Execution,
    error: ExecutionError,
    progress: Progress | None = None,
    checkpoints: Mapping[str, Value] | None = None,
    *,
    max_checkpoints: int = limits.CHECKPOINTS,
    now_ms: int,
) -> Execution:
    """End the attempt with a failure; of an execution that waits for its next attempt, give up."""
    if execution.status not in (RUNNING, RETRYING):
        # FAILED and TIMED_OUT -> RETRYING are edges of the table, but retry()'s alone.
        raise InvalidStateTransition(execution, FAILED)
    to, reason = _after_failure(execution, error)
    require(execution, to)
    if execution.status != RUNNING and (progress is not None or checkpoints):
        raise ExecutionNotRunning(execution)
    failed = copied(execution)
    failed.error.CopyFrom(error)
    if to == RETRYING:
        set_time(failed.next_attempt_at, next_attempt_ms(execution, error, now_ms))
    enter(failed, to, reason, now_ms)
    put_report(failed, progress, checkpoints, max_checkpoints)
    return failed


def _after_failure(execution: Execution, error: ExecutionError) -> tuple[ExecutionStatus, StatusReason]:
    if not is_repeatable(execution.retry_policy, error):
        if execution.status == RETRYING:
            return FAILED, StatusReason.STATUS_REASON_GIVEN_UP
        return FAILED, StatusReason.STATUS_REASON_NON_RETRYABLE_FAILURE
    if execution.status == RUNNING and execution.HasField("cancellation_requested_at"):
        return CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED
    if execution.status == RUNNING and not attempts_left(execution):
        return FAILED, StatusReason.STATUS_REASON_ATTEMPTS_EXHAUSTED
    return RETRYING, StatusReason.STATUS_REASON_RETRYABLE_FAILURE


def retry(execution: Execution, additional_attempts: int = 0, *, now_ms: int) -> Execution:
    """Allow another attempt of what failed or timed out; of what waits for one already, drop the backoff."""
    if execution.status != RETRYING:
        require(execution, RETRYING, FAILED, TIMED_OUT)
    elif not additional_attempts and not execution.HasField("next_attempt_at"):
        return execution
    retried = copied(execution)
    retried.ClearField("next_attempt_at")
    retried.max_attempts = execution.max_attempts + additional_attempts
    if retried.max_attempts > limits.MAX_ATTEMPTS:
        raise InvalidField("additional_attempts", f"would raise max_attempts over {limits.MAX_ATTEMPTS}")
    if not attempts_left(retried):
        raise MaxRetriesExceeded(execution)
    if execution.status == RETRYING:
        return touch(retried, now_ms)
    return enter(retried, RETRYING, StatusReason.STATUS_REASON_MANUAL_RETRY, now_ms)


def retry_by_policy(execution: Execution, *, now_ms: int) -> Execution:
    """Let an attempt that timed out be followed by another, if the policy says so and there is one left."""
    if not execution.retry_policy.retry_timeouts or not attempts_left(execution):
        return execution
    retried = copied(execution)
    set_time(retried.next_attempt_at, next_attempt_ms(execution, execution.error, now_ms))
    return enter(retried, RETRYING, StatusReason.STATUS_REASON_AUTOMATIC_RETRY, now_ms, SERVER)


def cancel(
    execution: Execution, reason: str = "", grace_ms: int = 0, actor: str = "", *, now_ms: int
) -> Execution:
    """Call the execution off, or ask its worker to stop within *grace_ms*; nothing new if that was done already."""
    if execution.status == CANCELLED:
        return execution
    require(execution, CANCELLED)
    if grace_ms and execution.status == RUNNING:
        return _request_cancellation(execution, reason, grace_ms, now_ms)
    cancelled = copied(execution)
    cancelled.cancellation_reason = execution.cancellation_reason or reason
    return enter(cancelled, CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED, now_ms, actor)


def _request_cancellation(execution: Execution, reason: str, grace_ms: int, now_ms: int) -> Execution:
    if execution.HasField("cancellation_requested_at"):
        return execution
    requested = touch(copied(execution), now_ms)
    requested.cancellation_reason = reason
    requested.cancellation_requested_at.CopyFrom(requested.updated_at)
    set_time(requested.cancellation_forced_at, now_ms + grace_ms)
    return requested


def expire(execution: Execution, reason: StatusReason, *, now_ms: int) -> Execution:
    """Cancel what was not started in time, for the server."""
    return enter(copied(execution), CANCELLED, reason, now_ms, SERVER)


def give_up(execution: Execution, reason: StatusReason, *, now_ms: int) -> Execution:
    """End the waiting for another attempt, for the server. The error is that of the last attempt, if it failed."""
    given_up = copied(execution)
    if not given_up.HasField("error"):
        given_up.error.CopyFrom(TOO_LONG)
    return enter(given_up, FAILED, reason, now_ms, SERVER)


def time_out(
    execution: Execution,
    reason: StatusReason = StatusReason.STATUS_REASON_REPORTED_TIMEOUT,
    actor: str = "",
    *,
    now_ms: int,
) -> Execution:
    """End the attempt because it took too long; another follows if the policy says so and there is one left."""
    require(execution, TIMED_OUT)
    timed_out = copied(execution)
    timed_out.error.CopyFrom(TOO_LONG)
    enter(timed_out, TIMED_OUT, reason, now_ms, actor)
    over = reason == TOTAL_TIMEOUT or execution.HasField("cancellation_requested_at")
    return timed_out if over else retry_by_policy(timed_out, now_ms=now_ms)


def update_progress(execution: Execution, progress: Progress, *, now_ms: int) -> Execution:
    """Replace the progress."""
    return save_checkpoint(execution, {}, progress, now_ms=now_ms)


def save_checkpoint(
    execution: Execution,
    checkpoints: Mapping[str, Value],
    progress: Progress | None = None,
    *,
    max_checkpoints: int = limits.CHECKPOINTS,
    now_ms: int,
) -> Execution:
    """Merge checkpoints, and replace the progress if given. A null value removes its key."""
    if execution.status != RUNNING:
        raise ExecutionNotRunning(execution)
    saved = touch(copied(execution), now_ms)
    renew_lease(saved, now_ms)
    put_report(saved, progress, checkpoints, max_checkpoints)
    return saved


def update(execution: Execution, fields: Execution, paths: Iterable[str], *, now_ms: int) -> Execution:
    """Replace what *paths* name by what *fields* holds. Needs the whole record."""
    updated = copied(execution)
    for path in paths:
        if path not in ("metadata", "labels") and execution.status in FINAL:
            raise FinalStatus(execution)
        if path == "max_attempts":
            _check_max_attempts(execution, fields.max_attempts)
        updated.ClearField(path)
        updated.MergeFrom(_only(fields, path))
    return touch(updated, now_ms)


def attempts_left(execution: Execution) -> bool:
    """Whether another attempt may be started after the current one."""
    return _counted_attempts(execution) < execution.max_attempts


def _counted_attempts(execution: Execution) -> int:
    return execution.attempts - execution.refunded_attempts


def _check_max_attempts(execution: Execution, max_attempts: int) -> None:
    made = _counted_attempts(execution)
    if max_attempts < made:
        raise InvalidField("execution.max_attempts", f"is less than the {made} attempts made")
    if execution.status == RETRYING and max_attempts == made:
        raise InvalidField(
            "execution.max_attempts", "leaves none for the attempt that the execution waits for"
        )


def check_delete(execution: Execution, *, force: bool) -> None:
    """Raise unless the execution may be deleted."""
    if not force and execution.status not in DELETABLE:
        raise ExecutionActive(execution)


def _only(fields: Execution, path: str) -> Execution:
    one = Execution()
    if path == "labels":
        one.labels.update(fields.labels)
    elif path == "max_attempts":
        one.max_attempts = fields.max_attempts
    elif fields.HasField(path):
        getattr(one, path).CopyFrom(getattr(fields, path))
    return one
