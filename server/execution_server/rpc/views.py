"""The form in which records leave the service."""

from __future__ import annotations

from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionView

from ..store.port import Part

CUT_TO: Final = frozenset(
    ("id", "type", "status", "attempts", "revision", "created_at", "updated_at", "started_at", "completed_at")
)
"""The fields of an execution that has no room in its answer."""


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


class Room:
    """What an answer to a batch may hold of executions, so that it stays below the size of a message."""

    def __init__(self, size: int) -> None:
        """*size* is in bytes."""
        self._left = size

    def present(self, record: Execution, into: Execution) -> bool:
        """As ``present``; answers whether the record had no room and was cut to ``CUT_TO``."""
        present(record, into)
        size = into.ByteSize()
        if size <= self._left:
            self._left -= size
            return False
        for field, _ in into.ListFields():
            if field.name not in CUT_TO:
                into.ClearField(field.name)
        return True
