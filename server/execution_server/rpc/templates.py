"""What a request to create an execution says of it, as a record."""

from __future__ import annotations

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution, Retention

from ..domain import limits


def template_of(request: messages.CreateExecutionRequest, retention: Retention) -> Execution:
    """The fields that the creator chooses, as a record."""
    template = Execution(
        type=request.type,
        max_attempts=request.max_attempts
        if request.HasField("max_attempts")
        else limits.DEFAULT_MAX_ATTEMPTS,
        idempotency_key=request.idempotency_key,
        parent_id=request.parent_id,
        labels=request.labels,
        retention=retention,
        priority=request.priority if request.HasField("priority") else limits.DEFAULT_PRIORITY,
        max_crashes=request.max_crashes if request.HasField("max_crashes") else limits.DEFAULT_MAX_CRASHES,
    )
    for kept in ("succeeded", "failed"):
        if request.retention.HasField(
            kept
        ):  # MergeFrom would add a duration's nanos to the default's seconds
            getattr(template.retention, kept).CopyFrom(getattr(request.retention, kept))
    chosen = (
        "payload",
        "timeout",
        "start_timeout",
        "total_timeout",
        "retry_policy",
        "scheduled_at",
        "metadata",
    )
    for field in chosen:
        if request.HasField(field):
            getattr(template, field).CopyFrom(getattr(request, field))
    return template
