"""What an execution becomes in Python."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import execution_client
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import (
    Count,
    DurabilityClass,
    ExecutionError,
    ExecutionStatus,
    HistoryEntry,
    Lease,
    Progress,
    Retention,
    RetryPolicy,
    StatusReason,
    StoreKind,
    View,
    WatchEvent,
)
from execution_client._from_wire import from_count, from_execution, from_watch
from google.protobuf.json_format import ParseDict

FULL = {
    "id": "e1",
    "type": "email",
    "status": "EXECUTION_STATUS_RETRYING",
    "statusReason": "STATUS_REASON_RETRYABLE_FAILURE",
    "payload": {"to": ["a"], "n": 3},
    "result": [1.5],
    "error": {
        "message": "Boom.",
        "code": "E1",
        "stack": "line 1",
        "retryable": True,
        "retryDelay": "4s",
        "details": {"a": 1},
    },
    "attempts": 2,
    "maxAttempts": 3,
    "createdAt": "2026-01-02T03:04:05.678Z",
    "updatedAt": "2026-01-02T03:04:06Z",
    "startedAt": "2026-01-02T03:04:07Z",
    "completedAt": "2026-01-02T03:04:08Z",
    "timeout": "1.500s",
    "idempotencyKey": "k",
    "parentId": "p",
    "metadata": {"a": {"b": None}},
    "labels": {"team": "x"},
    "checkpoints": {"at": 7},
    "checkpointSizes": {"at": 9},
    "progress": {
        "current": 1,
        "total": 4,
        "message": "reading",
        "percent": 25,
        "attempt": 2,
        "updatedAt": "2026-01-02T03:04:06Z",
    },
    "revision": "9",
    "history": [
        {
            "revision": "1",
            "at": "2026-01-02T03:04:05.678Z",
            "to": "EXECUTION_STATUS_PENDING",
            "reason": "STATUS_REASON_CREATED",
        },
        {
            "revision": "4",
            "at": "2026-01-02T03:04:06Z",
            "from": "EXECUTION_STATUS_RUNNING",
            "to": "EXECUTION_STATUS_RETRYING",
            "reason": "STATUS_REASON_RETRYABLE_FAILURE",
            "attempt": 2,
            "actor": "worker-1",
        },
    ],
    "statusChanges": 4,
    "cancellationReason": "Not needed.",
    "cancellationRequestedAt": "2026-01-02T03:04:09Z",
    "cancellationForcedAt": "2026-01-02T03:04:10Z",
    "retryPolicy": {
        "initialInterval": "1s",
        "backoffCoefficient": 1.5,
        "maximumInterval": "60s",
        "jitter": 0,
        "nonRetryableCodes": ["E2"],
        "retryTimeouts": True,
    },
    "nextAttemptAt": "2026-01-02T03:04:11Z",
    "startTimeout": "60s",
    "totalTimeout": "3600s",
    "retention": {"succeeded": "86400s"},
    "expiresAt": "2026-01-02T03:04:12Z",
    "scheduledAt": "2026-01-02T03:04:13Z",
    "priority": 5,
    "lease": {"workerId": "worker-1", "duration": "30s", "expiresAt": "2026-01-02T03:04:14Z"},
    "crashes": 1,
    "maxCrashes": 3,
    "refundedAttempts": 2,
    "traceParent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}
"""An execution with every field that is ever sent, in protobuf's JSON."""


def at(second: float) -> datetime:
    """A moment of the minute in which FULL plays."""
    return datetime(2026, 1, 2, 3, 4, tzinfo=UTC) + timedelta(seconds=second)


def test_every_field_of_an_execution_has_its_plain_value() -> None:
    """Nobody should have to look into a protobuf message."""
    execution = from_execution(ParseDict(FULL, nouns.Execution()))
    assert {name: getattr(execution, name) for name in execution.__dataclass_fields__} == {
        "id": "e1",
        "type": "email",
        "status": ExecutionStatus.RETRYING,
        "status_reason": StatusReason.RETRYABLE_FAILURE,
        "payload": {"to": ["a"], "n": 3},
        "has_payload": True,
        "result": [1.5],
        "has_result": True,
        "error": ExecutionError("Boom.", "E1", "line 1", True, timedelta(seconds=4), {"a": 1}),
        "attempts": 2,
        "max_attempts": 3,
        "created_at": at(5.678),
        "updated_at": at(6),
        "started_at": at(7),
        "completed_at": at(8),
        "timeout": timedelta(seconds=1.5),
        "idempotency_key": "k",
        "parent_id": "p",
        "metadata": {"a": {"b": None}},
        "labels": {"team": "x"},
        "checkpoints": {"at": 7},
        "checkpoint_sizes": {"at": 9},
        "progress": Progress(1, 4, "reading", 25, 2, at(6)),
        "revision": 9,
        "history": (
            HistoryEntry(1, at(5.678), None, ExecutionStatus.PENDING, StatusReason.CREATED, 0, ""),
            HistoryEntry(
                4,
                at(6),
                ExecutionStatus.RUNNING,
                ExecutionStatus.RETRYING,
                StatusReason.RETRYABLE_FAILURE,
                2,
                "worker-1",
            ),
        ),
        "status_changes": 4,
        "cancellation_reason": "Not needed.",
        "cancellation_requested_at": at(9),
        "cancellation_forced_at": at(10),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(seconds=1),
            backoff_coefficient=1.5,
            maximum_interval=timedelta(minutes=1),
            jitter=0,
            non_retryable_codes=("E2",),
            retry_timeouts=True,
        ),
        "next_attempt_at": at(11),
        "start_timeout": timedelta(minutes=1),
        "total_timeout": timedelta(hours=1),
        "retention": Retention(succeeded=timedelta(days=1)),
        "expires_at": at(12),
        "scheduled_at": at(13),
        "priority": 5,
        "lease": Lease("worker-1", timedelta(seconds=30), at(14)),
        "crashes": 1,
        "max_crashes": 3,
        "refunded_attempts": 2,
        "trace_parent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    }


