"""What the server does by itself, and when: every deadline that it keeps, in every status in which it keeps it."""

from __future__ import annotations

from typing import Final, NamedTuple

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, RetryPolicy, StatusReason
from execution_server.domain import leases, transitions
from execution_server.domain.status import (
    CANCELLED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
)
from google.protobuf.duration_pb2 import Duration

from tests.domain.records import CREATED_MS, in_status

LIMIT: Final = Duration(seconds=30)
STARTED_MS: Final = CREATED_MS + 1_000
"""When ``in_status`` starts what it starts."""

Step = tuple[ExecutionStatus, StatusReason]


class Deed(NamedTuple):
    """One deadline that passes."""

    name: str
    before: Execution
    due_ms: int
    leads_to: list[Step]
    """Where the execution goes then, and why."""


def _leased(**fields: object) -> Execution:
    pending = in_status(PENDING, **fields)
    return leases.claim(pending, "w-1", 30_000, now_ms=STARTED_MS)


def _asked_to_stop(execution: Execution) -> Execution:
    return transitions.cancel(execution, "Enough.", 5_000, now_ms=STARTED_MS)


AGAIN: Final = RetryPolicy(retry_timeouts=True)
DEEDS: Final = (
    Deed(
        "start_timeout",
        in_status(PENDING, start_timeout=LIMIT),
        CREATED_MS + 30_000,
        [(CANCELLED, StatusReason.STATUS_REASON_START_EXPIRED)],
    ),
    Deed(
        "total_timeout, pending",
        in_status(PENDING, total_timeout=LIMIT),
        CREATED_MS + 30_000,
        [(CANCELLED, StatusReason.STATUS_REASON_TOTAL_TIMEOUT)],
    ),
    Deed(
        "total_timeout, running",
        in_status(RUNNING, total_timeout=LIMIT, retry_policy=AGAIN),
        CREATED_MS + 30_000,
        [(TIMED_OUT, StatusReason.STATUS_REASON_TOTAL_TIMEOUT)],
    ),
    Deed(
        "total_timeout, retrying",
        in_status(RETRYING, total_timeout=LIMIT),
        CREATED_MS + 30_000,
        [(FAILED, StatusReason.STATUS_REASON_TOTAL_TIMEOUT)],
    ),
    Deed(
        "timeout",
        in_status(RUNNING, timeout=LIMIT),
        STARTED_MS + 30_000,
        [(TIMED_OUT, StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT)],
    ),
    Deed(
        "timeout, to be retried",
        in_status(RUNNING, timeout=LIMIT, retry_policy=AGAIN),
        STARTED_MS + 30_000,
        [
            (TIMED_OUT, StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT),
            (RETRYING, StatusReason.STATUS_REASON_AUTOMATIC_RETRY),
        ],
    ),
    Deed(
        "timeout, to be retried, no attempts left",
        in_status(RUNNING, timeout=LIMIT, retry_policy=AGAIN, max_attempts=1),
        STARTED_MS + 30_000,
        [(TIMED_OUT, StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT)],
    ),
    Deed(
        "lease",
        _leased(max_crashes=1),
        STARTED_MS + 30_000,
        [(RETRYING, StatusReason.STATUS_REASON_LEASE_EXPIRED)],
    ),
    Deed(
        "lease, one crash too many",
        _leased(max_crashes=0),
        STARTED_MS + 30_000,
        [(FAILED, StatusReason.STATUS_REASON_CRASHES_EXHAUSTED)],
    ),
    Deed(
        "lease, of what was to stop",
        transitions.cancel(_leased(max_crashes=1), "Enough.", 60_000, now_ms=STARTED_MS),
        STARTED_MS + 30_000,
        [(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)],
    ),
    Deed(
        "grace period",
        _asked_to_stop(in_status(RUNNING)),
        STARTED_MS + 5_000,
        [(CANCELLED, StatusReason.STATUS_REASON_CANCEL_REQUESTED)],
    ),
)
