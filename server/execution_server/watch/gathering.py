"""What one watch of many executions has still to be told: a slot per execution, and a bound on how many."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from typing import Final, NamedTuple

from croco.execution.v1.execution_pb2 import Execution, HistoryEntry

from ..domain.limits import HISTORY_ENTRIES
from ..domain.problems import StoreUnavailable, TooManyWatches
from ..domain.status import STATUSES
from ..store.index import matches
from ..store.port import Change, Query
from .topic import copies

MOST_BEHIND: Final = 1_000
"""How many executions a reader may be behind with before its watch ends: it needs a new snapshot then."""
KNOWN: Final = 10_000
"""Of how many executions of a snapshot it is remembered which revision it told of."""
LATE_SECONDS: Final = 10.0
"""For how long: several times what a notice may be late by, see ``Feed.follow``."""
TOO_SLOW: Final = "This watch was read too slowly"


class News(NamedTuple):
    """What is to be told of one execution."""

    record: Execution
    """The newest; before its deletion the last. Others hold it too: it must not be changed."""
    changes: list[HistoryEntry]
    """The status changes that led there."""
    deleted: bool
    arrived: int
    """How many changes of any kind led there."""


class Gathering:
    """Collects the changes that match a query until they are taken."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._in_any_status = replace(query, statuses=STATUSES)
        self._news: OrderedDict[str, News] = OrderedDict()
        self._told: OrderedDict[str, int] = OrderedDict()  # id -> the revision that a snapshot told of
        self._problem: StoreUnavailable | TooManyWatches | None = None
        self._woken = asyncio.Event()

    def add(self, change: Change) -> None:
        """Take *change* in if the execution matches now, or did before."""
        record = change.record
        old = record.revision <= self._told.get(change.id, 0) and not change.deleted
        if old or self._problem is not None:
            return
        waiting = self._news.get(change.id)
        if not (self._concerns(record) or (change.deleted and waiting)):
            return
        # The record of a deletion is the one before it, and brings no changes of its own.
        changes = [*(waiting.changes if waiting else ()), *copies(record.history)]
        arrived = waiting.arrived + 1 if waiting else 1
        self._news[change.id] = News(record, changes, change.deleted, arrived)
        if len(self._news) > MOST_BEHIND:
            self._end(TooManyWatches(MOST_BEHIND, TOO_SLOW))
        elif len(changes) > HISTORY_ENTRIES:
            self._end(TooManyWatches(HISTORY_ENTRIES, TOO_SLOW))
        self.wake()

    def miss(self, partition: int) -> None:
        """Something was lost, and nobody knows what: only a new snapshot can tell."""
        self._end(StoreUnavailable())

    def wake(self) -> None:
        """Let the watch look again."""
        self._woken.set()

    def told(self, record: Execution) -> None:
        """A snapshot tells of *record*: what led there needs not be told any more."""
        self._told[record.id] = record.revision
        if len(self._told) > KNOWN:
            self._told.popitem(last=False)
        waiting = self._news.get(record.id)
        if waiting is None:
            return
        if waiting.record.revision <= record.revision and not waiting.deleted:
            del self._news[record.id]
        else:
            later = [entry for entry in waiting.changes if entry.revision > record.revision]
            self._news[record.id] = waiting._replace(changes=later)

    def told_all(self) -> None:
        """The snapshot is complete: soon no notice can be late any more."""
        asyncio.get_running_loop().call_later(LATE_SECONDS, self._told.clear)

    def take(self) -> News | None:
        """
        What is to be told of the execution that has waited longest, None if nothing is.

        Raises:
            TooManyWatches: the reader has fallen too far behind.
            StoreUnavailable: changes were lost.
        """
        if self._problem is not None:
            raise self._problem
        if self._news:
            return self._news.popitem(last=False)[1]
        self._woken.clear()
        return None

    async def woken(self, until: float) -> bool:
        """Wait until the watch has to look; False if *until* (the loop's clock) comes first."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                return await self._woken.wait()
        return False

    def _concerns(self, record: Execution) -> bool:
        """Whether the record matches, or did before the status changes that it carries."""
        if matches(self._query, record):
            return True
        before = {getattr(entry, "from") for entry in record.history}
        return not before.isdisjoint(self._query.statuses) and matches(self._in_any_status, record)

    def _end(self, problem: StoreUnavailable | TooManyWatches) -> None:
        self._problem = self._problem or problem
        self._news.clear()
        self.wake()
