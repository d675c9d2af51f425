"""A connection that redis-py has opened, taken over: commands are written together, replies come in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection

from .connect import LinkLost

Argument = str | bytes | int
Command = tuple[Argument, ...]
Reply = asyncio.Future[list[Any]]
"""What the commands that were sent together are answered, in their order."""


class Sent:
    """
    Commands that were sent together.

    Attributes:
        reply: is done when all of them are answered.
        count: how many there are.
        at: when they were sent, on the event loop's clock.
        answers: those that have come.
    """

    __slots__ = ("answers", "at", "count", "reply")

    def __init__(self, reply: Reply, count: int, at: float) -> None:
        self.reply, self.count, self.at = reply, count, at
        self.answers: list[Any] = []

    def fail(self, error: BaseException) -> None:
        """Let the reply fail, unless nobody waits for it any more."""
        if not self.reply.done():
            self.reply.set_exception(error)


class Wire(asyncio.Protocol):
    """The connection. It is given up when its oldest command has waited too long."""

    def __init__(
        self, connection: AbstractConnection, lost: Callable[[Wire], None], patience_seconds: float
    ) -> None:
        """*lost* is called once, when the connection is gone."""
        self._connection = connection  # kept: the end of its writer would close the transport
        self._lost = lost
        self._patience_seconds = patience_seconds
        self._replies = hiredis.Reader(notEnoughData=_NOTHING)
        self._waiting: deque[Sent] = deque()
        self._unsent: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = connection._writer.transport  # type: ignore[union-attr,assignment]
        self._transport.set_protocol(self)
        self._watchdog = self._loop.call_later(patience_seconds / 4, self._look)

    def send(self, commands: list[Command]) -> Reply:
        """
        Write commands at the end of this round of the loop, with whatever else is sent in it: a write wakes the store.

        The reply fails with LinkLost when the connection is lost before.
        """
        if self._transport.is_closing():
            raise LinkLost
        if not self._unsent:
            self._loop.call_soon(self._write)
        self._unsent.extend(map(_packed, commands))
        sent = Sent(self._loop.create_future(), len(commands), self._loop.time())
        self._waiting.append(sent)
        return sent.reply

    def give_up(self) -> None:
        """End the connection at once."""
        self._transport.abort()
        self.connection_lost(None)

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (answer := self._replies.gets()) is not _NOTHING:
            oldest = self._waiting[0]
            oldest.answers.append(answer)
            if len(oldest.answers) == oldest.count:
                self._waiting.popleft()
                self._answer(oldest)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watchdog.cancel()
        self._connection._writer = None
        self._lost(self)
        while self._waiting:
            self._waiting.popleft().fail(LinkLost())

    def _write(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(b"".join(self._unsent))
        self._unsent.clear()

    def _answer(self, sent: Sent) -> None:
        if not sent.reply.done():
            sent.reply.set_result(sent.answers)

    def _look(self) -> None:
        if self._waiting and self._loop.time() - self._waiting[0].at > self._patience_seconds:
            self.give_up()
        else:
            self._watchdog = self._loop.call_later(self._patience_seconds / 4, self._look)


_NOTHING: Final = object()


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub says a tuple of one
    return packed
