"""
The process's one subscription to changes, and who is told of them.

A notice is a doorbell. It carries the new record, so the usual delivery reads nothing; but wherever one may have been
lost (a gap in an execution's revisions, or the feed says so) the record is read, and its history fills the gap. So
whatever happens to notices ends in "late", never in "missed".
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, Protocol

from croco.execution.v1.execution_pb2 import Execution

from ..counts import Deliveries
from ..domain.ids import partition_of
from ..domain.problems import ExecutionNotFound, ServerDraining, StoreUnavailable, TooManyWatches
from ..places import Limits, Places
from ..store.port import Change, ExecutionStore, Part
from .following import Following
from .topic import Topic

log = logging.getLogger(__name__)

READ_SECONDS: Final = 5.0
"""How long one read of a watched record may take."""
READS_AT_ONCE: Final = 64
"""How many records are read together: when a subscription is lost, all that are watched have to be."""
PAUSE_SECONDS: Final = 1.0
"""How long to wait before a record that could not be read is tried again."""
BOOKMARK_SECONDS: Final = 9.0
"""After how much silence a stream says that there is nothing new; the contract promises 10 s."""


class Listener(Protocol):
    """Somebody who is told of all changes."""

    def add(self, change: Change) -> None:
        """Something changed. Must not block."""

    def miss(self, partition: int) -> None:
        """Changes of the partition were lost. Must not block."""

    def wake(self) -> None:
        """The server drains. Must not block."""


class Hub:
    """Knows who watches what."""

    def __init__(
        self, store: ExecutionStore, limits: Limits, *, bookmark_seconds: float = BOOKMARK_SECONDS
    ) -> None:
        self._store = store
        self._feed = store.feed(self._on_change, self._on_missed)
        self._following = Following(self._feed)
        self._topics: dict[str, Topic] = {}
        self._listeners = Counter[Listener]()
        self._reads = asyncio.Semaphore(READS_AT_ONCE)
        self.deliveries = Deliveries()
        self.bookmark_seconds = bookmark_seconds
        self.places = Places("watches", limits, TooManyWatches)
        self.draining = False

    @property
    def watches(self) -> int:
        """How many there are."""
        return self.places.taken

    @contextmanager
    def admitted(self, connection: str) -> Iterator[None]:
        """
        Count a watch in for as long as it lasts.

        Raises:
            TooManyWatches: the process or the connection has all that it may have.
            ServerDraining: it is too late to begin one.
        """
        if self.draining:
            raise ServerDraining
        with self.places.admitted(connection):
            yield

    @asynccontextmanager
    async def topic(self, execution_id: str) -> AsyncIterator[Topic]:
        """
        What is known of the execution, at least as new as when asked, and kept up to date.

        Raises:
            ExecutionNotFound: there is no such execution.
            StoreUnavailable: it cannot be read.
        """
        topic = self._topics.get(execution_id)
        if topic is None or topic.deleted or topic.turned_back:
            partition = partition_of(execution_id, self._store.partitions)
            topic = self._topics[execution_id] = Topic(execution_id, partition)
        topic.watchers += 1
        try:
            async with self._following.of([topic.partition]):
                await self._read(topic)
                if topic.deleted:
                    raise ExecutionNotFound(execution_id)
                if topic.turned_back:  # only this look found out
                    async with self.topic(execution_id) as anew:
                        yield anew
                else:
                    yield topic
        finally:
            topic.watchers -= 1
            if not topic.watchers and self._topics.get(execution_id) is topic:
                del self._topics[execution_id]

    def deliver(self, record: Execution, *, conflated: int) -> None:
        """Count that a watch is told of *record*, and of *conflated* changes before it not by themselves."""
        changed = record.updated_at
        lag_seconds = self._store.now_ms() / 1000 - changed.seconds - changed.nanos / 1e9
        self.deliveries.lag.observe(max(0.0, lag_seconds))
        self.deliveries.conflated += max(0, conflated)

    @asynccontextmanager
    async def listening(self, listener: Listener) -> AsyncIterator[None]:
        """Tell *listener* of all changes for as long as it lasts."""
        self._listeners[listener] += 1
        try:
            async with self._following.of(range(self._store.partitions)):
                yield
        finally:
            self._listeners[listener] -= 1
            if not self._listeners[listener]:
                del self._listeners[listener]

    def drain(self) -> None:
        """Let every watch end, telling its client where to go on."""
        self.draining = True
        for topic in self._topics.values():
            topic.wake()
        for listener in self._listeners:
            listener.wake()

    async def close(self) -> None:
        """End the subscription."""
        reads = [topic.refreshing for topic in self._topics.values() if topic.refreshing is not None]
        for task in reads:
            task.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
        await self._following.close()
        await self._feed.close()

    def _on_change(self, change: Change) -> None:
        topic = self._topics.get(change.id)
        if topic is not None and not topic.follows(change):
            self._refresh(topic)
        for listener in self._listeners:
            listener.add(change)

    def _on_missed(self, partition: int) -> None:
        for topic in self._topics.values():
            if topic.partition == partition:
                self._refresh(topic)
        for listener in self._listeners:
            listener.miss(partition)

    def _refresh(self, topic: Topic) -> None:
        """Have the record read; once more if that is under way, as it may have looked too early."""
        topic.stale = True
        if topic.refreshing is None:
            topic.refreshing = asyncio.create_task(self._read_until_known(topic))

    async def _read_until_known(self, topic: Topic) -> None:
        try:
            while topic.stale and topic.watchers:
                topic.stale = False
                try:
                    await self._read(topic)
                except StoreUnavailable:
                    topic.stale = True
                except Exception:  # whatever it is, watchers wait for this record
                    log.exception("cannot read a watched execution", extra={"fields": {"id": topic.id}})
                    topic.stale = True
                    await asyncio.sleep(PAUSE_SECONDS)
        finally:
            topic.refreshing = None

    async def _read(self, topic: Topic) -> None:
        """Bring the topic up to date: a look at the head, and at the rest only if there is something new."""
        async with self._reads:
            deadline = asyncio.get_running_loop().time() + READ_SECONDS
            known = topic.revision
            stored = await self._store.load(topic.id, Part.HEAD, deadline=deadline)
            if stored is not None and stored.record.revision < known:
                topic.turn_back()  # a failover, or a backup, went back behind what was told
                return
            if stored is not None and stored.record.revision > topic.revision:
                stored = await self._store.load(topic.id, Part.FULL, deadline=deadline)
                if stored is not None:
                    topic.replace(stored.record)
            if stored is None:
                topic.delete()
