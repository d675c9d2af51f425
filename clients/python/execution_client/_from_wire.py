"""
From the messages of the contract to the plain values of _model.py.

An enum value that a newer server has added becomes UNKNOWN instead of an error.
"""

from datetime import UTC, datetime
from typing import Any, Final

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from croco.execution.v1 import worker_service_pb2 as work
from google.protobuf.timestamp_pb2 import Timestamp

from ._json import from_struct, from_value
from ._model import (
    Count,
    CreatedExecution,
    Directive,
    DirectiveKind,
    DurabilityClass,
    Execution,
    ExecutionError,
    ExecutionStatus,
    HistoryEntry,
    Lease,
    Progress,
    Retention,
    RetryPolicy,
    ServerInfo,
    ServerLimits,
    StatusReason,
    StoreKind,
    WatchEvent,
    WatchMessage,
)

_STATUSES: Final = {
    nouns.ExecutionStatus.Value(f"EXECUTION_STATUS_{status.name}"): status
    for status in ExecutionStatus
    if status is not ExecutionStatus.UNKNOWN
}
_REASONS: Final = {
    nouns.StatusReason.Value(f"STATUS_REASON_{reason.name}"): reason
    for reason in StatusReason
    if reason is not StatusReason.UNKNOWN
}
_EVENTS: Final = {
    verbs.WatchEvent.Value(f"WATCH_EVENT_{event.name}"): event
    for event in WatchEvent
    if event not in (WatchEvent.UNKNOWN, WatchEvent.MISSING)
}

_STORES: Final = {
    verbs.StoreKind.Value(f"STORE_KIND_{kind.name}"): kind
    for kind in StoreKind
    if kind is not StoreKind.UNKNOWN
}
_DURABILITIES: Final = {
    verbs.DurabilityClass.Value(f"DURABILITY_CLASS_{kind.name}"): kind
    for kind in DurabilityClass
    if kind is not DurabilityClass.UNKNOWN
}

_MOMENTS: Final = (
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "scheduled_at",
    "next_attempt_at",
    "expires_at",
    "cancellation_requested_at",
    "cancellation_forced_at",
)
_SPANS: Final = ("timeout", "start_timeout", "total_timeout")


def from_execution(message: nouns.Execution) -> Execution:
    """Convert an execution."""
    return Execution(**_fields(message))


def from_created(message: nouns.Execution, created: bool) -> CreatedExecution:
    """Convert the answer of a create."""
    return CreatedExecution(**_fields(message), created=created)


def from_status(number: int) -> ExecutionStatus:
    """Convert a status."""
    return _STATUSES.get(number, ExecutionStatus.UNKNOWN)


def from_count(message: verbs.CountExecutionsResponse) -> Count:
    """Convert a count. Statuses that this client does not know are counted together."""
    by_status: dict[ExecutionStatus, int] = {}
    for entry in message.by_status:
        status = from_status(entry.status)
        by_status[status] = by_status.get(status, 0) + entry.count
    return Count(message.count, by_status)


def from_server_info(message: verbs.GetServerInfoResponse) -> ServerInfo:
    """Convert what a server is."""
    limits = message.limits
    return ServerInfo(
        version=message.version,
        store_kind=_STORES.get(message.store_kind, StoreKind.UNKNOWN),
        durability=_DURABILITIES.get(message.durability, DurabilityClass.UNKNOWN),
        partitions=message.partitions,
        limits=ServerLimits(
            message_bytes=limits.message_bytes,
            batch_size=limits.batch_size,
            page_size=limits.page_size,
            checkpoints=limits.checkpoints,
            calls_under_way=limits.calls_under_way,
            watches_per_connection=limits.watches_per_connection,
            default_deadline=limits.default_deadline.ToTimedelta(),
            max_deadline=limits.max_deadline.ToTimedelta(),
        ),
    )


def from_watch(
    id: str, message: verbs.WatchExecutionResponse | verbs.WatchExecutionsResponse
) -> WatchMessage:
    """Convert a message of a watch about the execution ``id``."""
    return WatchMessage(
        id,
        message.revision,
        from_event(message.event),
        from_history_entry(message.change) if message.HasField("change") else None,
        from_execution(message.execution) if message.HasField("execution") else None,
    )


def from_directive(message: work.WorkDirective) -> Directive:
    """Convert what a worker has to do."""
    match message.WhichOneof("directive"):
        case "cancel_requested":
            asked = message.cancel_requested
            kind = DirectiveKind.CANCEL_REQUESTED
            return Directive(message.id, message.attempt, kind, asked.reason, _moment(asked.forced_at))
        case "lease_lost":
            return Directive(message.id, message.attempt, DirectiveKind.LEASE_LOST, message.lease_lost.cause)
        case _:
            return Directive(message.id, message.attempt, DirectiveKind.UNKNOWN)


