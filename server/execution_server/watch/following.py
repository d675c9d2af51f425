"""Which partitions the feed follows: those that somebody needs, and those that were needed a moment ago."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final

from ..store.port import Feed

LINGER_SECONDS: Final = 30.0
"""How long a partition is followed after its last watcher left: the next one is likely to come."""


class Following:
    """Counts who needs which partition."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._needed = Counter[int]()
        self._followed: dict[int, asyncio.Task[None]] = {}
        self._lingering: dict[int, asyncio.TimerHandle] = {}
        self._unfollowing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def of(self, partitions: Iterable[int]) -> AsyncIterator[None]:
        """Have changes of *partitions* delivered, from before it is entered until it is left."""
        partitions = list(partitions)
        self._needed.update(partitions)
        try:
            tasks = [self._follow(partition) for partition in partitions]
            if not all(task.done() for task in tasks):
                await asyncio.wait(tasks)
            for task in tasks:
                task.result()
            yield
        finally:
            for partition in partitions:
                self._leave(partition)

    async def close(self) -> None:
        """Stop waiting for anything."""
        for timer in self._lingering.values():
            timer.cancel()
        tasks = [*self._followed.values(), *self._unfollowing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _follow(self, partition: int) -> asyncio.Task[None]:
        if (timer := self._lingering.pop(partition, None)) is not None:
            timer.cancel()
        task = self._followed.get(partition)
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._followed[partition] = asyncio.create_task(self._feed.follow(partition))
        return task

    def _leave(self, partition: int) -> None:
        self._needed[partition] -= 1
        if not self._needed[partition]:
            del self._needed[partition]
            loop = asyncio.get_running_loop()
            self._lingering[partition] = loop.call_later(LINGER_SECONDS, self._unfollow, partition)

    def _unfollow(self, partition: int) -> None:
        del self._lingering[partition]
        del self._followed[partition]
        task = asyncio.create_task(self._feed.unfollow(partition))
        self._unfollowing.add(task)
        task.add_done_callback(self._unfollowing.discard)
