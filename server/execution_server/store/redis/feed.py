"""
The subscription to changes: one connection per process and server (``cluster_feed.py`` has several).

Notices are at most once, so they are a doorbell and not the truth. Each carries its partition's sequence number; a
number that was skipped means that one was missed. That finds all but the last to be lost, so about every second the
newest numbers are read, and after that the subscription is asked for an answer. Whatever was counted has been
delivered by then or never will be: however slow the process is, nothing is taken for lost that is only late. And a
connection that does not answer is given up. So a lost notice costs two seconds at most, whatever the cause, and the
check costs one small read per partition however many executions are watched.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from ...domain.problems import StoreUnavailable
from ..port import Change
from . import codec
from .keys import Keys
from .link import Link
from .scripts import checked
from .seldom import Seldom
from .subscription import OnMessage, Subscription, SubscriptionLost

log = logging.getLogger(__name__)

CHECK_SECONDS: Final = 0.8
PATIENCE_SECONDS: Final = 1.0
"""How long the subscription may take to answer. With ``CHECK_SECONDS`` it makes up the two seconds of the port."""
PAUSE_SECONDS: Final = 0.2
"""The longest pause before a lost subscription is made anew; drawn at random, as a store may lose many at once."""
UNKNOWN: Final = -1
"""Stands for the newest sequence number where it could not be read: every number is ahead of it."""


class RedisFeed:
    """A ``Feed``."""

    def __init__(
        self,
        open_subscription: Callable[[OnMessage], Awaitable[Subscription]],
        link: Link,
        keys: Keys,
        on_change: Callable[[Change], None],
        missed: Callable[[int], None],
        *,
        sharded: bool,
    ) -> None:
        self._open_subscription, self._link, self._keys = open_subscription, link, keys
        self._on_change, self._missed = on_change, missed
        self._prefix = "S" if sharded else ""
        self._partitions: dict[bytes, int] = {}  # channel -> partition
        self._seen: dict[int, int] = {}  # partition -> the newest sequence number that is dealt with
        self._early: dict[
            int, list[int]
        ] = {}  # the same for a partition that is about to be followed: all numbers
        self._subscription: Subscription | None = None
        self._subscribed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._seldom = Seldom()
        self.drop: Callable[[int], bool] = lambda partition: False
        """For tests of lost notices: whether to lose the next one of a partition."""

    async def follow(self, partition: int) -> None:
        """See ``Feed.follow``. Once it returns, no later change goes unnoticed."""
        channel = self._keys.channel(partition)
        self._partitions[channel.encode()] = partition
        early: list[int] = []
        self._early[partition] = early
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        elif self._subscription is not None:
            self._subscribe(self._subscription, partition)
        newest = UNKNOWN  # if it stays so, the next check takes everything for missed
        with suppress(TimeoutError, SubscriptionLost, StoreUnavailable):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._subscribed.wait()
                if self._subscription is not None:
                    await self._subscription.caught_up(PATIENCE_SECONDS)
                    (newest,) = await self._count([partition])
        if self._early.get(partition) is early:  # else it was unfollowed in the meantime
            self._seen[partition] = newest
            for sequence in self._early.pop(partition):
                self._note(partition, sequence)

    async def unfollow(self, partition: int) -> None:
        """See ``Feed.unfollow``."""
        channel = self._keys.channel(partition)
        self._partitions.pop(channel.encode(), None)
        self._early.pop(partition, None)
        self._seen.pop(partition, None)
        if self._subscription is not None:
            self._subscription.send(f"{self._prefix}UNSUBSCRIBE", channel)

    async def close(self) -> None:
        """See ``Feed.close``."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait([self._running])

    async def _run(self) -> None:
        """Subscribe and check, and begin again whenever the connection is lost."""
        while True:
            try:
                await self._subscribe_and_check()
            except SubscriptionLost as lost:
                if self._seldom.is_time():
                    log.warning("feed lost: %s", lost)
            except Exception:  # without this task nobody would ever be told again
                log.exception("the feed failed")
            self._miss_all()
            await asyncio.sleep(random.uniform(0, PAUSE_SECONDS))

    async def _subscribe_and_check(self) -> None:
        subscription = await self._open_subscription(self._take)
        try:
            for partition in self._partitions.values():
                self._subscribe(subscription, partition)
            self._subscription = subscription
            self._subscribed.set()
            await subscription.caught_up(PATIENCE_SECONDS)
            self._miss_all()  # nobody knows what came since the connection before
            while True:
                await subscription.stay(CHECK_SECONDS)
                await self._check(subscription)
        finally:
            self._subscription = None
            self._subscribed.clear()
            subscription.close()

    async def _check(self, subscription: Subscription) -> None:
        """Hold what was seen against what the server has counted."""
        before = dict(self._seen)
        try:
            counted = await self._count(list(before))
        except StoreUnavailable:
            return
        await subscription.caught_up(PATIENCE_SECONDS)
        for (partition, known), number in zip(before.items(), counted, strict=True):
            seen = self._seen.get(partition, number)
            # A count below what was known is another primary's, after a failover.
            if seen < number or number < known:
                self._seen[partition] = number
                # A cluster's node ends the subscription when the slot leaves it, and it may have come back since.
                self._subscribe(subscription, partition)
                self._missed(partition)

    def _subscribe(self, subscription: Subscription, partition: int) -> None:
        """One channel at a time: those of a cluster are in different slots."""
        subscription.send(f"{self._prefix}SUBSCRIBE", self._keys.channel(partition))

    async def _count(self, partitions: list[int]) -> list[int]:
        """The newest sequence numbers of partitions."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        commands = [("GET", self._keys.sequence(partition)) for partition in partitions]
        replies = await self._link.call_all([*commands], deadline=deadline) if commands else []
        return [int(number or 0) for number in checked(replies)]

    def _miss_all(self) -> None:
        for partition in self._seen:
            self._missed(partition)

    def _take(self, channel: bytes, data: bytes) -> None:
        partition = self._partitions.get(channel)
        if partition is None or self.drop(partition):
            return
        try:
            sequence, change = codec.read_notice(data)
            if (early := self._early.get(partition)) is not None:
                early.append(sequence)
            else:
                self._note(partition, sequence)
            self._on_change(change)
        except (
            Exception
        ):  # one notice, of another version of the server perhaps, must not end the subscription
            log.exception("a notice was of no use")
            self._missed(partition)

    def _note(self, partition: int, sequence: int) -> None:
        """Take note that the change of that number was told of."""
        seen = self._seen[partition]
        self._seen[partition] = max(seen, sequence)
        if sequence > seen + 1:
            self._missed(partition)
