"""
The reference store: what the port means, in a dictionary of one process. For tests, and for trying things out.

It keeps a record's bytes, not the object, so nobody can change it from outside; and it compares whole versions as the
real one does. Nothing in it awaits, so each method is atomic on the event loop.
"""

import secrets
import time
from asyncio import get_running_loop
from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from typing import Generic, TypeVar

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus
from croco.execution.v1.execution_service_pb2 import DurabilityClass, StoreKind

from ..counts import Traffic
from ..domain.ids import partition_of
from ..domain.leases import available_ms
from ..domain.problems import StoreUnavailable
from ..domain.timers import due_ms
from . import parts
from .index import matches
from .one_by_one import OneByOne
from .port import (
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
    key_claim,
)

What = TypeVar("What")


class MemoryStore(OneByOne):
    """An ``ExecutionStore`` that forgets everything with its process."""

    def __init__(self, partitions: int = 16, clock: Callable[[], int] | None = None) -> None:
        self.partitions = partitions
        self.traffic = Traffic()
        self.facts = StoreFacts(StoreKind.STORE_KIND_MEMORY, DurabilityClass.DURABILITY_CLASS_RELAXED)
        self.now_ms = clock or (lambda: time.time_ns() // 1_000_000)
        self._records: dict[str, tuple[bytes, bytes]] = {}  # id -> (record, version)
        self._claims: _Remembered[str] = _Remembered(self.now_ms)  # name -> id
        self._tombstones: _Remembered[bytes] = _Remembered(self.now_ms)  # id -> request
        self._feeds: set[_MemoryFeed] = set()

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        found = self._records.get(execution_id)
        return Stored(parts.cut(Execution.FromString(found[0]), part), found[1]) if found else None

    async def holder(self, name: str, *, deadline: float) -> str | None:
        return self._claims.get(name)

    async def create(self, after: Execution, claim: Claim | None, *, deadline: float) -> Committed | Taken:
        _check_deadline(deadline)
        if after.id in self._records:
            return Taken(after.id)
        if claim is not None:
            holder_id = await self.holder(claim.name, deadline=deadline)
            if holder_id is not None:
                return Taken(holder_id)
            self._claims.put(claim.name, after.id, claim.lifetime_ms)
        return self._put(after, 0, after, Part.FULL)

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        _check_deadline(deadline)
        conflict = await self._conflict(before)
        if conflict is not None:
            return conflict
        whole = Execution.FromString(self._records[after.id][0])
        parts.merge(whole, before.record, after)
        return self._put(whole, before.record.revision, after, part)

    async def delete(self, before: Stored, request: bytes, *, deadline: float) -> Conflict | None:
        _check_deadline(deadline)
        execution_id = before.record.id
        conflict = await self._conflict(before)
        if conflict is not None:
            repeated = await self.deleted_by(execution_id, deadline=deadline) == request
            return None if repeated else conflict
        last, _ = self._records.pop(execution_id)
        if before.record.idempotency_key:
            self._claims.forget(key_claim(before.record.idempotency_key).name)
        self._tombstones.put(execution_id, request, REMEMBERED_MS)
        head = parts.cut(Execution.FromString(last), Part.HEAD)
        self._tell(Change(execution_id, head.revision, head, b""))
        return None

    async def deleted_by(self, execution_id: str, *, deadline: float) -> bytes | None:
        return self._tombstones.get(execution_id)

    async def page(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        found: list[Execution] = []
        for execution_id in sorted(self._records, reverse=query.newest_first):
            passed = execution_id >= after_id if query.newest_first else execution_id <= after_id
            if after_id and passed:
                continue
            record = Execution.FromString(self._records[execution_id][0])
            if matches(query, record):
                if len(found) == limit:
                    return found, found[-1].id
                found.append(parts.cut(record, part))
        return found, ""

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        counts = dict.fromkeys(query.statuses, 0)
        for record, _ in self._records.values():
            execution = Execution.FromString(record)
            if matches(query, execution):
                counts[execution.status] += 1
        return counts

    async def census(self, limit: int, *, deadline: float) -> dict[tuple[str, ExecutionStatus], int]:
        records = [Execution.FromString(record) for record, _ in self._records.values()]
        known = sorted({record.type for record in records})[:limit]
        return Counter((record.type if record.type in known else "", record.status) for record in records)

    async def due(self, partition: int, limit: int, *, deadline: float) -> Sequence[str]:
        moments = []
        for execution_id, (record, _) in self._records.items():
            moment = due_ms(Execution.FromString(record))
            if moment is not None and moment <= self.now_ms() and self._partition(execution_id) == partition:
                moments.append((moment, execution_id))
        return [execution_id for _, execution_id in sorted(moments)[:limit]]

    async def ready(
        self, partition: int, types: Sequence[str], limit: int, *, deadline: float
    ) -> tuple[list[Ready], Ready | None]:
        found: list[Ready] = []
        for execution_id, (data, _) in self._records.items():
            record = Execution.FromString(data)
            available = available_ms(record)
            if available is not None and record.type in types and self._partition(execution_id) == partition:
                found.append(Ready(record.priority, available, execution_id, record.type))
        now_ms = self.now_ms()
        later = [one for one in found if one.available_ms > now_ms]
        now = sorted(one for one in found if one.available_ms <= now_ms)[:limit]
        return now, min(later, key=lambda one: one.available_ms, default=None)

    def feed(self, on_change: Callable[[Change], None], missed: Callable[[int], None]) -> Feed:
        feed = _MemoryFeed(on_change, self._feeds)
        self._feeds.add(feed)
        return feed

    async def ping(self, *, deadline: float) -> None:
        return None

    async def close(self) -> None:
        self._feeds.clear()

    async def _conflict(self, before: Stored) -> Conflict | None:
        current = await self.load(before.record.id, Part.HEAD, deadline=0)
        return None if current is not None and current.version == before.version else Conflict(current)

    def _put(self, whole: Execution, before_revision: int, news: Execution, part: Part) -> Committed:
        version = b"%d.%s" % (whole.revision, secrets.token_hex(6).encode())
        data = whole.SerializeToString()
        self._records[whole.id] = (data, version)
        told = parts.cut(Execution.FromString(data), Part.BASIC)
        told.history.extend(parts.added_history(before_revision, news))
        self._tell(Change(whole.id, before_revision, told, version))
        head = Stored(parts.cut(Execution.FromString(data), Part.HEAD), version)
        return Committed(head, parts.cut(Execution.FromString(data), part))

    def _tell(self, change: Change) -> None:
        for feed in tuple(self._feeds):
            if self._partition(change.id) in feed.partitions:
                feed.on_change(change)

    def _partition(self, execution_id: str) -> int:
        return partition_of(execution_id, self.partitions)


def _check_deadline(deadline: float) -> None:
    if deadline <= get_running_loop().time():
        raise StoreUnavailable


class _Remembered(Generic[What]):
    """What is remembered by name, some of it only for a while. Whatever has ended is gone when more is put to it."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._known: dict[str, tuple[What, int | None]] = {}  # with when it ends
        self._ends: list[tuple[int, str]] = []  # a heap

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: str) -> What | None:
        what, ends_ms = self._known.get(name, (None, None))
        return None if ends_ms is not None and ends_ms <= self._now_ms() else what

    def put(self, name: str, what: What, lifetime_ms: int | None) -> None:
        now_ms = self._now_ms()
        while self._ends and self._ends[0][0] <= now_ms:
            at_ms, ended = heappop(self._ends)
            if self._known.get(ended, (None, None))[1] == at_ms:  # else it was put anew
                del self._known[ended]
        ends_ms = None if lifetime_ms is None else now_ms + lifetime_ms
        self._known[name] = (what, ends_ms)
        if ends_ms is not None:
            heappush(self._ends, (ends_ms, name))

    def forget(self, name: str) -> None:
        self._known.pop(name, None)


class _MemoryFeed:
    def __init__(self, on_change: Callable[[Change], None], feeds: "set[_MemoryFeed]") -> None:
        self.on_change = on_change
        self.partitions: set[int] = set()
        self._feeds = feeds

    async def follow(self, partition: int) -> None:
        self.partitions.add(partition)

    async def unfollow(self, partition: int) -> None:
        self.partitions.discard(partition)

    async def close(self) -> None:
        self._feeds.discard(self)
