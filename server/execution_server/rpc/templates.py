"""What a request to create an execution says of it, as a record."""

from __future__ import annotations

from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution, Retention

from ..domain import limits

OWN: Final = ("payload", "metadata", "labels", "idempotency_key", "request_id")
"""The fields that requests for executions of one kind differ in, and on which nothing depends that is decided."""
CHOSEN: Final = ("timeout", "start_timeout", "total_timeout", "retry_policy", "scheduled_at")


def template_of(request: messages.CreateExecutionRequest, retention: Retention) -> Execution:
    """The fields that the creator chooses. *retention* is for what the request does not say."""
    template = common_of(request, retention)
    _put_own(request, template)
    return template


def common_of(request: messages.CreateExecutionRequest, retention: Retention) -> Execution:
    """The same without ``OWN``."""
    template = Execution(
        type=request.type,
        max_attempts=request.max_attempts
        if request.HasField("max_attempts")
        else limits.DEFAULT_MAX_ATTEMPTS,
        parent_id=request.parent_id,
        retention=retention,
        priority=request.priority if request.HasField("priority") else limits.DEFAULT_PRIORITY,
        max_crashes=request.max_crashes if request.HasField("max_crashes") else limits.DEFAULT_MAX_CRASHES,
    )
    for kept in ("succeeded", "failed"):
        if request.retention.HasField(
            kept
        ):  # MergeFrom would add a duration's nanos to the default's seconds
            getattr(template.retention, kept).CopyFrom(getattr(request.retention, kept))
    for field in CHOSEN:
        if request.HasField(field):
            getattr(template, field).CopyFrom(getattr(request, field))
    return template


def own_of(request: messages.CreateExecutionRequest) -> Execution:
    """``OWN`` alone."""
    own = Execution()
    _put_own(request, own)
    return own


def put_kind(request: messages.CreateExecutionRequest, into: messages.CreateExecutionRequest) -> bytes:
    """Make *into* the request without ``OWN``; answers its bytes, which are equal for requests of one kind."""
    into.CopyFrom(request)
    for field in OWN:
        into.ClearField(field)
    return into.SerializeToString()


def _put_own(request: messages.CreateExecutionRequest, into: Execution) -> None:
    if request.HasField("payload"):
        into.payload.CopyFrom(request.payload)
    if request.HasField("metadata"):
        into.metadata.CopyFrom(request.metadata)
    if request.labels:
        into.labels.update(request.labels)
    into.idempotency_key = request.idempotency_key
