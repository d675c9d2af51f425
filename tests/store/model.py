"""
What the contract says, written down a second time: no protobuf, no index, no commit, and nothing of the server's code.

Times are milliseconds, statuses and reasons their names, JSON values Python's own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = 8
FINAL = {"completed", "cancelled"}
ENDED = FINAL | {"failed", "timed_out"}


class Refused(Exception):
    """A problem, by its reason in ``ErrorReason``."""


@dataclass
class Row:
    """An execution."""

    number: int
    type: str
    payload: Any
    key: str
    parent: str
    max_attempts: int
    timeout_ms: int | None
    labels: dict[str, str]
    metadata: dict[str, Any]
    created_ms: int
    status: str = ""
    reason: str = ""
    attempts: int = 0
    revision: int = 0
    updated_ms: int = 0
    started_ms: int | None = None
    completed_ms: int | None = None
    next_attempt_ms: int | None = None
    result: Any = None
    error: dict[str, Any] | None = None
    cancellation: str = ""
    progress: dict[str, Any] | None = None
    checkpoints: dict[str, Any] = field(default_factory=dict)
    history: list[tuple[int, int, str, str, str, int, str]] = field(default_factory=list)
    requests: list[tuple[object, Row]] = field(default_factory=list)

    def touch(self, now_ms: int) -> None:
        self.revision += 1
        self.updated_ms = max(self.updated_ms, now_ms)

    def enter(self, status: str, reason: str, now_ms: int, actor: str = "") -> None:
        self.touch(now_ms)
        self.history.append(
            (self.revision, self.updated_ms, self.status, status, reason, self.attempts, actor)
        )
        self.status, self.reason = status, reason
        self.completed_ms = self.updated_ms if status in ENDED else None
        if status != "retrying":
            self.next_attempt_ms = None

    def remember(self, request: object) -> None:
        """Remember the request with what it led to; the newest few only."""
        answer = copy.copy(self)
        answer.history, answer.requests = [*self.history], []
        self.requests = [*self.requests, (request, answer)][-REMEMBERED:]

    def answered(self, request: object) -> Row | None:
        """What the request led to, if it is remembered."""
        return next((answer for known, answer in self.requests if known == request), None)


Verb = Callable[[Row, int], bool | None]
"""Changes a row at a moment, or raises Refused; answers False if nothing had to be changed."""


class Model:
    """All executions that were ever created, by number."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.count = 0
        self._created_by: dict[object, int] = {}
        self._deleted_by: dict[int, object] = {}

    def create(self, fields: Mapping[str, Any], request_id: str, now_ms: int) -> tuple[Row, bool]:
        request = ("create", request_id or object())
        holder = self._by_key(fields["key"]) if fields["key"] else self._created_by.get(request)
        if holder is not None:
            return self._held(holder, fields, request)
        row = Row(self.count, created_ms=now_ms, **copy.deepcopy(dict(fields)))
        row.enter("pending", "created", now_ms)
        row.remember(request)
        self.rows[row.number] = row
        self.count += 1
        if not row.key:
            self._created_by[request] = row.number
        return row, True

    def _held(self, holder: int, fields: Mapping[str, Any], request: object) -> tuple[Row, bool]:
        row = self.get(holder)
        if (row.type, row.payload) != (fields["type"], fields["payload"]):
            raise Refused("IDEMPOTENCY_KEY_REUSED" if fields["key"] else "INVALID_FIELD")
        answer = row.answered(request)
        if answer is not None:
            return answer, answer.revision == 1
        return row, not fields["key"]

    def _by_key(self, key: str) -> int | None:
        return next((row.number for row in self.rows.values() if row.key == key), None)

    def get(self, number: int) -> Row:
        if number not in self.rows:
            raise Refused("EXECUTION_NOT_FOUND")
        return self.rows[number]

    def get_by_key(self, key: str) -> Row:
        holder = self._by_key(key)
        return self.get(-1 if holder is None else holder)

    def change(
        self,
        number: int,
        method: str,
        verb: Verb,
        request_id: str,
        revision: int | None,
        attempt: int | None,
        now_ms: int,
    ) -> tuple[Row, bool]:
        """The row after the call, or as it was when the same request was made first; and whether that is so."""
        row = self.get(number)
        request = (method, request_id or object())
        answer = row.answered(request)
        if answer is not None:
            return answer, True
        self._settle(row, now_ms)
        if revision is not None and revision != row.revision:
            raise Refused("REVISION_MISMATCH")
        if attempt is not None and (attempt, "running") != (row.attempts, row.status):
            raise Refused("ATTEMPT_FENCED")
        changed = copy.deepcopy(row)
        if verb(changed, now_ms) is False:
            return row, False
        changed.remember(request)
        self.rows[number] = changed
        return changed, False

    def delete(self, number: int, force: bool, request_id: str, revision: int | None, now_ms: int) -> None:
        request = ("delete", request_id or object())
        if number not in self.rows and self._deleted_by.get(number) == request:
            return
        row = self.get(number)
        self._settle(row, now_ms)
        if revision is not None and revision != row.revision:
            raise Refused("REVISION_MISMATCH")
        if row.status in ("running", "retrying") and not force:
            raise Refused("EXECUTION_ACTIVE")
        del self.rows[number]
        self._deleted_by[number] = request

    def matching(self, **wanted: Any) -> list[Row]:
        """The rows that match, oldest first."""
        return [
            row
            for row in self.rows.values()
            if row.status in wanted["statuses"]
            and row.type in (wanted["types"] or (row.type,))
            and wanted["parent"] in ("", row.parent)
            and (wanted["from_ms"] is None or row.created_ms >= wanted["from_ms"])
            and (wanted["before_ms"] is None or row.created_ms < wanted["before_ms"])
        ]

    @staticmethod
    def _settle(row: Row, now_ms: int) -> None:
        if row.status != "running" or row.timeout_ms is None or row.started_ms is None:
            return
        if row.started_ms + row.timeout_ms <= now_ms:
            time_out(row, now_ms, "attempt_timeout", "server")


