"""From arguments to the messages of the contract."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, SupportsFloat, TypeAlias, TypeVar
from uuid import uuid4

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from ._checked import checked, expect
from ._json import to_struct, to_value
from ._model import ExecutionStatus, NewExecution, Omitted, Progress, Retention, RetryPolicy, View

_T = TypeVar("_T")

TimeSpan: TypeAlias = float | timedelta
"""A length of time: a number of seconds, or a timedelta."""

_VIEWS: Final = {View.BASIC: nouns.EXECUTION_VIEW_BASIC, View.FULL: nouns.EXECUTION_VIEW_FULL}


def to_seconds(span: TimeSpan, name: str) -> float:
    """Convert a length of time to seconds."""
    if isinstance(span, timedelta):
        return span.total_seconds()
    if not isinstance(span, SupportsFloat):
        raise TypeError(f"{name} must be a number of seconds or a timedelta, not {type(span).__name__}.")
    return float(span)


def to_request_id(request_id: str | None) -> str:
    """Give the call a name of its own, if the caller gave none: then the automatic repeats are harmless."""
    return request_id or str(uuid4())


def to_duration(span: timedelta | None, name: str) -> Duration | None:
    """Convert a length of time. A bare number is refused: the library this follows counts in milliseconds."""
    if span is None:
        return None
    expect(span, timedelta, name)
    duration = Duration()
    duration.FromTimedelta(span)
    return duration


def to_timestamp(moment: datetime | None, name: str) -> Timestamp | None:
    """Convert a moment. One without a time zone is refused: it would be taken for UTC."""
    if moment is None:
        return None
    expect(moment, datetime, name)
    if moment.tzinfo is None:
        raise ValueError(f"{name} must have a time zone.")
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp


def to_optional_value(json: object, path: str) -> Value | None:
    """Convert a JSON value; OMITTED gives none."""
    return None if isinstance(json, Omitted) else to_value(json, path)


def to_metadata(metadata: Mapping[str, object] | None, name: str = "metadata") -> Struct | None:
    """Convert free data."""
    return None if metadata is None else to_struct(metadata, name)


def to_view(view: View | None) -> nouns.ExecutionView:
    """Convert a view; None leaves it to the call."""
    return nouns.EXECUTION_VIEW_UNSPECIFIED if view is None else _VIEWS[View(view)]


def to_creation(new: NewExecution, where: str = "") -> verbs.CreateExecutionRequest:
    """
    Convert what to create into a request that can be repeated.

    Args:
        where: what stands before the names of fields in an error, as in ``requests[3].``.
    """
    expect(new, NewExecution, where.rstrip(".") or "new")
    return checked(verbs.CreateExecutionRequest, where)(
        type=new.type,
        payload=to_optional_value(new.payload, f"{where}payload"),
        max_attempts=new.max_attempts,
        timeout=to_duration(new.timeout, f"{where}timeout"),
        start_timeout=to_duration(new.start_timeout, f"{where}start_timeout"),
        total_timeout=to_duration(new.total_timeout, f"{where}total_timeout"),
        retry_policy=to_retry_policy(new.retry_policy, f"{where}retry_policy"),
        retention=to_retention(new.retention, f"{where}retention"),
        scheduled_at=to_timestamp(new.scheduled_at, f"{where}scheduled_at"),
        priority=new.priority,
        max_crashes=new.max_crashes,
        idempotency_key=new.idempotency_key,
        parent_id=new.parent_id,
        metadata=to_metadata(new.metadata, f"{where}metadata"),
        labels=new.labels,
        request_id=to_request_id(new.request_id),
    )


def to_progress(progress: Progress | None) -> nouns.Progress | None:
    """Convert what a worker may say of its progress."""
    if progress is None:
        return None
    expect(progress, Progress, "progress")
    return checked(nouns.Progress)(
        current=progress.current, total=progress.total, message=progress.message, percent=progress.percent
    )


def to_retry_policy(policy: RetryPolicy | None, name: str = "retry_policy") -> nouns.RetryPolicy | None:
    """Convert a retry policy."""
    if policy is None:
        return None
    expect(policy, RetryPolicy, name)
    return checked(nouns.RetryPolicy, f"{name}.")(
        initial_interval=to_duration(policy.initial_interval, f"{name}.initial_interval"),
        backoff_coefficient=policy.backoff_coefficient,
        maximum_interval=to_duration(policy.maximum_interval, f"{name}.maximum_interval"),
        jitter=policy.jitter,
        non_retryable_codes=no_text(policy.non_retryable_codes, f"{name}.non_retryable_codes"),
        retry_timeouts=policy.retry_timeouts,
    )


def to_retention(retention: Retention | None, name: str = "retention") -> nouns.Retention | None:
    """Convert a retention."""
    if retention is None:
        return None
    expect(retention, Retention, name)
    return nouns.Retention(
        succeeded=to_duration(retention.succeeded, f"{name}.succeeded"),
        failed=to_duration(retention.failed, f"{name}.failed"),
    )


def to_filter(
    statuses: Collection[ExecutionStatus],
    types: Collection[str],
    parent_id: str,
    created_from: datetime | None = None,
    created_before: datetime | None = None,
) -> verbs.ExecutionFilter:
    """Convert the arguments that say which executions."""
    return checked(verbs.ExecutionFilter)(
        statuses=[_to_status(status) for status in no_text(statuses, "statuses")],
        types=no_text(types, "types"),
        parent_id=parent_id,
        created_from=to_timestamp(created_from, "created_from"),
        created_before=to_timestamp(created_before, "created_before"),
    )


def _to_status(status: ExecutionStatus) -> str:
    """Answer the name of a status, which protobuf takes for its number."""
    if ExecutionStatus(status) is ExecutionStatus.UNKNOWN:
        raise ValueError("No executions can be asked for by an unknown status.")
    return f"EXECUTION_STATUS_{ExecutionStatus(status).name}"


def no_text(items: Collection[_T], name: str) -> Collection[_T]:
    """Refuse what is no list, and a single text: it would be taken for its letters."""
    if isinstance(items, str) or not isinstance(items, Iterable):
        raise TypeError(f"{name} must be a list, not a single {type(items).__name__}.")
    return items
