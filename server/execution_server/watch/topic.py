"""What a process knows of one watched execution, shared by all who watch it."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from contextlib import suppress

from croco.execution.v1.execution_pb2 import Execution, HistoryEntry

from ..domain.limits import HISTORY_ENTRIES
from ..domain.problems import WatchRevisionCompacted
from ..domain.status import ENDED
from ..store import parts
from ..store.port import Change, Part


class Topic:
    """
    The newest record and the history of one execution.

    Attributes:
        record: the BASIC part, as of ``revision``. Others hold it too: it must not be changed.
        history: the status changes that are known, oldest first, up to ``revision``.
        deleted: the execution is gone.
        turned_back: the store has lost revisions that were told of.
        watchers: how many watch it.
        messages: what was made for the current revision and can be sent to every watcher as it is.
        refreshing: reads the record, while that is needed.
        stale: whether it has to be read (again).
    """

    def __init__(self, execution_id: str, partition: int) -> None:
        self.id = execution_id
        self.partition = partition
        self.record = Execution()
        self.history: list[HistoryEntry] = []
        self.deleted = False
        self.turned_back = False
        self.watchers = 0
        self.messages: dict[Hashable, bytes] = {}
        self.refreshing: asyncio.Task[None] | None = None
        self.stale = False
        self._waiting: set[asyncio.Future[None]] = set()

    @property
    def revision(self) -> int:
        """The newest known; 0 before anything is known."""
        return self.record.revision

    @property
    def ended(self) -> bool:
        """Whether nothing more happens unless somebody asks for it."""
        return self.record.status in ENDED

    def follows(self, change: Change) -> bool:
        """Take *change* in. False if something before it is missing, so that the record has to be read."""
        if change.deleted:
            self.delete()
        elif change.record.revision > self.revision:
            if change.before_revision != self.revision:
                return False
            self._set(change.record, [*self.history, *copies(change.record.history)])
        return True

    def replace(self, whole: Execution) -> None:
        """Take in a FULL record that was read, and take it apart; an older one than is known changes nothing."""
        if whole.revision > self.revision:
            history = copies(whole.history)
            basic = Execution()
            basic.CopyFrom(
                parts.cut(whole, Part.BASIC)
            )  # what was cut away stays in memory with the original
            self._set(basic, history)

    def turn_back(self) -> None:
        """
        What was told never was, since the store has lost it: nobody's revision means anything any more.

        Of a store that waits for its replicas nobody is told what may be lost; others, and backups, may go back.
        """
        self.turned_back = True
        self.wake()

    def delete(self) -> None:
        """Tell the watchers that the execution is gone."""
        self.deleted = True
        self.wake()

    def changes_after(self, revision: int) -> list[HistoryEntry]:
        """
        The status changes after *revision*.

        Raises:
            WatchRevisionCompacted: the history does not reach back that far.
        """
        forgotten = self.record.status_changes > len(self.history)
        if forgotten and self.history and revision < self.history[0].revision - 1:
            raise WatchRevisionCompacted(self.id, revision, self.history[0].revision)
        return [entry for entry in self.history if entry.revision > revision]

    async def woken(self, until: float) -> bool:
        """Wait until something has changed or the watch has to end; False if *until* (the loop's clock) comes first."""
        woken = asyncio.get_running_loop().create_future()
        self._waiting.add(woken)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await woken
                    return True
            return False
        finally:
            self._waiting.discard(woken)

    def wake(self) -> None:
        """Let every watcher look again."""
        for woken in self._waiting:
            if not woken.done():
                woken.set_result(None)

    def _set(self, record: Execution, history: list[HistoryEntry]) -> None:
        self.record = record
        self.history = history[-HISTORY_ENTRIES:]
        self.messages = {}
        self.wake()


def copies(history: Iterable[HistoryEntry]) -> list[HistoryEntry]:
    """The entries on their own: one that is part of a message keeps all of it in memory, megabytes perhaps."""
    own = []
    for entry in history:
        copied = HistoryEntry()
        copied.CopyFrom(entry)
        own.append(copied)
    return own
