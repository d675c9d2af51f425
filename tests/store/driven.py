"""Managers on different stores, made comparable: ids become numbers, and records what the model says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import status
from execution_server.domain.problems import Problem
from execution_server.manager import Manager
from execution_server.store.port import ExecutionStore, Part
from google.protobuf.json_format import MessageToDict

from tests.store import model


class Outcome(NamedTuple):
    """What one of the three answered."""

    answer: Any
    problem: str


class Driven:
    """A manager on a store, whose ids are told by the number of their creation."""

    def __init__(self, store: ExecutionStore) -> None:
        self.store = store
        self.manager = Manager(store)
        self.ids: list[str] = []

    def id_of(self, number: int) -> str:
        """The id of a number; of none that exists where there is none."""
        return self.ids[number] if number < len(self.ids) else "01890000-0000-7000-8000-000000000000"

    def normalised(self, text: str) -> str:
        """*text* with numbers in the place of ids."""
        for number, id_ in enumerate(self.ids):
            text = text.replace(id_, f"#{number}")
        return text

    def note(self, record: Execution) -> Execution:
        """A copy of an answer without what is this store's alone: its id and the names of unnamed requests."""
        if record.id not in self.ids:
            self.ids.append(record.id)
        copied = Execution()
        copied.CopyFrom(record)
        copied.id = f"#{self.ids.index(record.id)}"
        for applied in copied.applied_requests:
            applied.digest = b""
        return copied

    async def outcome(self, call: Callable[[Driven], Awaitable[Any]]) -> Outcome:
        try:
            return Outcome(await call(self), "")
        except Problem as problem:
            return Outcome(problem.reason, self.normalised(f"{problem} {problem.metadata}"))


def row(record: Execution) -> dict[str, Any]:
    """A record in the model's words."""
    error, progress = record.error, record.progress
    moment = {
        name: getattr(record, f"{name}_at").ToMilliseconds() if record.HasField(f"{name}_at") else None
        for name in ("created", "updated", "started", "completed", "next_attempt")
    }
    return {
        "number": int(record.id[1:]),
        "type": record.type,
        "payload": MessageToDict(record.payload) if record.HasField("payload") else None,
        "key": record.idempotency_key,
        "parent": record.parent_id,
        "max_attempts": record.max_attempts,
        "timeout_ms": record.timeout.ToMilliseconds() if record.HasField("timeout") else None,
        "labels": dict(record.labels),
        "metadata": MessageToDict(record.metadata),
        "status": status.status_name(record.status),
        "reason": status.reason_name(record.status_reason),
        "attempts": record.attempts,
        "revision": record.revision,
        "result": MessageToDict(record.result) if record.HasField("result") else None,
        "error": {"message": error.message, "stack": error.stack, "retryable": error.retryable}
        if record.HasField("error")
        else None,
        "cancellation": record.cancellation_reason,
        "progress": {
            "current": progress.current,
            "total": progress.total,
            "percent": progress.percent,
            "attempt": progress.attempt,
            "at": progress.updated_at.ToMilliseconds(),
        }
        if record.HasField("progress")
        else None,
        "checkpoints": {key: MessageToDict(kept) for key, kept in record.checkpoints.items()},
        "history": [
            (
                entry.revision,
                entry.at.ToMilliseconds(),
                status.status_name(getattr(entry, "from")).removesuffix("unspecified"),
                status.status_name(entry.to),
                status.reason_name(entry.reason),
                entry.attempt,
                entry.actor,
            )
            for entry in record.history
        ],
        **{f"{name}_ms": at for name, at in moment.items()},
    }


def expected(of: model.Row) -> dict[str, Any]:
    """A row of the model as ``row`` puts a record."""
    return {name: kept for name, kept in vars(of).items() if name != "requests"}


def seen_in(part: Part) -> set[str]:
    """The model's names of what a part holds."""
    names = set(model.Row.__dataclass_fields__) - {"requests"}
    if part is not Part.FULL:
        names -= {"payload", "result", "checkpoints", "history", "error"}
    if part is Part.HEAD:
        names -= {"metadata", "labels"}
    return names
