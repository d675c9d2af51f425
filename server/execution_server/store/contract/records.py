"""Reading, creating and claiming."""

import asyncio
from functools import partial
from typing import Final

import pytest

from ...domain import transitions
from ...domain.problems import StoreUnavailable
from ...domain.transitions import save_checkpoint, start
from .. import parts
from ..port import (
    REMEMBERED_MS,
    Claim,
    Committed,
    ExecutionStore,
    Part,
    Query,
    Stored,
    Taken,
    key_claim,
    request_claim,
)
from .samples import change, copy, create, created, eventually, lifecycle, load, new, soon, text

NAMES: Final = ("a", "a:b", "running:a", "{a}", "}a{", "p0}", "head", "ü€𝄞", "a b\tc", "*", "x" * 256)
CHECKPOINTS: Final = {name: text(name) for name in (*NAMES, "v", "h1", "c:a", "metadata", "stack")}


class Records:
    """``load``, ``holder``, ``create``, ``now_ms``, ``ping``."""

    async def test_partitions_are_a_power_of_two(self, store: ExecutionStore) -> None:
        """An id's last bits are its partition."""
        assert 1 <= store.partitions <= 1024
        assert store.partitions.bit_count() == 1

    async def test_the_clock_tells_milliseconds_and_goes_on(self, store: ExecutionStore) -> None:
        """Everything that the server owes hangs on it."""
        first = store.now_ms()
        assert isinstance(first, int)

        async def has_gone_on() -> bool:
            return store.now_ms() != first

        await eventually(has_gone_on)
        assert store.now_ms() > first

    async def test_a_store_that_answers_answers_ping(self, store: ExecutionStore) -> None:
        """Health hangs on it."""
        await store.ping(deadline=soon())

    async def test_nothing_is_read_where_nothing_is(self, store: ExecutionStore) -> None:
        """An unknown id is no fault."""
        for part in Part:
            assert await store.load(new(store).id, part, deadline=soon()) is None

    @pytest.mark.parametrize("part", Part)
    async def test_a_record_is_read_as_much_as_asked_for(self, store: ExecutionStore, part: Part) -> None:
        """A part holds all of it and nothing else, or decisions and answers differ between stores."""
        expected = new(store)
        before = (await create(store, expected)).head
        for decide in lifecycle(store):
            expected = decide(expected)
            before = (await change(store, before, decide, Part.HEAD)).head

            stored = await load(store, expected.id, part)

            assert stored.record == parts.cut(copy(expected), part)
            assert stored.version == before.version

    async def test_what_was_answered_is_not_the_record_itself(self, store: ExecutionStore) -> None:
        """What a caller does to an answer must not change the store."""
        stored = await created(store)
        answer = await load(store, stored.record.id)
        answer.record.type = "other"
        answer.record.metadata["tenant"] = "other"

        again = await load(store, stored.record.id)

        assert again.record.type == "mail"
        assert again.record.metadata["tenant"] == "acme"

    async def test_reads_while_others_write_are_of_one_version(self, store: ExecutionStore) -> None:
        """A record that is half old and half new was never there."""
        before = await created(store, labels={"n": "0"})
        execution_id = before.record.id
        written = asyncio.Event()

        async def write() -> None:
            stored = await load(store, execution_id)
            for number in range(1, 60):
                fields = new(store, labels={"n": str(number)})
                fields.metadata["n"] = str(number)
                update = transitions.update(
                    stored.record, fields, ["labels", "metadata"], now_ms=store.now_ms()
                )
                outcome = await store.commit(stored, update, Part.FULL, deadline=soon())
                assert isinstance(outcome, Committed)
                stored = Stored(outcome.record, outcome.head.version)
            written.set()

        async def read(part: Part) -> None:
            while not written.is_set():
                record = (await load(store, execution_id, part)).record
                assert int(record.labels["n"]) == record.revision - 1
                assert record.revision == 1 or record.metadata["n"] == record.labels["n"]
                await asyncio.sleep(0)

        await asyncio.gather(write(), read(Part.BASIC), read(Part.FULL))

    async def test_creating_answers_the_record_and_a_head_to_go_on_from(self, store: ExecutionStore) -> None:
        """The next change is decided on that head, without a read."""
        record = new(store)

        outcome = await create(store, record)

        assert outcome.record == record
        assert outcome.head.record == parts.cut(copy(record), Part.HEAD)
        assert outcome.head == await load(store, record.id, Part.HEAD)
        await change(store, outcome.head, lifecycle(store)[0])

    async def test_an_id_is_given_once(self, store: ExecutionStore) -> None:
        """A second record of the same id would overwrite the first."""
        record = new(store)
        await create(store, record)
        other = copy(record)
        other.type = "other"

        assert await store.create(other, None, deadline=soon()) == Taken(record.id)

        assert (await load(store, record.id)).record == record

    async def test_a_taken_claim_lets_nothing_be_created(self, store: ExecutionStore) -> None:
        """Record, index, due time and claim come together or not at all."""
        claim = key_claim("order-1")
        first = new(store, claim, idempotency_key="order-1")
        await create(store, first, claim)
        second = new(store, claim, idempotency_key="order-1", type="second")

        assert await store.create(copy(second), claim, deadline=soon()) == Taken(first.id)

        assert await store.load(second.id, Part.HEAD, deadline=soon()) is None
        assert await store.holder(claim.name, deadline=soon()) == first.id
        assert sum((await store.count(Query(types=("second",)), deadline=soon())).values()) == 0
        assert await store.page(Query(), "", 10, Part.FULL, deadline=soon()) == ([first], "")

    async def test_of_racing_creations_with_one_claim_exactly_one_creates(
        self, store: ExecutionStore
    ) -> None:
        """The promise of an idempotency key."""
        claim = key_claim("order-2")
        records = [new(store, claim, idempotency_key="order-2") for _ in range(32)]

        outcomes = await asyncio.gather(*(store.create(copy(one), claim, deadline=soon()) for one in records))

        (winner,) = [outcome.record.id for outcome in outcomes if isinstance(outcome, Committed)]
        assert [outcome for outcome in outcomes if isinstance(outcome, Taken)] == [Taken(winner)] * 31
        assert sum((await store.count(Query(), deadline=soon())).values()) == 1

    async def test_a_claim_is_held_by_its_record(self, store: ExecutionStore) -> None:
        """Look-ups by key go through it."""
        lasting, passing = key_claim("order-3"), request_claim(b"12345678")
        for claim in lasting, passing:
            assert await store.holder(claim.name, deadline=soon()) is None
        keyed, requested = new(store, lasting, idempotency_key="order-3"), new(store, passing)
        await create(store, keyed, lasting)
        await create(store, requested, passing)

        assert await store.holder(lasting.name, deadline=soon()) == keyed.id
        assert await store.holder(passing.name, deadline=soon()) == requested.id

    async def test_a_claim_for_a_time_ends_by_itself(self, store: ExecutionStore) -> None:
        """Else what remembers requests would grow for ever."""
        claim = Claim("request:short", 150)
        assert claim.lifetime_ms is not None
        assert claim.lifetime_ms < REMEMBERED_MS
        await create(store, new(store, claim), claim)

        async def has_ended() -> bool:
            return await store.holder(claim.name, deadline=soon()) is None

        await eventually(has_ended)
        await create(store, new(store, claim), claim)

    async def test_names_are_free(self, store: ExecutionStore) -> None:
        """Types, parents, keys and checkpoints are named by users; no name may be taken for another, or for markup."""
        records = []
        for name in NAMES:
            claim = key_claim(name)
            record = new(store, claim, type=name, parent_id=name, idempotency_key=name)
            stored = (await create(store, record, claim)).head
            for decide in (
                partial(start, now_ms=1),
                partial(save_checkpoint, checkpoints=CHECKPOINTS, now_ms=1),
            ):
                stored = (await change(store, stored, decide)).head
            records.append((await load(store, record.id)).record)

        for name, record in zip(NAMES, records, strict=True):
            assert dict(record.checkpoints) == CHECKPOINTS
            assert await store.holder(key_claim(name).name, deadline=soon()) == record.id
            for query in Query(types=(name,)), Query(parent_id=name), Query(types=(name,), parent_id=name):
                assert await store.page(query, "", 10, Part.FULL, deadline=soon()) == ([record], "")
                assert sum((await store.count(query, deadline=soon())).values()) == 1
        for record in records:
            stored = await load(store, record.id, Part.HEAD)
            await store.delete(stored, b"12345678", deadline=soon())
        assert await store.page(Query(), "", 10, Part.FULL, deadline=soon()) == ([], "")

    async def test_nothing_is_created_after_the_deadline(self, store: ExecutionStore) -> None:
        """A call that has failed at its caller must not come true later."""
        claim = key_claim("order-4")
        record = new(store, claim, idempotency_key="order-4")

        with pytest.raises(StoreUnavailable):
            await store.create(copy(record), claim, deadline=asyncio.get_running_loop().time() - 0.1)

        assert await store.load(record.id, Part.HEAD, deadline=soon()) is None
        assert await store.holder(claim.name, deadline=soon()) is None
