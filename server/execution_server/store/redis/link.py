"""
One connection to one primary that all commands of the process share.

redis-py connects (TLS, authentication, database); from then on whatever is sent in a round of the event loop is written
together, whoever else waits, and the replies, which come in the order of the commands, are handed out by a queue of
futures (``wire.py``). A pool would pay redis-py's machinery per command, several times what the command costs (see
docs/benchmarks.md). There and in ``subscription.py`` private attributes of redis-py are touched, which is why
pyproject.toml pins its minor version.

What can happen to a command:

* Its caller goes away, or its deadline passes: the reply is read and dropped, so the order holds.
* The connection is lost, or its oldest command waits longer than ``TRY_SECONDS``: everything in flight fails at once,
  with nobody knowing what was carried out. Callers try again on a new connection until their deadline. So every command
  must be one that can be repeated: reads are, and each script knows its own earlier try.
* The server answers that it cannot serve just now (loading, failing over, out of memory): the same, after a pause.

A cluster is several of these, see ``cluster.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Protocol

from redis.asyncio.connection import AbstractConnection

from ...counts import Traffic
from ...domain.problems import StoreUnavailable
from .connect import Connect, LinkLost
from .fence import Fence, FencedWire
from .fenced_subscription import FencedSubscription
from .seldom import Seldom
from .subscription import OnMessage, Subscription, connected
from .tries import Tries, means_not_now
from .wire import Argument, Command, Reply, Wire

log = logging.getLogger(__name__)

TRY_SECONDS: Final = 1.0
"""How long one try may wait for its reply before the connection is given up."""


class Link(Protocol):
    """
    The way to the store's primaries. Replies are bytes, int, list or None, or a ``hiredis.ReplyError`` as a value.

    Every method raises StoreUnavailable when there was no answer by *deadline*.
    """

    async def call(self, *command: Argument, deadline: float) -> Any:
        """Send one command and answer its reply."""

    async def call_all(self, commands: list[Command], *, deadline: float) -> list[Any]:
        """Send commands together and answer their replies in order. Each may be carried out more than once."""

    async def call_each(self, *command: Argument, deadline: float) -> dict[str, Any]:
        """
        Send one command that names no key to each primary, and answer the replies by the primary's name.

        A primary that does not answer while others do is answered as a LinkLost.
        """

    async def close(self) -> None:
        """Close the connections; what is under way fails."""


_MakeWire = Callable[[AbstractConnection, Callable[[Wire], None], float], Wire]
_MakeSubscription = Callable[[AbstractConnection, OnMessage], Subscription]


class ServerLink:
    """A ``Link`` to one primary: the connection, made anew whenever it is lost."""

    def __init__(self, connect: Connect, fence: Fence | None = None, traffic: Traffic | None = None) -> None:
        """
        Args:
            fence: what every reply waits for, and every change that is told; see ``fence.py``.
            traffic: where to count, if others count there too.
        """
        self.connect = connect
        self.traffic = traffic if traffic is not None else Traffic()
        self._make_wire: _MakeWire = partial(FencedWire, fence) if fence else Wire
        self._make_subscription: _MakeSubscription = (
            partial(FencedSubscription, fence) if fence else Subscription
        )
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[Wire] | None = None
        self._seldom = Seldom()
        self._is_news = True
        """Whether the log has it otherwise that there is a connection."""
        self._closed = False

    async def call(self, *command: Argument, deadline: float) -> Any:
        """See ``Link.call``."""
        return (await self.call_all([command], deadline=deadline))[0]

    async def call_all(self, commands: list[Command], *, deadline: float) -> list[Any]:
        """See ``Link.call_all``."""
        tries = Tries(deadline)
        while True:
            try:
                replies = await self.attempt(commands, deadline=deadline)
                trouble = next(filter(means_not_now, replies), None)
                if trouble is None:
                    return replies
                tries.failed(trouble)
            except LinkLost as lost:
                tries.failed(lost, is_final=self._closed)
            except StoreUnavailable as too_late:
                raise too_late from tries.trouble
            self.traffic.retries += 1
            await tries.pause()

    async def call_each(self, *command: Argument, deadline: float) -> dict[str, Any]:
        """See ``Link.call_each``."""
        return {"": await self.call(*command, deadline=deadline)}

    async def attempt(self, commands: list[Command], *, deadline: float) -> list[Any]:
        """
        Send commands once and answer their replies.

        Raises:
            LinkLost: nobody knows what was carried out.
            StoreUnavailable: the deadline passed.
        """
        if not commands:
            return []
        wire = self._wire or await self._connect(deadline)
        loop = asyncio.get_running_loop()
        began, reply = loop.time(), wire.send(commands)
        # A timer of our own: ``asyncio.timeout_at`` costs several times as much.
        too_late = loop.call_at(deadline, _abandon, reply)
        try:
            replies = await reply
        finally:
            too_late.cancel()
        self.traffic.round_trips.observe(loop.time() - began)
        return replies

    async def open_subscription(self, on_message: OnMessage) -> Subscription:
        """Have whatever is published told, on a connection of its own. Raises SubscriptionLost."""
        return self._make_subscription(await connected(self.connect), on_message)

    async def close(self) -> None:
        """See ``Link.close``."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.give_up()

    async def _connect(self, deadline: float) -> Wire:
        if self._closed:
            raise LinkLost
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._open())
            self._connecting.add_done_callback(self._connected)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(self._connecting)
        except TimeoutError:
            raise StoreUnavailable from None
        except asyncio.CancelledError:
            if self._closed:
                raise LinkLost from None
            raise

    def _connected(self, task: asyncio.Task[Wire]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever still waits for the connection is told

    async def _open(self) -> Wire:
        try:
            async with asyncio.timeout(TRY_SECONDS):
                connection = await self.connect()
        except TimeoutError as error:
            raise LinkLost from error
        self._wire = self._make_wire(connection, self._lost, TRY_SECONDS)
        if self._is_news:
            log.info("store connected")
        self._is_news = False
        return self._wire

    def _lost(self, wire: Wire) -> None:
        if self._wire is wire:
            self._wire = None
            if not self._closed:
                self.traffic.connections_lost += 1
                # With too few replicas each new connection is given up after its first answers.
                if self._seldom.is_time():
                    log.warning("store connection lost")
                    self._is_news = True


def _abandon(reply: Reply) -> None:
    if not reply.done():
        reply.set_exception(StoreUnavailable())
