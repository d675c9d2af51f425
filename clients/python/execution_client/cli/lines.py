"""A watch as lines of text, one for each event: for a stdout that is no terminal."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from .._model import Execution, HistoryEntry, WatchEvent, WatchMessage
from . import words


class EventLines:
    """Puts messages into lines."""

    def __init__(self, *, many: bool) -> None:
        """``many``: every line says which execution it is about."""
        self._many = many
        self._known: dict[str, Execution] = {}

    def of(self, message: WatchMessage) -> Iterable[str]:
        """Answer the lines for a message."""
        execution = message.execution or self._known.get(message.id)
        if message.event in (WatchEvent.DELETED, WatchEvent.MISSING):
            yield self._line(
                message.id, self._known.pop(message.id, None), datetime.now(UTC), message.event, ""
            )
            return
        if execution is not None:
            self._known[message.id] = execution
        if message.change is not None:
            yield self._changed(message.id, execution, message.change, message.execution)
        elif message.execution is not None:
            yield from self._as_it_is(message.execution)

    def _as_it_is(self, execution: Execution) -> Iterable[str]:
        for change in execution.history:
            after = execution if change is execution.history[-1] else None
            yield self._changed(execution.id, execution, change, after)
        said = words.progress_text(execution)
        if said or not execution.history:
            yield self._line(execution.id, execution, execution.updated_at, execution.status, said)

    def _changed(
        self, id: str, execution: Execution | None, change: HistoryEntry, after: Execution | None
    ) -> str:
        said = words.change_text(change, after, words.most_attempts(execution) if execution else None)
        return self._line(id, execution, change.at, change.to_status, said)

    def _line(self, id: str, execution: Execution | None, at: datetime | None, status: str, said: str) -> str:
        type = words.clean(execution.type) if execution else ""
        which = (id, type) if self._many else ()
        return "  ".join(part for part in (words.stamp(at), *which, status, said) if part)