def test_every_field_of_the_contract_is_there() -> None:
    """A field that is added to the contract must not be forgotten here."""
    never_sent = {"applied_requests"}
    fields = {field.name for field in nouns.Execution.DESCRIPTOR.fields} - never_sent
    plain = set(execution_client.Execution.__dataclass_fields__) - {"has_payload", "has_result"}
    assert plain == fields
    assert len(FULL) == len(fields)


def test_what_is_absent_is_none_and_differs_from_null() -> None:
    """An execution with the payload null is not an execution without one."""
    bare = from_execution(nouns.Execution(id="e1"))
    assert (bare.payload, bare.has_payload, bare.result, bare.has_result) == (None, False, None, False)
    assert (bare.error, bare.progress, bare.created_at, bare.started_at, bare.timeout) == (None,) * 5
    null = from_execution(ParseDict({"payload": None, "result": None}, nouns.Execution()))
    assert (null.payload, null.has_payload, null.result, null.has_result) == (None, True, None, True)


def test_progress_without_percent_has_none() -> None:
    """0 per cent is something else than not said."""
    progress = from_execution(nouns.Execution(progress=nouns.Progress(current=1, total=4))).progress
    assert progress == Progress(1, 4, percent=None)


@pytest.mark.parametrize(
    ("kind", "proto", "prefix", "client_only"),
    [
        (ExecutionStatus, nouns.ExecutionStatus, "EXECUTION_STATUS_", {"UNKNOWN"}),
        (StatusReason, nouns.StatusReason, "STATUS_REASON_", {"UNKNOWN"}),
        (View, nouns.ExecutionView, "EXECUTION_VIEW_", set()),
        (WatchEvent, verbs.WatchEvent, "WATCH_EVENT_", {"UNKNOWN", "MISSING"}),
        (StoreKind, verbs.StoreKind, "STORE_KIND_", {"UNKNOWN"}),
        (DurabilityClass, verbs.DurabilityClass, "DURABILITY_CLASS_", {"UNKNOWN"}),
    ],
)
def test_an_enum_has_the_values_of_the_contract(
    kind: type[StrEnum], proto: Any, prefix: str, client_only: set[str]
) -> None:
    """A value that is added to the contract must not be forgotten here."""
    names = {name.removeprefix(prefix) for name, _ in proto.items()} - {"UNSPECIFIED"}
    assert {member.name for member in kind} == names | client_only
    assert all(member.value == member.name.lower() for member in kind)


def test_values_that_only_a_newer_server_knows_are_unknown_and_do_no_harm() -> None:
    """Servers are updated before their clients."""
    newer = nouns.Execution(
        status=99,  # type: ignore[arg-type]  # the value of a contract to come
        status_reason=99,  # type: ignore[arg-type]
        history=[nouns.HistoryEntry(to=99, reason=99)],  # type: ignore[arg-type]
    )
    execution = from_execution(newer)
    assert execution.status is ExecutionStatus.UNKNOWN
    assert not execution.status.at_rest
    assert execution.status_reason is StatusReason.UNKNOWN
    assert execution.history[0].to_status is ExecutionStatus.UNKNOWN
    message = from_watch("e1", verbs.WatchExecutionResponse(event=99))  # type: ignore[arg-type]
    assert message.event is WatchEvent.UNKNOWN


def test_at_rest_are_the_statuses_that_end_a_watch() -> None:
    """The contract's own list."""
    at_rest = {status.value for status in ExecutionStatus if status.at_rest}
    assert at_rest == {"completed", "failed", "timed_out", "cancelled"}


def test_a_count_is_by_status_and_unknown_statuses_are_counted_together() -> None:
    """No execution may vanish from the sum."""
    answer = verbs.CountExecutionsResponse(
        count=6,
        by_status=[
            verbs.StatusCount(status=nouns.EXECUTION_STATUS_PENDING, count=1),
            verbs.StatusCount(status=98, count=2),  # type: ignore[arg-type]
            verbs.StatusCount(status=99, count=3),  # type: ignore[arg-type]
        ],
    )
    assert from_count(answer) == Count(6, {ExecutionStatus.PENDING: 1, ExecutionStatus.UNKNOWN: 5})
