"""Lists, counts and what is due."""

import asyncio
from collections import Counter
from functools import partial
from itertools import product

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionStatus
from google.protobuf.duration_pb2 import Duration

from ...domain.ids import partition_of
from ...domain.leases import available_ms
from ...domain.status import CANCELLED, PENDING, RUNNING, STATUSES
from ...domain.transitions import cancel, complete, fail, start
from .. import parts
from ..index import matches
from ..port import ExecutionStore, Part, Query, Ready, key_claim
from .samples import change, copy, create, created, lifecycle, load, new, soon

BEGAN_MS = 1_700_000_000_000


async def varied(store: ExecutionStore) -> list[Execution]:
    """Records of two types, three parents and four statuses, one a millisecond, as they are stored."""
    records = []
    for number, (type_, parent, steps) in enumerate(product(("a", "b"), ("", "p", "q"), range(4))):
        record = new(store, created_ms=BEGAN_MS + number, type=type_, parent_id=parent)
        stored = (await create(store, record)).head
        for decide in (
            lambda record: start(record, now_ms=BEGAN_MS),
            lambda record: complete(record, None, now_ms=BEGAN_MS),
        )[:steps]:
            stored = (await change(store, stored, decide)).head
        if steps == 3:
            other = (await created(store, type=type_, parent_id=parent)).record.id
            await change(store, await load(store, other), lambda record: cancel(record, now_ms=BEGAN_MS))
            records.append((await load(store, other)).record)
        records.append((await load(store, record.id)).record)
    return sorted(records, key=lambda record: record.id)


async def census(store: ExecutionStore, limit: int) -> dict[tuple[str, ExecutionStatus], int]:
    """What there is any of."""
    return {key: number for key, number in (await store.census(limit, deadline=soon())).items() if number}


async def walk(store: ExecutionStore, query: Query, limit: int, part: Part = Part.FULL) -> list[Execution]:
    """All pages of *limit* one after the other."""
    found: list[Execution] = []
    after_id = ""
    while True:
        page, after_id = await store.page(query, after_id, limit, part, deadline=soon())
        assert len(page) <= limit
        found += page
        if not after_id:
            return found


QUERIES = [
    Query(),
    Query(statuses=(RUNNING,)),
    Query(statuses=(PENDING, CANCELLED)),
    Query(statuses=()),
    Query(types=("a",)),
    Query(types=("a", "b")),
    Query(types=("none",)),
    Query(parent_id="p"),
    Query(parent_id="none"),
    Query(parent_id="q", types=("b",)),
    Query(parent_id="q", types=("b", "none"), statuses=(PENDING, RUNNING)),
    Query(created_from_ms=BEGAN_MS + 5),
    Query(created_before_ms=BEGAN_MS + 5),
    Query(created_from_ms=BEGAN_MS + 3, created_before_ms=BEGAN_MS + 17, types=("a",)),
    Query(created_from_ms=BEGAN_MS + 4, created_before_ms=BEGAN_MS + 4),
    Query(created_from_ms=0, created_before_ms=(1 << 48) - 1, parent_id="p"),
]