def from_event(number: int) -> WatchEvent:
    """Convert what a message of a watch is about."""
    return _EVENTS.get(number, WatchEvent.UNKNOWN)


def from_history_entry(message: nouns.HistoryEntry) -> HistoryEntry:
    """Convert a status change."""
    origin = getattr(message, "from")  # A keyword in Python, so there is no other way to read it.
    return HistoryEntry(
        revision=message.revision,
        at=_moment(message.at),
        from_status=from_status(origin) if origin != nouns.EXECUTION_STATUS_UNSPECIFIED else None,
        to_status=from_status(message.to),
        reason=_REASONS.get(message.reason, StatusReason.UNKNOWN),
        attempt=message.attempt,
        actor=message.actor,
    )


def _fields(message: nouns.Execution) -> dict[str, Any]:
    """Answer what an ``Execution`` is made of."""
    has = message.HasField
    return {
        "id": message.id,
        "type": message.type,
        "status": from_status(message.status),
        "status_reason": _REASONS.get(message.status_reason, StatusReason.UNKNOWN),
        "payload": from_value(message.payload) if has("payload") else None,
        "has_payload": has("payload"),
        "result": from_value(message.result) if has("result") else None,
        "has_result": has("result"),
        "error": _error(message.error) if has("error") else None,
        "attempts": message.attempts,
        "max_attempts": message.max_attempts,
        **{name: _moment(getattr(message, name)) if has(name) else None for name in _MOMENTS},
        **{name: getattr(message, name).ToTimedelta() if has(name) else None for name in _SPANS},
        "idempotency_key": message.idempotency_key,
        "parent_id": message.parent_id,
        "metadata": from_struct(message.metadata),
        "labels": dict(message.labels),
        "checkpoints": {key: from_value(value) for key, value in message.checkpoints.items()},
        "checkpoint_sizes": dict(message.checkpoint_sizes),
        "progress": _progress(message.progress) if has("progress") else None,
        "revision": message.revision,
        "history": tuple(from_history_entry(entry) for entry in message.history),
        "status_changes": message.status_changes,
        "cancellation_reason": message.cancellation_reason,
        "retry_policy": _retry_policy(message.retry_policy) if has("retry_policy") else None,
        "retention": _retention(message.retention) if has("retention") else None,
        "priority": message.priority,
        "lease": _lease(message.lease) if has("lease") else None,
        "crashes": message.crashes,
        "max_crashes": message.max_crashes,
        "refunded_attempts": message.refunded_attempts,
        "trace_parent": message.trace_parent,
    }


def _error(message: nouns.ExecutionError) -> ExecutionError:
    return ExecutionError(
        message=message.message,
        code=message.code,
        stack=message.stack,
        retryable=message.retryable,
        retry_delay=message.retry_delay.ToTimedelta() if message.HasField("retry_delay") else None,
        details=from_struct(message.details),
    )


def _retry_policy(message: nouns.RetryPolicy) -> RetryPolicy:
    has = message.HasField
    return RetryPolicy(
        initial_interval=message.initial_interval.ToTimedelta() if has("initial_interval") else None,
        backoff_coefficient=message.backoff_coefficient if has("backoff_coefficient") else None,
        maximum_interval=message.maximum_interval.ToTimedelta() if has("maximum_interval") else None,
        jitter=message.jitter if has("jitter") else None,
        non_retryable_codes=tuple(message.non_retryable_codes),
        retry_timeouts=message.retry_timeouts,
    )


def _retention(message: nouns.Retention) -> Retention:
    return Retention(
        succeeded=message.succeeded.ToTimedelta() if message.HasField("succeeded") else None,
        failed=message.failed.ToTimedelta() if message.HasField("failed") else None,
    )


def _lease(message: nouns.Lease) -> Lease:
    return Lease(message.worker_id, message.duration.ToTimedelta(), _moment(message.expires_at))


def _progress(message: nouns.Progress) -> Progress:
    return Progress(
        current=message.current,
        total=message.total,
        message=message.message,
        percent=message.percent if message.HasField("percent") else None,
        attempt=message.attempt,
        updated_at=_moment(message.updated_at) if message.HasField("updated_at") else None,
    )


def _moment(timestamp: Timestamp) -> datetime:
    return timestamp.ToDatetime(tzinfo=UTC)