def start(row: Row, now_ms: int) -> None:
    _from(row, "pending", "retrying")
    row.attempts += 1
    row.error = None
    row.enter("running", "started", now_ms)
    row.started_ms = row.updated_ms


def complete(row: Row, now_ms: int, result: Any, progress: Any = None, checkpoints: Any = None) -> None:
    _from(row, "running")
    if result is not None:
        row.result = result
    _report(row, progress, checkpoints, now_ms)
    row.enter("completed", "succeeded", now_ms)


def fail(row: Row, now_ms: int, error: dict[str, Any], delay_ms: int | None, checkpoints: Any = None) -> None:
    _from(row, "running", "retrying")
    if row.status == "retrying":
        if error["retryable"]:
            raise Refused("INVALID_STATE_TRANSITION")
        if checkpoints:
            raise Refused("EXECUTION_NOT_RUNNING")
        to, reason = "failed", "given_up"
    elif not error["retryable"]:
        to, reason = "failed", "non_retryable_failure"
    elif row.attempts >= row.max_attempts:
        to, reason = "failed", "attempts_exhausted"
    else:
        to, reason = "retrying", "retryable_failure"
    _report(row, None, checkpoints, now_ms)
    row.error = error
    row.enter(to, reason, now_ms)
    if to == "retrying":
        pause = min(3_000, 1_000 * 2 ** (row.attempts - 1)) if delay_ms is None else delay_ms
        row.next_attempt_ms = now_ms + pause


def retry(row: Row, now_ms: int, additional: int) -> bool:
    _from(row, "failed", "timed_out", "retrying")
    if row.status == "retrying" and not additional and row.next_attempt_ms is None:
        return False
    row.max_attempts += additional
    if row.attempts >= row.max_attempts:
        raise Refused("MAX_RETRIES_EXCEEDED")
    row.next_attempt_ms = None
    if row.status == "retrying":
        row.touch(now_ms)
    else:
        row.enter("retrying", "manual_retry", now_ms)
    return True


def cancel(row: Row, now_ms: int, reason: str) -> bool:
    if row.status == "cancelled":
        return False
    _from(row, "pending", "running", "retrying")
    row.enter("cancelled", "cancel_requested", now_ms)
    row.cancellation = reason
    return True


def time_out(row: Row, now_ms: int, reason: str = "reported_timeout", actor: str = "") -> None:
    _from(row, "running")
    row.error = {"message": "Execution timed out", "stack": "", "retryable": True}
    row.enter("timed_out", reason, now_ms, actor)


def report(row: Row, now_ms: int, progress: Any = None, checkpoints: Any = None) -> None:
    if row.status != "running":
        raise Refused("EXECUTION_NOT_RUNNING")
    _report(row, progress, checkpoints, now_ms)
    row.touch(now_ms)


def update(row: Row, now_ms: int, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if name not in ("metadata", "labels") and row.status in FINAL:
            raise Refused("INVALID_STATE_TRANSITION")
        if name == "max_attempts" and value < row.attempts + (row.status == "retrying"):
            raise Refused("INVALID_FIELD")
        setattr(row, name, value)
    row.touch(now_ms)


def _from(row: Row, *statuses: str) -> None:
    if row.status not in statuses:
        raise Refused("INVALID_STATE_TRANSITION")


def _report(
    row: Row, progress: tuple[int, int] | None, checkpoints: Mapping[str, Any] | None, now_ms: int
) -> None:
    if progress is not None:
        current, total = progress
        percent = min(100, (200 * current + total) // (2 * total)) if total else 0
        at = max(now_ms, row.updated_ms)
        row.progress = {
            "current": current,
            "total": total,
            "percent": percent,
            "attempt": row.attempts,
            "at": at,
        }
    for key, value in (checkpoints or {}).items():
        if value is None:
            row.checkpoints.pop(key, None)
        else:
            row.checkpoints[key] = value
