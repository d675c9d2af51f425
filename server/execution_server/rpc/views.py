"""The form in which records leave the service."""

from __future__ import annotations

from croco.execution.v1.execution_pb2 import Execution, ExecutionView

from ..store.port import Part


def part_of(view: ExecutionView, default: Part) -> Part:
    """The part of the record that a view needs."""
    match view:
        case ExecutionView.EXECUTION_VIEW_BASIC:
            return Part.BASIC
        case ExecutionView.EXECUTION_VIEW_FULL:
            return Part.FULL
        case _:
            return default


def present(record: Execution, into: Execution) -> None:
    """Put *record* into a response: without what is the server's own, with what is told in two places."""
    into.CopyFrom(record)
    into.ClearField("applied_requests")
    if into.cancellation_reason:
        into.metadata["cancellationReason"] = into.cancellation_reason
