"""Deleting, and remembering who did."""

import asyncio
from functools import partial

import pytest
from google.protobuf.duration_pb2 import Duration

from ...domain.ids import partition_of
from ...domain.problems import StoreUnavailable
from ...domain.transitions import start
from ..port import Conflict, ExecutionStore, Part, Query, key_claim, request_claim
from .samples import change, create, created, load, new, soon

REQUEST = b"request1"
OTHER = b"request2"


class Deletions:
    """``delete`` and ``deleted_by``."""

    async def test_with_the_record_goes_all_that_belongs_to_it(self, store: ExecutionStore) -> None:
        """What is left behind would be listed, or owed, for ever."""
        claim = key_claim("order-1")
        began_ms = store.now_ms() - 60_000
        record = new(store, claim, began_ms, idempotency_key="order-1", timeout=Duration(seconds=1))
        partition = partition_of(record.id, store.partitions)
        before = (await create(store, record, claim)).head
        before = (await change(store, before, partial(start, now_ms=began_ms))).head
        assert list(await store.due(partition, 10, deadline=soon())) == [record.id]

        assert await store.delete(before, REQUEST, deadline=soon()) is None

        for part in Part:
            assert await store.load(record.id, part, deadline=soon()) is None
        assert await store.holder(claim.name, deadline=soon()) is None
        assert not any((await store.count(Query(), deadline=soon())).values())
        assert await store.page(Query(), "", 10, Part.FULL, deadline=soon()) == ([], "")
        assert list(await store.due(partition, 10, deadline=soon())) == []
        again = new(store, claim, idempotency_key="order-1")
        assert (await create(store, again, claim)).record == again

    async def test_a_passing_claim_outlives_the_record(self, store: ExecutionStore) -> None:
        """A request that is repeated after the deletion must not create anew."""
        claim = request_claim(REQUEST)
        record = new(store, claim)
        before = (await create(store, record, claim)).head

        assert await store.delete(before, OTHER, deadline=soon()) is None

        assert await store.holder(claim.name, deadline=soon()) == record.id

    async def test_it_is_known_which_request_deleted(self, store: ExecutionStore) -> None:
        """So a repeated deletion is answered as the first was, and another's is not."""
        before = await created(store)
        execution_id = before.record.id
        assert await store.deleted_by(execution_id, deadline=soon()) is None

        assert await store.delete(before, REQUEST, deadline=soon()) is None

        assert await store.deleted_by(execution_id, deadline=soon()) == REQUEST
        assert await store.delete(before, REQUEST, deadline=soon()) is None
        assert await store.delete(before, OTHER, deadline=soon()) == Conflict(None)
        assert await store.deleted_by(execution_id, deadline=soon()) == REQUEST

    async def test_what_has_changed_is_not_deleted(self, store: ExecutionStore) -> None:
        """It may have been started meanwhile."""
        old = await created(store)
        started = await change(store, old, partial(start, now_ms=store.now_ms()))

        assert await store.delete(old, REQUEST, deadline=soon()) == Conflict(started.head)

        assert (await load(store, old.record.id)).record == started.record
        assert await store.deleted_by(old.record.id, deadline=soon()) is None

    async def test_of_racing_deletions_and_changes_one_wins(self, store: ExecutionStore) -> None:
        """A deletion is a change like every other."""
        for number in range(10):
            before = await created(store, type=f"race-{number}")

            *deleted, committed = await asyncio.gather(
                *(store.delete(before, b"request%d" % other, deadline=soon()) for other in range(4)),
                store.commit(before, start(before.record, now_ms=1), Part.HEAD, deadline=soon()),
            )

            won = [outcome for outcome in deleted if outcome is None]
            assert len(won) + (not isinstance(committed, Conflict)) == 1
            counted = sum((await store.count(Query(types=(f"race-{number}",)), deadline=soon())).values())
            assert counted == 1 - len(won)

    async def test_nothing_is_deleted_after_the_deadline(self, store: ExecutionStore) -> None:
        """A call that has failed at its caller must not come true later."""
        before = await created(store)

        with pytest.raises(StoreUnavailable):
            await store.delete(before, REQUEST, deadline=asyncio.get_running_loop().time() - 0.1)

        assert await load(store, before.record.id, Part.HEAD) == before
        assert await store.deleted_by(before.record.id, deadline=soon()) is None