class Lists:
    """``page``, ``count``, ``due``, ``ready``."""

    async def test_pages_and_counts_tell_what_matches(self, store: ExecutionStore) -> None:
        """Every filter, in both orders and in pages of every size, against a look at each record."""
        records = await varied(store)
        for asked, newest_first in product(QUERIES, (True, False)):
            query = Query(**{**asked.__dict__, "newest_first": newest_first})
            expected = [record for record in records if matches(query, record)]

            counts = await store.count(query, deadline=soon())
            assert counts == {
                status: sum(record.status == status for record in expected) for status in query.statuses
            }, query

            for limit in (1, 2, 7, 100):
                found = await walk(store, query, limit)
                assert found == (expected[::-1] if newest_first else expected), (query, limit)

    @pytest.mark.parametrize("part", Part)
    async def test_a_page_holds_the_part_that_was_asked_for(self, store: ExecutionStore, part: Part) -> None:
        """A list of heads must not cost a list of payloads."""
        records = await varied(store)

        found = await walk(store, Query(newest_first=False), 10, part)

        assert found == [parts.cut(copy(record), part) for record in records]

    async def test_pages_do_not_hang_on_where_records_lie(self, store: ExecutionStore) -> None:
        """Partitions are filled by chance, and keys that are much alike may all share one."""
        crowded = key_claim("order")
        records = [new(store, crowded, BEGAN_MS + number * 3) for number in range(70)]
        records += [new(store, None, BEGAN_MS + number * 20) for number in range(12)]
        for record in records:
            await create(store, record)
        ids = sorted(record.id for record in records)

        for limit, newest_first in product((10, 40, 100), (True, False)):
            found = [
                record.id for record in await walk(store, Query(newest_first=newest_first), limit, Part.HEAD)
            ]
            assert found == (ids[::-1] if newest_first else ids)

    async def test_a_page_begins_after_any_id(self, store: ExecutionStore) -> None:
        """The record that a page ended with may be gone when the next is asked for."""
        _, gone, last = sorted([await created(store) for _ in range(3)], key=lambda stored: stored.record.id)
        assert await store.delete(gone, b"12345678", deadline=soon()) is None

        page, after_id = await store.page(
            Query(newest_first=False), gone.record.id, 10, Part.HEAD, deadline=soon()
        )

        assert (page, after_id) == ([last.record], "")

    async def test_what_matches_all_the_while_is_in_the_pages_once(self, store: ExecutionStore) -> None:
        """Others change statuses while somebody reads; a record must not slip through between two of them."""
        moving = {(await created(store)).record.id for _ in range(40)}
        resting = {(await created(store, type="resting")).record.id for _ in range(40)}
        read = asyncio.Event()

        async def move(execution_id: str) -> None:
            for decide in lifecycle(store):
                await change(store, await load(store, execution_id, Part.HEAD), decide, Part.HEAD)
                if read.is_set():
                    return

        async def look() -> None:
            for limit in (1, 3, 100):
                query = Query(statuses=STATUSES, newest_first=limit != 3)
                found = [record.id for record in await walk(store, query, limit, Part.HEAD)]
                assert len(found) == len(set(found))
                assert set(found) == moving | resting
                assert sum((await store.count(query, deadline=soon())).values()) == 80
            read.set()

        await asyncio.gather(look(), *(move(execution_id) for execution_id in moving))

    async def test_a_page_answers_records_as_they_match(self, store: ExecutionStore) -> None:
        """Between the index and the record there may be a change: the answer must fit the question all the same."""
        ids = [(await created(store)).record.id for _ in range(40)]
        done = asyncio.Event()

        async def move() -> None:
            for execution_id in ids:
                stored = await load(store, execution_id, Part.HEAD)
                await change(store, stored, lambda record: start(record, now_ms=1), Part.HEAD)
            done.set()

        async def look() -> None:
            while not done.is_set():
                page = await walk(store, Query(statuses=(PENDING,)), 5, Part.HEAD)
                assert all(record.status == PENDING for record in page)
                await asyncio.sleep(0)

        await asyncio.gather(move(), look())
        assert await walk(store, Query(statuses=(PENDING,)), 5) == []
        assert len(await walk(store, Query(statuses=(RUNNING,)), 5)) == 40

    async def test_what_is_overdue_is_told_the_longest_first(self, store: ExecutionStore) -> None:
        """Nobody who waits may be passed over for ever."""
        now_ms = store.now_ms()
        expected: dict[int, list[tuple[int, str]]] = {partition: [] for partition in range(store.partitions)}
        running = []
        for number in range(3 * store.partitions + 2):
            began_ms = now_ms - 60_000 - (number * 37 % 50) * 1000
            record = new(store, created_ms=began_ms, timeout=Duration(seconds=60))
            stored = (await create(store, record)).head
            stored = (await change(store, stored, partial(start, now_ms=began_ms))).head
            expected[partition_of(record.id, store.partitions)].append((began_ms + 60_000, record.id))
            running.append(stored)
        for stored in running[:2]:  # nothing is owed any more
            await change(store, stored, lambda record: complete(record, None, now_ms=now_ms), Part.HEAD)
        later = await created(store, timeout=Duration(seconds=3600))
        await change(store, later, partial(start, now_ms=now_ms))
        await created(store)

        gone = {stored.record.id for stored in running[:2]}
        for partition, moments in expected.items():
            ids = [execution_id for _, execution_id in sorted(moments) if execution_id not in gone]
            assert list(await store.due(partition, 100, deadline=soon())) == ids
            assert list(await store.due(partition, 1, deadline=soon())) == ids[:1]

    async def test_the_census_counts_every_record_once(self, store: ExecutionStore) -> None:
        """By type and status; and what is not told apart is counted all the same."""
        records = await varied(store)
        expected = Counter((record.type, record.status) for record in records)

        assert await census(store, 2) == expected
        assert await census(store, 10) == expected
        assert sum((await census(store, 1)).values()) == len(records)
        by_status = Counter[ExecutionStatus]()
        for (type_, status), number in (await census(store, 1)).items():
            assert number == expected[type_, status] or type_ == ""
            by_status[status] += number
        assert by_status == Counter(record.status for record in records)

        for record in records:
            if record.type == "a":
                await store.delete(await load(store, record.id), b"12345678", deadline=soon())
        for _ in range(2):  # the first look may be what makes a store forget a type
            assert await census(store, 2) == {
                key: number for key, number in expected.items() if key[0] == "b"
            }
        await created(store, type="a")
        assert (await census(store, 2))["a", PENDING] == 1

    async def test_workers_get_the_most_urgent_and_then_the_oldest(self, store: ExecutionStore) -> None:
        """By priority, then by the moment from which they may; and they know when to ask again."""
        now_ms = store.now_ms()
        records = []
        for number in range(60):
            record = new(
                store,
                created_ms=now_ms - number * 7 % 50,
                type=("a", "b", "c")[number % 3],
                priority=number % 4,
            )
            if number % 5 == 0:
                record.scheduled_at.FromMilliseconds(now_ms + 60_000 + number)
            records.append((await create(store, record)).head)
        taken = [await change(store, stored, partial(start, now_ms=now_ms)) for stored in records[::7]]
        standing = [stored.record for number, stored in enumerate(records) if number % 7]
        standing += [outcome.head.record for outcome in taken]

        for types, partition in product((("a",), ("a", "b"), ("none",)), range(store.partitions)):
            all_ = sorted(
                Ready(record.priority, moment, record.id, record.type)
                for record in standing
                if record.type in types
                and partition_of(record.id, store.partitions) == partition
                and (moment := available_ms(record)) is not None
            )
            now = [one for one in all_ if one.available_ms <= now_ms]
            later = min(
                (one for one in all_ if one.available_ms > now_ms), key=lambda one: one[1], default=None
            )
            for limit in (100, 1):
                assert await store.ready(partition, types, limit, deadline=soon()) == (now[:limit], later)

    async def test_what_was_taken_and_given_back_can_be_got_again(self, store: ExecutionStore) -> None:
        """What is ready changes with the record, in the same commit."""
        now_ms = store.now_ms()
        stored = await created(store)
        partition = partition_of(stored.record.id, store.partitions)

        async def ready() -> list[int]:
            found, _ = await store.ready(partition, ("mail",), 10, deadline=soon())
            return [one.available_ms for one in found]

        assert await ready() == [stored.record.created_at.ToMilliseconds()]
        stored = (await change(store, stored, partial(start, now_ms=now_ms))).head
        assert await ready() == []
        error = ExecutionError(message="no", retryable=True, retry_delay=Duration())
        stored = (await change(store, stored, lambda record: fail(record, error, now_ms=now_ms))).head
        assert await ready() == [available_ms(stored.record)]
        assert await store.delete(stored, b"12345678", deadline=soon()) is None
        assert await ready() == []
