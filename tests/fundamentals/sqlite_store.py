"""
A store of one's own: executions in an SQLite file.

What a store must do is written in ``execution_server/store/port.py``. It keeps records (which are protobuf messages, so
their bytes will do), claims of names, and who deleted what; it compares versions and swaps. It decides nothing: the
rules are all in ``execution_server/domain``, and the parts of them that a store needs are imported from there.

Here each change is one transaction. A store for more than one server would have to tell the others of changes too; this
one tells only its own process (``_SqliteFeed``).
"""

from __future__ import annotations

import sqlite3
import time
from asyncio import get_running_loop
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus
from execution_server.counts import Traffic
from execution_server.domain.ids import partition_of
from execution_server.domain.leases import available_ms
from execution_server.domain.problems import StoreUnavailable
from execution_server.domain.timers import due_ms
from execution_server.store import parts
from execution_server.store.index import matches
from execution_server.store.one_by_one import OneByOne
from execution_server.store.port import (
    REMEMBERED_MS,
    Change,
    Claim,
    Committed,
    Conflict,
    Feed,
    Part,
    Query,
    Ready,
    Stored,
    StoreFacts,
    Taken,
)

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (id TEXT PRIMARY KEY, version BLOB, due_ms INTEGER, bytes BLOB);
CREATE TABLE IF NOT EXISTS claim (name TEXT PRIMARY KEY, id TEXT, ends_ms INTEGER);
CREATE TABLE IF NOT EXISTS deletion (id TEXT PRIMARY KEY, request BLOB, ends_ms INTEGER);
"""


class SqliteStore(OneByOne):
    """An ``ExecutionStore`` in one file, for one server."""

    def __init__(self, path: Path, partitions: int = 16) -> None:
        self.partitions = partitions
        self.traffic = Traffic()  # for the metrics of stores that are elsewhere
        self.facts = StoreFacts()  # what GetServerInfo tells of it: nothing yet
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(SCHEMA)
        self._feeds: set[_SqliteFeed] = set()

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        row = self._row("SELECT bytes, version FROM record WHERE id = ?", execution_id)
        return Stored(parts.cut(Execution.FromString(row[0]), part), row[1]) if row else None

    async def holder(self, name: str, *, deadline: float) -> str | None:
        live = "SELECT id FROM claim WHERE name = ? AND (ends_ms IS NULL OR ends_ms > ?)"
        row = self._row(live, name, self.now_ms())
        return row[0] if row else None

    async def create(self, after: Execution, claim: Claim | None, *, deadline: float) -> Committed | Taken:
        with self._transaction(deadline):
            if self._row("SELECT 1 FROM record WHERE id = ?", after.id):
                return Taken(after.id)
            if claim is not None:
                holder_id = await self.holder(claim.name, deadline=deadline)
                if holder_id is not None:
                    return Taken(holder_id)
                ends_ms = None if claim.lifetime_ms is None else self.now_ms() + claim.lifetime_ms
                self._row("REPLACE INTO claim VALUES (?, ?, ?)", claim.name, after.id, ends_ms)
            committed, change = self._put(after, 0, after, Part.FULL)
        self._tell(change)
        return committed

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        with self._transaction(deadline):
            standing = await self.load(after.id, Part.FULL, deadline=deadline)
            if standing is None or standing.version != before.version:
                return _conflict(standing)
            # The change may have been decided on the record's head alone, so it is merged into the whole.
            parts.merge(standing.record, before.record, after)
            committed, change = self._put(standing.record, before.record.revision, after, part)
        self._tell(change)
        return committed

    async def delete(self, before: Stored, request: bytes, *, deadline: float) -> Conflict | None:
        execution_id = before.record.id
        with self._transaction(deadline):
            if await self.deleted_by(execution_id, deadline=deadline) == request:
                return None
            standing = await self.load(execution_id, Part.HEAD, deadline=deadline)
            if standing is None or standing.version != before.version:
                return _conflict(standing)
            self._row("DELETE FROM record WHERE id = ?", execution_id)
            self._row("DELETE FROM claim WHERE id = ? AND ends_ms IS NULL", execution_id)
            ends_ms = self.now_ms() + REMEMBERED_MS
            self._row("REPLACE INTO deletion VALUES (?, ?, ?)", execution_id, request, ends_ms)
        self._tell(Change(execution_id, standing.record.revision, standing.record, b""))
        return None

    async def deleted_by(self, execution_id: str, *, deadline: float) -> bytes | None:
        row = self._row(
            "SELECT request FROM deletion WHERE id = ? AND ends_ms > ?", execution_id, self.now_ms()
        )
        return row[0] if row else None

    async def page(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        found: list[Execution] = []
        for record in self._all(query, after_id):
            if len(found) == limit:
                return found, found[-1].id
            found.append(parts.cut(record, part))
        return found, ""

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        counts = dict.fromkeys(query.statuses, 0)
        for record in self._all(query):
            counts[record.status] += 1
        return counts

    async def census(self, limit: int, *, deadline: float) -> dict[tuple[str, ExecutionStatus], int]:
        records = list(self._all(Query()))
        known = sorted({record.type for record in records})[:limit]
        return Counter((record.type if record.type in known else "", record.status) for record in records)

    async def due(self, partition: int, limit: int, *, deadline: float) -> Sequence[str]:
        overdue = "SELECT id FROM record WHERE due_ms <= ? ORDER BY due_ms, id"
        ids = [execution_id for (execution_id,) in self._database.execute(overdue, (self.now_ms(),))]
        return [one for one in ids if partition_of(one, self.partitions) == partition][:limit]

    async def ready(
        self, partition: int, types: Sequence[str], limit: int, *, deadline: float
    ) -> tuple[list[Ready], Ready | None]:
        waiting = [
            Ready(record.priority, available, record.id, record.type)
            for record in self._all(Query(types=tuple(types)))
            if (available := available_ms(record)) is not None
            and partition_of(record.id, self.partitions) == partition
        ]
        now_ms = self.now_ms()
        now = sorted(one for one in waiting if one.available_ms <= now_ms)
        later = (one for one in waiting if one.available_ms > now_ms)
        return now[:limit], min(later, key=lambda one: one.available_ms, default=None)

    def feed(self, on_change: Callable[[Change], None], missed: Callable[[int], None]) -> Feed:
        feed = _SqliteFeed(on_change, self._feeds)
        self._feeds.add(feed)
        return feed

    async def ping(self, *, deadline: float) -> None:
        self._row("SELECT 1")

    async def close(self) -> None:
        self._database.close()

    def _row(self, statement: str, *values: object) -> Any:
        """The first row of the answer, or None."""
        return self._database.execute(statement, values).fetchone()

    def _all(self, query: Query, after_id: str = "") -> Iterator[Execution]:
        """Every record that matches, in order, from behind *after_id*."""
        comparison, order = ("<", "DESC") if query.newest_first else (">", "ASC")
        statement = f"SELECT bytes FROM record WHERE ? = '' OR id {comparison} ? ORDER BY id {order}"
        for (data,) in self._database.execute(statement, (after_id, after_id)):
            record = Execution.FromString(data)
            if matches(query, record):
                yield record

    @contextmanager
    def _transaction(self, deadline: float) -> Iterator[None]:
        """All or nothing, and nothing once the caller has given up."""
        if deadline <= get_running_loop().time():
            raise StoreUnavailable
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            self._database.execute("ROLLBACK")
            raise

    def _put(
        self, whole: Execution, before_revision: int, news: Execution, part: Part
    ) -> tuple[Committed, Change]:
        """Write a record, and answer what the caller and those who watch are to be told."""
        data, version = whole.SerializeToString(), token_hex(8).encode()
        self._row("REPLACE INTO record VALUES (?, ?, ?, ?)", whole.id, version, due_ms(whole), data)
        told = parts.cut(Execution.FromString(data), Part.BASIC)
        told.history.extend(parts.added_history(before_revision, news))
        head = Stored(parts.cut(Execution.FromString(data), Part.HEAD), version)
        committed = Committed(head, parts.cut(Execution.FromString(data), part))
        return committed, Change(whole.id, before_revision, told, version)

    def _tell(self, change: Change) -> None:
        for feed in tuple(self._feeds):
            if partition_of(change.id, self.partitions) in feed.partitions:
                feed.on_change(change)


def _conflict(standing: Stored | None) -> Conflict:
    return Conflict(standing and Stored(parts.cut(standing.record, Part.HEAD), standing.version))


class _SqliteFeed:
    """Calls back at once: all changes are made in this process."""

    def __init__(self, on_change: Callable[[Change], None], feeds: set[_SqliteFeed]) -> None:
        self.on_change = on_change
        self.partitions: set[int] = set()
        self._feeds = feeds

    async def follow(self, partition: int) -> None:
        self.partitions.add(partition)

    async def unfollow(self, partition: int) -> None:
        self.partitions.discard(partition)

    async def close(self) -> None:
        self._feeds.discard(self)
