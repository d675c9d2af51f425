"""
Lists and counts over the index, which all partitions share evenly.

A page is a merge of partitions: each answers a few of its next ids, the first of all come first, and a partition whose
few are used up is asked for more. Ids are random in all but time, so one round is the usual case, and what a page costs
depends on its size and the number of partitions, never on how much is stored.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus

from ...domain.ids import first_id_at
from ...domain.limits import PAGE_BYTES, PAGE_SIZE
from ...domain.status import STATUSES
from ..index import is_exact, matches, ready_sets, sets_for
from ..port import Part, Query, Ready
from . import codec
from .keys import Keys
from .link import Link
from .scripts import CENSUS, COUNT, PAGE, READY, checked
from .wire import Argument

FEW: Final = 16
"""The least that a partition is asked for at once."""
FULL_AT_ONCE: Final = 4
"""How many whole records, megabytes each at worst, are read together."""


class Scan:
    """Reads the index and the records it names."""

    def __init__(self, link: Link, keys: Keys) -> None:
        self._link, self._keys = link, keys

    async def page(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        """See ``ExecutionStore.page``. One more id than wanted tells whether more follow."""
        found: list[Execution] = []
        size = 0
        while True:
            wanted = limit - len(found)
            if part is Part.FULL:
                wanted = min(wanted, FULL_AT_ONCE)
            ids = await self._ids(query, after_id, wanted + 1, deadline)
            for execution_id, record in zip(
                ids, await self._records(ids[:wanted], part, deadline), strict=False
            ):
                if record is not None and matches(query, record):
                    size += record.ByteSize()
                    if found and size > PAGE_BYTES:
                        return found, after_id
                    found.append(record)
                after_id = execution_id
            if len(ids) <= wanted:
                return found, ""
            if len(found) == limit:
                return found, after_id

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        """See ``ExecutionStore.count``."""
        if not is_exact(query):
            return await self._count_records(query, deadline)
        names = [(status, name) for status in query.statuses for name in sets_for(query, status)]
        runs = [
            (self._sets(partition, query), [*_bounds(query)]) for partition in range(self._keys.partitions)
        ]
        counts = dict.fromkeys(query.statuses, 0)
        for reply in await COUNT.run_all(self._link, runs, deadline=deadline):
            for (status, _), number in zip(names, reply, strict=True):
                counts[status] += number
        return counts

    async def _count_records(self, query: Query, deadline: float) -> dict[ExecutionStatus, int]:
        counts = dict.fromkeys(query.statuses, 0)
        after_id = ""
        while True:
            page, after_id = await self.page(query, after_id, PAGE_SIZE, Part.HEAD, deadline=deadline)
            for record in page:
                counts[record.status] += 1
            if not after_id:
                return counts

    async def census(self, limit: int, *, deadline: float) -> dict[tuple[str, ExecutionStatus], int]:
        """See ``ExecutionStore.census``. What is not counted by type is what is left of the counts by status."""
        partitions = range(self._keys.partitions)
        looks = [("ZRANGE", self._keys.types(partition), 0, limit - 1) for partition in partitions]
        found = checked(await self._link.call_all([*looks], deadline=deadline))
        known = sorted({type_.decode() for types in found for type_ in types})[:limit]
        queries = [Query(), *(Query(types=(type_,)) for type_ in known)]
        runs = [
            (
                [
                    self._keys.types(partition),
                    *(name for query in queries for name in self._sets(partition, query)),
                ],
                [len(STATUSES), "", *known],
            )
            for partition in partitions
        ]
        replies = await CENSUS.run_all(self._link, runs, deadline=deadline)
        sums = [sum(numbers) for numbers in zip(*replies, strict=True)]
        by_type = dict(
            zip(
                ((type_, status) for type_ in known for status in STATUSES),
                sums[len(STATUSES) :],
                strict=True,
            )
        )
        for status, total in zip(STATUSES, sums, strict=False):
            by_type["", status] = total - sum(by_type[type_, status] for type_ in known)
        return by_type

    async def ready(
        self, partition: int, types: Sequence[str], limit: int, now_ms: int, *, deadline: float
    ) -> tuple[list[Ready], Ready | None]:
        """See ``ExecutionStore.ready``."""
        sets = [self._keys.index_set(partition, name) for name in ready_sets(types)]
        ((now, later),) = await READY.run_all(self._link, [(sets, [now_ms, limit])], deadline=deadline)
        ready = sorted(_ready(types, *found) for found in zip(now[::3], now[1::3], now[2::3], strict=True))
        return ready[:limit], _ready(types, *later) if later else None

    def _sets(self, partition: int, query: Query) -> list[str]:
        return [
            self._keys.index_set(partition, name)
            for status in query.statuses
            for name in sets_for(query, status)
        ]

    async def _ids(self, query: Query, after_id: str, limit: int, deadline: float) -> list[str]:
        """The next *limit* ids in order, fewer only if there are no more."""
        few = max(FEW, 2 * limit // self._keys.partitions)
        shares = [_Share(self._sets(partition, query)) for partition in range(self._keys.partitions)]
        ids: list[str] = []
        while len(ids) < limit:
            empty = [share for share in shares if not share.ids and not share.exhausted]
            for share, reply in zip(
                empty, await self._read(empty, query, after_id, few, deadline), strict=True
            ):
                share.ids = deque(member.decode() for member in reply)
                share.exhausted = len(reply) < few
            merged = heapq.merge(*(share.ids for share in shares), reverse=query.newest_first)
            # What follows the last known id of a partition that has more is not known yet.
            ends = [share.ids[-1] for share in shares if not share.exhausted]
            end = (max(ends) if query.newest_first else min(ends)) if ends else None
            for execution_id in merged:
                ids.append(execution_id)
                after_id = execution_id
                if execution_id == end or len(ids) == limit:
                    break
            else:
                return ids
            for share in shares:
                share.drop_through(after_id, newest_first=query.newest_first)
            few *= 2
        return ids

    async def _read(
        self, shares: list[_Share], query: Query, after_id: str, few: int, deadline: float
    ) -> list[list[bytes]]:
        lowest, highest = _bounds(query)
        if query.newest_first:
            arguments: list[Argument] = [
                f"({after_id}" if after_id else highest,
                lowest,
                "ZREVRANGEBYLEX",
                few,
            ]
        else:
            arguments = [f"({after_id}" if after_id else lowest, highest, "ZRANGEBYLEX", few]
        return await PAGE.run_all(
            self._link, [(share.sets, arguments) for share in shares], deadline=deadline
        )

    async def _records(self, ids: list[str], part: Part, deadline: float) -> list[Execution | None]:
        if part is Part.FULL:
            commands: list[tuple[Argument, ...]] = [("HGETALL", self._keys.record(id_)) for id_ in ids]
            replies = checked(await self._link.call_all(commands, deadline=deadline))
            return [codec.join_all(fields)[0] if fields else None for fields in replies]
        commands = [("HMGET", self._keys.record(id_), *codec.READ[part]) for id_ in ids]
        replies = checked(await self._link.call_all(commands, deadline=deadline))
        return [codec.join(fragments) if version else None for version, *fragments in replies]


def _ready(types: Sequence[str], number: int, execution_id: bytes, available_ms: bytes) -> Ready:
    """What ready.lua answers: *number* is that of the set, see ``ready_sets``."""
    priority, type_ = divmod(number - 1, len(types))
    return Ready(priority, int(available_ms), execution_id.decode(), types[type_])


class _Share:
    """What one partition has told of its next ids."""

    def __init__(self, sets: list[str]) -> None:
        self.sets = sets
        self.ids: deque[str] = deque()
        self.exhausted = not sets

    def drop_through(self, after_id: str, *, newest_first: bool) -> None:
        while self.ids and (self.ids[0] >= after_id if newest_first else self.ids[0] <= after_id):
            self.ids.popleft()


def _bounds(query: Query) -> tuple[str, str]:
    """The lexicographic range of ids that were created in the query's range of time."""
    lowest = "-" if query.created_from_ms is None else f"[{first_id_at(query.created_from_ms)}"
    highest = "+" if query.created_before_ms is None else f"({first_id_at(query.created_before_ms)}"
    return lowest, highest
