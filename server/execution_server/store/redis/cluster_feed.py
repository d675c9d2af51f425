"""
The subscription to changes of a cluster: a ``RedisFeed`` per primary.

A sharded notice is told only at the node that has its slot. So each partition is followed at its primary, and followed
at another one as soon as the link knows of it: after a failover, or when the slot was moved. Until then the feed at the
former one holds its numbers against the server's, as always, and finds that it misses everything.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from ..port import Change
from . import feed
from .cluster import ClusterLink
from .feed import RedisFeed
from .keys import Keys
from .url import Node

log = logging.getLogger(__name__)


class ClusterFeed:
    """A ``Feed``."""

    def __init__(
        self,
        link: ClusterLink,
        keys: Keys,
        on_change: Callable[[Change], None],
        missed: Callable[[int], None],
    ) -> None:
        self._link, self._keys = link, keys
        self._on_change, self._missed = on_change, missed
        self._placed: dict[int, Node | None] = {}  # partition -> where it is followed
        self._feeds: dict[Node, RedisFeed] = {}
        self._keeping: asyncio.Task[None] | None = None

    async def follow(self, partition: int) -> None:
        """See ``Feed.follow``."""
        self._placed[partition] = None
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep())
        await self._place(partition)

    async def unfollow(self, partition: int) -> None:
        """See ``Feed.unfollow``."""
        node = self._placed.pop(partition, None)
        if node is not None:
            await self._feeds[node].unfollow(partition)

    async def close(self) -> None:
        """See ``Feed.close``."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        for one in self._feeds.values():
            await one.close()

    async def _keep(self) -> None:
        """Follow each partition where it is."""
        while True:
            await asyncio.sleep(feed.CHECK_SECONDS)
            try:
                strayed = [partition for partition in self._placed if self._is_elsewhere(partition)]
                await asyncio.gather(*(self._move(partition) for partition in strayed))
                await self._close_idle()
            except Exception:  # without this task partitions would be followed where nothing is told of them
                log.exception("the feed failed")

    async def _move(self, partition: int) -> None:
        if partition in self._placed:  # else it was unfollowed since it was looked for
            await self._place(partition)
        if partition in self._placed:
            self._missed(partition)  # nobody knows what was told in the meantime

    def _is_elsewhere(self, partition: int) -> bool:
        owner = self._link.owner(self._keys.channel(partition))
        return owner is not None and owner != self._placed.get(partition)

    async def _place(self, partition: int) -> None:
        """Follow a partition at its primary, if that is known, and nowhere else."""
        owner, before = self._link.owner(self._keys.channel(partition)), self._placed[partition]
        if owner is None or owner == before:
            return
        self._placed[partition] = owner
        if before is not None:
            await self._feeds[before].unfollow(partition)
        if owner not in self._feeds:
            self._feeds[owner] = RedisFeed(
                partial(self._link.open_subscription, owner),
                self._link,
                self._keys,
                self._on_change,
                self._missed,
                sharded=True,
            )
        await self._feeds[owner].follow(partition)

    async def _close_idle(self) -> None:
        for node in self._feeds.keys() - {*self._placed.values()}:
            await self._feeds.pop(node).close()
