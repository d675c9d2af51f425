"""Committing a change."""

import asyncio
from contextlib import suppress
from functools import partial

import pytest
from croco.execution.v1.execution_pb2 import ExecutionError

from ...domain import transitions
from ...domain.limits import HISTORY_ENTRIES
from ...domain.problems import StoreUnavailable
from ...domain.status import FAILED
from .. import parts
from ..port import Committed, Conflict, ExecutionStore, Part, Query, Stored
from .samples import change, copy, create, created, lifecycle, load, new, soon, text


class Changes:
    """``commit``."""

    @pytest.mark.parametrize("decided_on", [Part.HEAD, Part.FULL])
    @pytest.mark.parametrize("part", Part)
    async def test_a_change_keeps_what_it_does_not_touch(
        self, store: ExecutionStore, part: Part, decided_on: Part
    ) -> None:
        """Changes are decided on heads: what a head has not must outlive them, and what they drop must go."""
        expected = new(store)
        await create(store, expected)
        for decide in lifecycle(store):
            expected = decide(expected)
            before = await load(store, expected.id, decided_on)

            outcome = await change(store, before, decide, part)

            assert outcome.record == parts.cut(copy(expected), part)
            assert outcome.head == await load(store, expected.id, Part.HEAD)
            assert (await load(store, expected.id)).record == expected

    async def test_an_update_replaces_and_drops_metadata_and_labels(self, store: ExecutionStore) -> None:
        """They are kept apart from the head, so their end must be kept too."""
        before = await load(store, (await created(store)).record.id)
        fields = new(store, labels={})
        fields.ClearField("metadata")

        outcome = await change(
            store, before, lambda record: transitions.update(record, fields, ["metadata", "labels"], now_ms=1)
        )

        for record in outcome.record, (await load(store, before.record.id)).record:
            assert not record.HasField("metadata")
            assert not record.labels
            assert record.payload == text("payload")

    async def test_an_error_that_reads_the_same_still_replaces_the_stack(self, store: ExecutionStore) -> None:
        """A stack belongs to one failure: the next failure's message may be equal."""
        now_ms = store.now_ms()
        failed = ExecutionError(message="no", stack="old")
        before = await created(store)
        for decide in (
            lambda record: transitions.start(record, now_ms=now_ms),
            lambda record: transitions.fail(record, failed, now_ms=now_ms),
            lambda record: transitions.retry(record, now_ms=now_ms),
        ):
            before = (await change(store, before, decide)).head
        assert (await load(store, before.record.id)).record.error == failed

        outcome = await change(
            store,
            before,
            lambda record: transitions.fail(record, ExecutionError(message="no"), now_ms=now_ms),
        )

        assert outcome.record.status == FAILED
        assert outcome.record.error == ExecutionError(message="no")

    async def test_the_newest_status_changes_are_kept_in_order(self, store: ExecutionStore) -> None:
        """A watch that was away fills its gap from them."""
        expected = new(store, max_attempts=1000)
        before = (await create(store, expected)).head
        error = ExecutionError(message="no", retryable=True)
        for _ in range(HISTORY_ENTRIES // 2 + 15):
            for decide in (
                partial(transitions.start, now_ms=1),
                partial(transitions.fail, error=error, now_ms=1),
            ):
                expected = decide(expected)
                before = (await change(store, before, decide, Part.HEAD)).head

        assert len(expected.history) == HISTORY_ENTRIES < expected.status_changes
        assert (await load(store, expected.id)).record == expected

    async def test_a_change_to_an_old_version_is_refused_with_the_new_one(
        self, store: ExecutionStore
    ) -> None:
        """Two racing calls never both win, and the loser can decide anew at once."""
        start, save, *_ = lifecycle(store)
        old = await created(store)
        started = await change(store, old, start)

        outcome = await store.commit(old, start(old.record), Part.FULL, deadline=soon())

        assert outcome == Conflict(started.head)
        assert (await load(store, old.record.id)).record == started.record
        assert isinstance(outcome.current, Stored)
        await change(store, outcome.current, save)

    async def test_versions_tell_apart_changes_to_the_same_revision(self, store: ExecutionStore) -> None:
        """Else a lost race could look like one's own success."""
        start, *_ = lifecycle(store)
        before = await created(store)
        first = await store.commit(before, start(before.record), Part.HEAD, deadline=soon())
        again = await store.commit(before, start(before.record), Part.HEAD, deadline=soon())

        assert isinstance(first, Committed)
        assert again == Conflict(first.head)

    async def test_of_racing_changes_exactly_one_wins(self, store: ExecutionStore) -> None:
        """The first promise of the service."""
        start, *_ = lifecycle(store)
        for _ in range(10):
            before = await created(store)

            outcomes = await asyncio.gather(
                *(store.commit(before, start(before.record), Part.BASIC, deadline=soon()) for _ in range(16))
            )

            (won,) = [outcome for outcome in outcomes if isinstance(outcome, Committed)]
            assert [outcome for outcome in outcomes if isinstance(outcome, Conflict)] == [
                Conflict(won.head)
            ] * 15
            assert (await load(store, before.record.id)).record.attempts == 1

    async def test_what_is_not_there_cannot_be_changed(self, store: ExecutionStore) -> None:
        """A change must not bring a deleted record back."""
        start, *_ = lifecycle(store)
        before = await created(store)
        assert await store.delete(before, b"12345678", deadline=soon()) is None

        outcome = await store.commit(before, start(before.record), Part.FULL, deadline=soon())

        assert outcome == Conflict(None)
        assert await store.load(before.record.id, Part.HEAD, deadline=soon()) is None
        assert sum((await store.count(Query(), deadline=soon())).values()) == 0

    async def test_nothing_is_changed_after_the_deadline(self, store: ExecutionStore) -> None:
        """A call that has failed at its caller must not come true later."""
        start, *_ = lifecycle(store)
        before = await created(store)

        with pytest.raises(StoreUnavailable):
            await store.commit(
                before, start(before.record), Part.FULL, deadline=asyncio.get_running_loop().time() - 0.1
            )

        assert await load(store, before.record.id, Part.HEAD) == before

    async def test_a_change_whose_caller_goes_away_happens_whole_or_not_at_all(
        self, store: ExecutionStore
    ) -> None:
        """Callers are cancelled at any moment; what they asked for must not be left half done."""
        start, *_ = lifecycle(store)
        for turns in range(8):
            before = await created(store, type=f"turn-{turns}")
            commit = asyncio.ensure_future(
                store.commit(before, start(before.record), Part.FULL, deadline=soon())
            )
            for _ in range(turns):
                await asyncio.sleep(0)
            commit.cancel()
            with suppress(asyncio.CancelledError):
                await commit

            # Whatever became of it, it came before this one or never comes: one of the two wins.
            outcome = await store.commit(before, start(before.record), Part.FULL, deadline=soon())
            status = (await load(store, before.record.id)).record.status
            counts = await store.count(Query(types=(f"turn-{turns}",)), deadline=soon())

            assert isinstance(outcome, Committed | Conflict)
            assert {status: number for status, number in counts.items() if number} == {status: 1}
            assert (await load(store, before.record.id)).record.revision == 2
