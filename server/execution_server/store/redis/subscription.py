"""
One connection that the server pushes to: opened by redis-py and then taken over, as in ``link.py``.

redis-py's own PubSub opens a lost connection again by itself, behind its owner's back; here the loss is told, since
that is what its owner has to know. And a push is handed on as it arrives, without a task being woken for each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection

from .connect import Connect, LinkLost
from .tries import code_of

OPEN_SECONDS: Final = 1.0
PUBLISHED: Final = (b"message", b"smessage")
OnMessage = Callable[[bytes, bytes], None]


class SubscriptionLost(Exception):
    """There is no connection, or it is gone, or it does not answer."""


async def connected(connect: Connect) -> AbstractConnection:
    """
    A connection for a subscription.

    Raises:
        SubscriptionLost: the server does not answer.
    """
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            return await connect()
    except (LinkLost, TimeoutError) as error:
        raise SubscriptionLost(type(error.__cause__ or error).__name__) from error


class Subscription(asyncio.Protocol):
    """The connection. Nothing is opened again: make a new one."""

    def __init__(self, connection: AbstractConnection, on_message: OnMessage) -> None:
        """*on_message* is called with the channel and the data of whatever is published."""
        self._connection = connection  # kept: the end of its writer would close the transport
        self._on_message = on_message
        self._pushes = hiredis.Reader(notEnoughData=_NOTHING)
        self._pongs: deque[asyncio.Future[None]] = deque()
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()  # why
        self._transport: asyncio.Transport = connection._writer.transport  # type: ignore[union-attr,assignment]
        self._transport.set_protocol(self)

    def send(self, *command: str) -> None:
        """Change what is subscribed to, if the connection still stands; in effect once ``caught_up`` returns."""
        if not self._transport.is_closing():  # uvloop's raise RuntimeError then
            self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says a tuple of one

    async def caught_up(self, seconds: float) -> None:
        """
        Return when what was sent is in effect, and all that was published before this call has been handed on.

        The server answers a PING behind both, so this holds however far the connection is behind.

        Raises:
            SubscriptionLost: the connection is gone, or there was no answer in that time: it is not to be trusted.
        """
        pong = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        self.send("PING")
        await asyncio.wait((pong, self._lost), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not pong.done():
            raise SubscriptionLost(self._lost.result() if self._lost.done() else "it does not answer")

    async def stay(self, seconds: float) -> None:
        """Return after *seconds*, or raise SubscriptionLost as soon as the connection is gone."""
        await asyncio.wait((self._lost,), timeout=seconds)
        if self._lost.done():
            raise SubscriptionLost(self._lost.result())

    def close(self, why: str = "it is closed") -> None:
        """End the connection."""
        self._transport.abort()
        self._end(why)

    def data_received(self, data: bytes) -> None:
        self._pushes.feed(data)
        while (push := self._pushes.gets()) is not _NOTHING:
            self._take(push)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("it is gone")

    def _take(self, push: Any) -> None:
        """See to what the server has sent."""
        match push:
            case [kind, channel, data] if kind in PUBLISHED:
                self._on_message(channel, data)
            case [b"pong", _] | "PONG" | b"PONG":  # the latter while nothing is subscribed to
                pong = self._pongs.popleft()
                if not pong.done():
                    pong.set_result(None)
            case hiredis.ReplyError() if (
                code_of(push) == "MOVED"
            ):  # nothing is told here: its notices are missed
                pass
            case hiredis.ReplyError():  # it will not subscribe: without permission, while loading, ...
                self.close(str(push))
            case _:  # confirms that a subscription begins or ends
                pass

    def _end(self, why: str) -> None:
        self._connection._writer = None
        if not self._lost.done():
            self._lost.set_result(why)


_NOTHING: Final = object()
