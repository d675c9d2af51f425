"""What is done to many records in one call: the same as one by one."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import pytest

from ...domain.problems import StoreUnavailable
from ...domain.status import COMPLETED, PENDING, STATUSES
from ..port import (
    Claim,
    Committed,
    Conflict,
    ExecutionStore,
    Part,
    Query,
    Stored,
    Swap,
    Taken,
    key_claim,
    request_claim,
)
from .samples import Events, change, copy, create, created, lifecycle, load, new, soon, together, whole

MANY = 40


def different(count: int = MANY) -> Sequence[Claim | None]:
    """Claims of every kind, which nobody has."""
    kinds = (
        lambda: None,
        lambda: request_claim(secrets.token_bytes(8)),
        lambda: key_claim(secrets.token_hex(8)),
    )
    return [kinds[number % len(kinds)]() for number in range(count)]


class Batches:
    """``create_all``, ``commit_all`` and ``load_all``."""

    async def test_many_are_created_as_one_would_be(self, store: ExecutionStore) -> None:
        """With heads, index and due time; the payload of one must not become another's."""
        creations = together(store, different(), start_timeout={"seconds": 3600})
        expected = [whole(creation) for creation in creations]

        outcomes = await store.create_all(creations, deadline=soon())

        for record, outcome in zip(expected, outcomes, strict=True):
            assert outcome == await load(store, record.id, Part.HEAD)
            assert (await load(store, record.id)).record == record
            if record.idempotency_key:
                assert (
                    await store.holder(key_claim(record.idempotency_key).name, deadline=soon()) == record.id
                )
        in_order = sorted(expected, key=lambda record: record.id)
        oldest_first = Query(types=("mail",), parent_id="parent", newest_first=False)
        assert await store.page(oldest_first, "", MANY, Part.FULL, deadline=soon()) == (in_order, "")
        assert (await store.count(Query(types=("mail",)), deadline=soon()))[PENDING] == MANY
        ready = [
            one.id
            for partition in range(store.partitions)
            for one in (await store.ready(partition, ("mail",), MANY, deadline=soon()))[0]
        ]
        assert sorted(ready) == [record.id for record in in_order]

    async def test_what_was_created_among_many_goes_on_as_any_other(self, store: ExecutionStore) -> None:
        """A commit is decided on the head that was answered; and deletion finds every entry."""
        creations = together(store, different(6))
        for outcome in await store.create_all(creations, deadline=soon()):
            assert isinstance(outcome, Stored)
            before = outcome
            for decide in lifecycle(store):
                before = (await change(store, before, decide)).head
            await store.delete(await load(store, before.record.id, Part.HEAD), b"12345678", deadline=soon())
        assert await store.page(Query(), "", 10, Part.FULL, deadline=soon()) == ([], "")

    async def test_records_of_different_kinds_are_created_together(self, store: ExecutionStore) -> None:
        """Each enters its own sets."""
        kinds = [
            together(store, different(4), type=type_, priority=priority)
            for type_, priority in (("a", 1), ("b", 9))
        ]
        mixed = [creation for pair in zip(*kinds, strict=True) for creation in pair]
        assert all(isinstance(one, Stored) for one in await store.create_all(mixed, deadline=soon()))
        for type_, of_kind in zip("ab", kinds, strict=True):
            page, _ = await store.page(Query(types=(type_,)), "", 10, Part.HEAD, deadline=soon())
            assert {record.id for record in page} == {creation.own.id for creation in of_kind}

    async def test_each_is_created_or_refused_by_itself(self, store: ExecutionStore) -> None:
        """A taken claim is the trouble of one; and nothing of that one is written."""
        taken, free = key_claim("order-1"), key_claim("order-2")
        first = new(store, taken, idempotency_key="order-1")
        await create(store, first, taken)
        creations = together(store, [free, taken, None], type="second")
        refused_id = creations[1].own.id

        outcomes = await store.create_all(creations, deadline=soon())

        assert [type(outcome) for outcome in outcomes] == [Stored, Taken, Stored]
        assert outcomes[1] == Taken(first.id)
        assert await store.load(refused_id, Part.HEAD, deadline=soon()) is None
        assert sum((await store.count(Query(types=("second",)), deadline=soon())).values()) == 2

    async def test_of_many_with_one_claim_the_first_creates(self, store: ExecutionStore) -> None:
        """Whatever else they have in common."""
        claim = key_claim("order-3")
        creations = [*together(store, [claim]), *together(store, [claim] * 3, type="other")]
        winner = creations[0].own.id

        outcomes = await store.create_all(creations, deadline=soon())

        assert isinstance(outcomes[0], Stored)
        assert outcomes[1:] == [Taken(winner)] * 3
        assert await store.holder(claim.name, deadline=soon()) == winner

    async def test_an_id_is_given_once_among_many_too(self, store: ExecutionStore) -> None:
        """Also one whose record has been deleted since: it may be a repetition that comes late."""
        before = await created(store)
        gone = await created(store)
        await store.delete(gone, b"12345678", deadline=soon())
        creations = together(store, [None, None])
        creations[0].own.id = before.record.id
        outcomes = await store.create_all(creations, deadline=soon())
        assert outcomes[0] == Taken(before.record.id)
        assert isinstance(outcomes[1], Stored)
        assert await load(store, before.record.id, Part.HEAD) == before

    async def test_every_creation_among_many_is_told(self, store: ExecutionStore) -> None:
        """With what a single one is told with, and no gap that would be taken for a loss."""
        events = Events(store)
        await events.follow_all()
        creations = together(store, different())
        expected = [whole(creation) for creation in creations]

        outcomes = await store.create_all(creations, deadline=soon())

        await events.until(lambda: all(events.of(record.id) for record in expected))
        for record, head in zip(expected, outcomes, strict=True):
            single = copy(record)
            single.id = new(store, created_ms=record.created_at.ToMilliseconds()).id
            single.ClearField("idempotency_key")  # it claims nothing
            await create(store, single)
            await events.until(lambda id_=single.id: events.of(id_))  # type: ignore[misc]  # bound now
            (told,), (told_single,) = events.of(record.id), events.of(single.id)
            told_single.record.id, told_single.record.idempotency_key = record.id, record.idempotency_key
            assert isinstance(head, Stored)
            assert told == told_single._replace(id=record.id, version=head.version)
        await events.feed.close()

    async def test_nothing_of_many_is_created_after_the_deadline(self, store: ExecutionStore) -> None:
        """A call that has failed at its caller must not come true later."""
        creations = together(store, different(6))
        ids = [creation.own.id for creation in creations]

        outcomes = await store.create_all(creations, deadline=asyncio.get_running_loop().time() - 0.1)

        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        assert await store.page(Query(), "", 10, Part.HEAD, deadline=soon()) == ([], "")
        assert await store.load_all(ids, Part.HEAD, deadline=soon()) == [None] * 6

    @pytest.mark.parametrize("part", Part)
    async def test_many_are_read_as_each_by_itself(self, store: ExecutionStore, part: Part) -> None:
        """In the order in which they were asked for, whatever is missing in between."""
        creations = together(store, different(10))
        ids = [creation.own.id for creation in creations]
        await store.create_all(creations, deadline=soon())
        asked = [*reversed(ids), new(store).id, ids[0]]

        found = await store.load_all(asked, part, deadline=soon())

        assert found == [await store.load(execution_id, part, deadline=soon()) for execution_id in asked]
        assert found[-2] is None
        assert await store.load_all([], part, deadline=soon()) == []

    async def test_many_are_changed_as_each_by_itself(self, store: ExecutionStore) -> None:
        """With the same records, heads, index and notices; each answered what was asked of it."""
        events = Events(store)
        await events.follow_all()
        heads = [await created(store, type="many") for _ in range(2 * len(Part))]
        expected = [(await load(store, head.record.id)).record for head in heads]
        for count, decide in enumerate(lifecycle(store), 2):
            expected = [decide(record) for record in expected]
            swaps = [
                Swap(head, decide(head.record), part)
                for head, part in zip(heads, [*Part, *Part], strict=True)
            ]
            outcomes = await commit_all(store, swaps)
            for number, (swap, outcome) in enumerate(zip(swaps, outcomes, strict=True)):
                assert isinstance(outcome, Committed)
                heads[number], id_ = outcome.head, expected[number].id
                assert (await load(store, id_)).record == expected[number]
                assert await load(store, id_, Part.HEAD) == outcome.head
                assert (await load(store, id_, swap.part)).record == outcome.record
                await events.until(lambda id_=id_, count=count: len(events.of(id_)) == count)  # type: ignore[misc]  # bound now
        counts = await store.count(Query(types=("many",)), deadline=soon())
        assert counts == dict.fromkeys(STATUSES, 0) | {COMPLETED: len(heads)}
        await events.feed.close()

    async def test_each_of_many_is_changed_or_refused_by_itself(self, store: ExecutionStore) -> None:
        """Who comes too late is told what stands now, and nothing of it is written."""
        start = lifecycle(store)[0]
        free, late, gone = [await created(store) for _ in range(3)]
        first = await change(store, late, start)
        await store.delete(gone, b"12345678", deadline=soon())
        late_swap = Swap(late, lifecycle(store)[0](late.record), Part.FULL)

        outcomes = await commit_all(
            store,
            [
                late_swap,
                Swap(gone, start(gone.record), Part.FULL),
                Swap(free, start(free.record), Part.FULL),
            ],
        )

        assert outcomes[:2] == [Conflict(first.head), Conflict(None)]
        assert isinstance(outcomes[2], Committed)
        assert await load(store, late.record.id, Part.HEAD) == first.head
        assert await load(store, free.record.id, Part.HEAD) == outcomes[2].head

    async def test_nothing_of_many_is_changed_after_the_deadline(self, store: ExecutionStore) -> None:
        """Each is told so."""
        start = lifecycle(store)[0]
        heads = [await created(store) for _ in range(6)]
        swaps = [Swap(head, start(head.record), Part.HEAD) for head in heads]

        outcomes = await commit_all(store, swaps, deadline=asyncio.get_running_loop().time() - 0.1)

        assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
        assert [await load(store, head.record.id, Part.HEAD) for head in heads] == heads


async def commit_all(
    store: ExecutionStore, swaps: Sequence[Swap], *, deadline: float | None = None
) -> list[Committed | Conflict | StoreUnavailable]:
    """The outcomes in order, of which each must have been told once."""
    told: dict[int, Committed | Conflict | StoreUnavailable] = {}

    def take(number: int, outcome: Committed | Conflict | StoreUnavailable) -> None:
        assert number not in told
        told[number] = outcome

    await store.commit_all(swaps, take, deadline=deadline or soon())
    return [told[number] for number in range(len(swaps))]
