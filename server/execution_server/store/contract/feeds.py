"""Telling of changes."""

from functools import partial

from ...domain.ids import partition_of
from .. import parts
from ..port import Change, ExecutionStore, Part
from .samples import Events, change, copy, create, created, lifecycle, new, soon


class Feeds:
    """``feed``."""

    async def test_every_change_is_told_or_missed(self, store: ExecutionStore) -> None:
        """A watcher that is told of neither would wait for ever."""
        events = Events(store)
        await events.follow_all()
        record = new(store)
        partition = partition_of(record.id, store.partitions)
        before = (await create(store, record)).head
        for decide in lifecycle(store):
            before = (await change(store, before, decide)).head
        last = before.record.revision

        def told() -> bool:
            revisions = {told.record.revision for told in events.of(record.id)}
            return partition in events.seen or revisions >= set(range(1, last + 1))

        await events.until(told)
        await events.feed.close()

    async def test_a_change_is_told_with_all_that_watchers_need(self, store: ExecutionStore) -> None:
        """The usual delivery must cost no read."""
        events = Events(store)
        await events.follow_all()
        expected = new(store)
        before = (await create(store, expected)).head
        afters, versions = {1: copy(expected)}, {1: before.version}
        for decide in lifecycle(store):
            expected = decide(expected)
            before = (await change(store, before, decide)).head
            afters[expected.revision] = copy(expected)
            versions[expected.revision] = before.version

        await events.until(lambda: len(events.of(expected.id)) == len(afters))

        assert [told.record.revision for told in events.of(expected.id)] == sorted(afters), "in order"
        for told in events.of(expected.id):
            after = afters[told.record.revision]
            basic = parts.cut(copy(after), Part.BASIC)
            basic.history.extend(parts.added_history(told.before_revision, after))
            version = versions[after.revision]
            assert told == Change(expected.id, after.revision - 1, basic, version)
        await events.feed.close()

    async def test_a_deletion_is_told(self, store: ExecutionStore) -> None:
        """A watch of it ends."""
        before = await created(store)
        events = Events(store)
        await events.follow_all()

        assert await store.delete(before, b"12345678", deadline=soon()) is None

        await events.until(lambda: events.of(before.record.id))
        assert events.of(before.record.id) == [Change(before.record.id, 1, before.record, b"")]
        await events.feed.close()

    async def test_what_is_refused_is_not_told(self, store: ExecutionStore) -> None:
        """Nothing happened."""
        start, *_ = lifecycle(store)
        old = await created(store)
        await change(store, old, start)
        events = Events(store)
        await events.follow_all()

        await store.commit(old, start(old.record), Part.HEAD, deadline=soon())
        await store.delete(old, b"12345678", deadline=soon())
        later = await created(store, type="later")

        await events.until(lambda: events.of(later.record.id))
        assert events.of(old.record.id) == []
        await events.feed.close()

    async def test_two_feeds_are_told_each(self, store: ExecutionStore) -> None:
        """Every process has one of its own."""
        both = [Events(store), Events(store)]
        for events in both:
            await events.follow_all()

        stored = await created(store)

        for events in both:
            await events.until(partial(events.of, stored.record.id))
            await events.feed.close()

    async def test_a_feed_tells_of_what_it_follows_until_it_is_closed(self, store: ExecutionStore) -> None:
        """A process follows what it has watchers for, and no more."""
        kept, left, closed = Events(store), Events(store), Events(store)
        for events in kept, left, closed:
            await events.follow_all()
        for partition in range(store.partitions):
            await left.feed.unfollow(partition)
        await closed.feed.close()

        stored = await created(store)

        await kept.until(lambda: kept.of(stored.record.id))
        assert closed.of(stored.record.id) == []
        for partition in range(store.partitions):  # an unfollowed partition can be followed again
            await left.feed.follow(partition)
        later = await created(store)
        await left.until(lambda: left.of(later.record.id))
        await left.feed.close()
        await kept.feed.close()
