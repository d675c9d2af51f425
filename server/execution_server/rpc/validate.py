"""
Checks of requests that hold in any state: pure functions that raise a Problem naming the field, or return nothing.

One function per request message, named after it; those for the kinds of values are in ``values.py``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1 import worker_service_pb2
from google.protobuf.descriptor import Descriptor

from ..domain import limits
from ..domain.problems import InvalidField
from ..domain.status import STATUSES
from .json_values import struct, value
from .values import (
    batch,
    checkpoints,
    error,
    idempotency_key,
    identity,
    labels,
    name,
    pause,
    progress,
    request_id,
    retry_policy,
    text,
    timeout,
    timestamp,
    view,
    wait_time,
    within,
)

Reporting = (
    messages.CompleteExecutionRequest
    | messages.FailExecutionRequest
    | messages.SaveCheckpointRequest
    | worker_service_pb2.WorkReport
)
"""The messages that carry progress and checkpoints."""
UPDATABLE = ("metadata", "labels", "max_attempts", "timeout", "total_timeout", "retry_policy")
ORDERS = ("", "created_at desc", "created_at", "created_at asc")


def create(request: messages.CreateExecutionRequest) -> None:
    create_common(request)
    create_own(request)


def create_common(request: messages.CreateExecutionRequest) -> None:
    """All but what ``create_own`` looks at: see ``templates.OWN``."""
    name("type", request.type)
    if request.HasField("max_attempts"):
        within("max_attempts", request.max_attempts, 1, limits.MAX_ATTEMPTS)
    for field in ("timeout", "start_timeout", "total_timeout"):
        if request.HasField(field):
            timeout(field, getattr(request, field))
    if request.HasField("retry_policy"):
        retry_policy("retry_policy", request.retry_policy)
    if request.HasField("scheduled_at"):
        timestamp("scheduled_at", request.scheduled_at)
    within("priority", request.priority, 0, limits.PRIORITIES - 1)
    within("max_crashes", request.max_crashes, 0, limits.MAX_CRASHES)
    for kept in ("succeeded", "failed"):
        if request.retention.HasField(kept):
            timeout(f"retention.{kept}", getattr(request.retention, kept))
    if request.parent_id:
        identity("parent_id", request.parent_id)


def create_own(request: messages.CreateExecutionRequest) -> None:
    """What executions that are created alike differ in."""
    if request.HasField("payload"):
        value("payload", request.payload, limits.PAYLOAD_BYTES)
    if request.idempotency_key:
        idempotency_key(request.idempotency_key)
    if request.HasField("metadata"):
        struct("metadata", request.metadata, limits.METADATA_BYTES)
    if request.labels:
        labels("labels", request.labels)


def get_by_key(request: messages.GetExecutionByIdempotencyKeyRequest) -> None:
    idempotency_key(request.idempotency_key)
    view(request.view)


def get(request: messages.GetExecutionRequest) -> None:
    identity("id", request.id)
    view(request.view)


def batch_create(request: messages.BatchCreateExecutionsRequest) -> None:
    batch("requests", len(request.requests))
    view(request.view)


def batch_get(request: messages.BatchGetExecutionsRequest) -> None:
    batch("ids", len(request.ids))
    view(request.view)


def list_(request: messages.ListExecutionsRequest) -> None:
    filter_(request.filter)
    if request.page_size < 0:
        raise InvalidField("page_size", f"is {request.page_size}; it cannot be negative")
    if request.order_by not in ORDERS:
        raise InvalidField("order_by", 'is neither "created_at desc" nor "created_at"')
    view(request.view)


def count(request: messages.CountExecutionsRequest) -> None:
    filter_(request.filter)


def update(request: messages.UpdateExecutionRequest) -> None:
    fields, paths = request.execution, request.update_mask.paths
    identity("execution.id", fields.id)
    if not paths:
        raise InvalidField("update_mask", f"names no field; it can name {', '.join(UPDATABLE)}")
    for path in paths:
        if path not in UPDATABLE:
            raise InvalidField("update_mask", f"names {path[:64]!r}; it can name {', '.join(UPDATABLE)}")
    if len(set(paths)) < len(paths):
        raise InvalidField("update_mask", "names a field twice")
    if "metadata" in paths and fields.HasField("metadata"):
        struct("execution.metadata", fields.metadata, limits.METADATA_BYTES)
    if "labels" in paths:
        labels("execution.labels", fields.labels)
    if "max_attempts" in paths:
        within("execution.max_attempts", fields.max_attempts, 1, limits.MAX_ATTEMPTS)
    for field in ("timeout", "total_timeout"):
        if field in paths and fields.HasField(field):
            timeout(f"execution.{field}", getattr(fields, field))
    if "retry_policy" in paths:
        retry_policy("execution.retry_policy", fields.retry_policy)


def complete(request: messages.CompleteExecutionRequest) -> None:
    identity("id", request.id)
    if request.HasField("result"):
        value("result", request.result, limits.PAYLOAD_BYTES)
    report(request)


def fail(request: messages.FailExecutionRequest) -> None:
    identity("id", request.id)
    if not request.HasField("error"):
        raise InvalidField("error", "is required")
    error("error", request.error)
    report(request)


def cancel(request: messages.CancelExecutionRequest) -> None:
    identity("id", request.id)
    text("reason", request.reason, limits.TEXT_BYTES)
    pause("grace_period", request.grace_period)


def retry(request: messages.RetryExecutionRequest) -> None:
    identity("id", request.id)
    within("additional_attempts", request.additional_attempts, 0, limits.ADDITIONAL_ATTEMPTS)


def update_progress(request: messages.UpdateProgressRequest) -> None:
    identity("id", request.id)
    if not request.HasField("progress"):
        raise InvalidField("progress", "is required")
    progress(request.progress)


def save_checkpoint(request: messages.SaveCheckpointRequest) -> None:
    identity("id", request.id)
    if not request.checkpoints:
        raise InvalidField("checkpoints", "is empty")
    report(request)


def watch(request: messages.WatchExecutionRequest) -> None:
    identity("id", request.id)
    if request.HasField("after_revision") and request.after_revision < 0:
        raise InvalidField("after_revision", f"is {request.after_revision}; it cannot be negative")
    view(request.view)


def watch_many(request: messages.WatchExecutionsRequest) -> None:
    filter_(request.filter)


def wait(request: messages.WaitExecutionRequest) -> None:
    identity("id", request.id)
    view(request.view)
    wait_time("timeout", request.timeout)


def terms(request: Any) -> None:
    """The fields that calls share, where the request has them."""
    fields = shared_fields(request.DESCRIPTOR)
    if "request_id" in fields:
        request_id(request.request_id)
    if "expected_revision" in fields and request.expected_revision < 0:
        raise InvalidField("expected_revision", "cannot be negative")
    if "attempt" in fields and request.attempt < 0:
        raise InvalidField("attempt", "cannot be negative")


@cache
def shared_fields(request: Descriptor) -> frozenset[str]:
    """Which of the fields that calls share this kind of request has."""
    return frozenset(("request_id", "expected_revision", "attempt")) & set(request.fields_by_name)


def filter_(given: messages.ExecutionFilter) -> None:
    for number, status in enumerate(given.statuses):
        if status not in STATUSES:
            raise InvalidField(f"filter.statuses[{number}]", f"is {status}, which is no status")
    if len(given.types) > limits.FILTER_TYPES:
        raise InvalidField(
            "filter.types", f"has {len(given.types)} entries; the limit is {limits.FILTER_TYPES}"
        )
    for number, type_ in enumerate(given.types):
        name(f"filter.types[{number}]", type_)
    if given.parent_id:
        identity("filter.parent_id", given.parent_id)
    for field in ("created_from", "created_before"):
        if given.HasField(field):
            timestamp(f"filter.{field}", getattr(given, field))


def report(request: Reporting) -> None:
    """What a worker reports along with something else."""
    if request.HasField("progress"):
        progress(request.progress)
    checkpoints("checkpoints", request.checkpoints)
