"""
What each verb does in each status: the table that transitions, docs and RPCs are held against.

It is written out here, and not computed from ``domain/status.py``, so that a slip there is seen.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, Progress, StatusReason
from execution_server.domain import leases, transitions
from execution_server.domain.problems import (
    ExecutionActive,
    ExecutionNotRunning,
    FinalStatus,
    InvalidStateTransition,
    MaxRetriesExceeded,
    Problem,
)
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
)
from google.protobuf.struct_pb2 import Value

from tests.domain.outcomes import Result, Verb
from tests.domain.records import STATUSES, failure

__all__ = ["VERBS", "Result", "Verb"]


def _stays(*statuses: ExecutionStatus, changes: bool = True) -> dict[ExecutionStatus, Result]:
    return {status: Result(status, changes=changes) for status in statuses}


def _update(execution: Execution, path: str, now_ms: int) -> Execution:
    fields = Execution(max_attempts=5, labels={"team": "blue"})
    fields.timeout.FromSeconds(60)
    fields.metadata["customer"] = "c-1"
    return transitions.update(execution, fields, [path], now_ms=now_ms)


def _delete(execution: Execution, *, force: bool, now_ms: int) -> Execution:
    transitions.check_delete(execution, force=force)
    return execution


VERBS: Final = (
    Verb(
        "start",
        "StartExecution",
        transitions.start,
        dict.fromkeys((PENDING, RETRYING), Result(RUNNING, StatusReason.STATUS_REASON_STARTED)),
        InvalidStateTransition,
        RUNNING,
    ),
    Verb(
        "complete",
        "CompleteExecution",
        partial(transitions.complete, result=Value(number_value=1)),
        {RUNNING: Result(COMPLETED, StatusReason.STATUS_REASON_SUCCEEDED)},
        InvalidStateTransition,
        COMPLETED,
    ),
    Verb(
        "fail, retryable",
        "FailExecution",
        partial(transitions.fail, error=failure(retryable=True)),
        {RUNNING: Result(RETRYING, StatusReason.STATUS_REASON_RETRYABLE_FAILURE)},
        InvalidStateTransition,
        FAILED,
        to_exceptions={RETRYING: RETRYING},
    ),
    Verb(
        "fail, retryable, no attempts left",
        "FailExecution",
        partial(transitions.fail, error=failure(retryable=True)),
        {RUNNING: Result(FAILED, StatusReason.STATUS_REASON_ATTEMPTS_EXHAUSTED)},
        InvalidStateTransition,
        FAILED,
        to_exceptions={RETRYING: RETRYING},
        max_attempts=1,
    ),
    Verb(
        "fail, retryable, asked to stop",
        "FailExecution",
        partial(transitions.fail, error=failure(retryable=True)),
        {RUNNING: Result(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)},
        InvalidStateTransition,
        FAILED,
        to_exceptions={RETRYING: RETRYING},
        asked_to_stop=True,
    ),
    Verb(
        "fail, not retryable",
        "FailExecution",
        partial(transitions.fail, error=failure(retryable=False)),
        {
            RUNNING: Result(FAILED, StatusReason.STATUS_REASON_NON_RETRYABLE_FAILURE),
            RETRYING: Result(FAILED, StatusReason.STATUS_REASON_GIVEN_UP),
        },
        InvalidStateTransition,
        FAILED,
    ),
    Verb(
        "retry",
        "RetryExecution",
        transitions.retry,
        dict.fromkeys((FAILED, TIMED_OUT), Result(RETRYING, StatusReason.STATUS_REASON_MANUAL_RETRY))
        | _stays(RETRYING),
        InvalidStateTransition,
        RETRYING,
    ),
    Verb(
        "retry, no attempts left",
        "RetryExecution",
        transitions.retry,
        _stays(RETRYING),
        InvalidStateTransition,
        RETRYING,
        dict.fromkeys((FAILED, TIMED_OUT), MaxRetriesExceeded),
        max_attempts=1,
    ),
    Verb(
        "retry, no attempts left but more allowed",
        "RetryExecution",
        partial(transitions.retry, additional_attempts=1),
        dict.fromkeys((FAILED, TIMED_OUT), Result(RETRYING, StatusReason.STATUS_REASON_MANUAL_RETRY))
        | _stays(RETRYING),
        InvalidStateTransition,
        RETRYING,
        max_attempts=1,
    ),
    Verb(
        "cancel",
        "CancelExecution",
        partial(transitions.cancel, reason="Called off."),
        dict.fromkeys(
            (PENDING, RUNNING, RETRYING), Result(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)
        )
        | _stays(CANCELLED, changes=False),
        InvalidStateTransition,
        CANCELLED,
    ),
    Verb(
        "cancel with a grace period",
        "CancelExecution",
        partial(transitions.cancel, reason="Called off.", grace_ms=5_000),
        dict.fromkeys((PENDING, RETRYING), Result(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED))
        | _stays(RUNNING)
        | _stays(CANCELLED, changes=False),
        InvalidStateTransition,
        CANCELLED,
    ),
    Verb(
        "time out",
        "TimeOutExecution",
        transitions.time_out,
        {RUNNING: Result(TIMED_OUT, StatusReason.STATUS_REASON_REPORTED_TIMEOUT)},
        InvalidStateTransition,
        TIMED_OUT,
    ),
    Verb(
        "time out, to be retried",
        "TimeOutExecution",
        transitions.time_out,
        {
            RUNNING: Result(
                RETRYING,
                StatusReason.STATUS_REASON_AUTOMATIC_RETRY,
                through=(TIMED_OUT, StatusReason.STATUS_REASON_REPORTED_TIMEOUT),
            )
        },
        InvalidStateTransition,
        TIMED_OUT,
        timeouts_retried=True,
    ),
    Verb(
        "update progress",
        "UpdateProgress",
        partial(transitions.update_progress, progress=Progress(current=1, total=2)),
        _stays(RUNNING),
        ExecutionNotRunning,
    ),
    Verb(
        "save a checkpoint",
        "SaveCheckpoint",
        partial(transitions.save_checkpoint, checkpoints={"page": Value(number_value=7)}),
        _stays(RUNNING),
        ExecutionNotRunning,
    ),
    Verb("update metadata", "UpdateExecution", partial(_update, path="metadata"), _stays(*STATUSES), Problem),
    Verb("update labels", "UpdateExecution", partial(_update, path="labels"), _stays(*STATUSES), Problem),
    Verb(
        "update max_attempts",
        "UpdateExecution",
        partial(_update, path="max_attempts"),
        _stays(PENDING, RUNNING, FAILED, RETRYING, TIMED_OUT),
        FinalStatus,
    ),
    Verb(
        "update timeout",
        "UpdateExecution",
        partial(_update, path="timeout"),
        _stays(PENDING, RUNNING, FAILED, RETRYING, TIMED_OUT),
        FinalStatus,
    ),
    Verb(
        "claim",
        "ClaimExecutions",
        partial(leases.claim, worker_id="w-1", lease_ms=30_000),
        dict.fromkeys((PENDING, RETRYING), Result(RUNNING, StatusReason.STATUS_REASON_STARTED)),
        InvalidStateTransition,
        RUNNING,
    ),
    Verb("heartbeat", "Heartbeat", leases.keep, _stays(RUNNING), InvalidStateTransition, RETRYING),
    Verb(
        "release",
        "ReleaseExecution",
        leases.release,
        {RUNNING: Result(RETRYING, StatusReason.STATUS_REASON_RELEASED)},
        InvalidStateTransition,
        RETRYING,
    ),
    Verb(
        "release, asked to stop",
        "ReleaseExecution",
        leases.release,
        {RUNNING: Result(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)},
        InvalidStateTransition,
        RETRYING,
        asked_to_stop=True,
    ),
    Verb(
        "delete",
        "DeleteExecution",
        partial(_delete, force=False),
        _stays(PENDING, COMPLETED, FAILED, TIMED_OUT, CANCELLED, changes=False),
        ExecutionActive,
    ),
    Verb(
        "delete with force",
        "DeleteExecution",
        partial(_delete, force=True),
        _stays(*STATUSES, changes=False),
        Problem,
    ),
)
