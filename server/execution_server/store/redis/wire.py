"""A connection that redis-py has opened, taken over: commands are written at once, replies come in their order."""

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
Reply = asyncio.Future[Any]


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
        self._waiting: deque[tuple[Reply, float]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = connection._writer.transport  # type: ignore[union-attr,assignment]
        self._transport.set_protocol(self)
        self._watchdog = self._loop.call_later(patience_seconds / 4, self._look)

    def send(self, commands: list[Command]) -> list[Reply]:
        """Write commands together; their replies fail with LinkLost when the connection is lost before."""
        if self._transport.is_closing():
            raise LinkLost
        data = b"".join(_packed(command) for command in commands)
        now = self._loop.time()
        futures: list[Reply] = []
        for _ in commands:
            future = self._loop.create_future()
            futures.append(future)
            self._waiting.append((future, now))
        self._transport.write(data)
        return futures

    def give_up(self) -> None:
        """End the connection at once."""
        self._transport.abort()
        self.connection_lost(None)

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not _NOTHING:
            future, _ = self._waiting.popleft()
            self._answer(future, reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watchdog.cancel()
        self._connection._writer = None
        self._lost(self)
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(LinkLost())

    def _answer(self, future: Reply, reply: Any) -> None:
        if not future.done():
            future.set_result(reply)

    def _look(self) -> None:
        if self._waiting and self._loop.time() - self._waiting[0][1] > self._patience_seconds:
            self.give_up()
        else:
            self._watchdog = self._loop.call_later(self._patience_seconds / 4, self._look)


_NOTHING: Final = object()


def _packed(command: Command) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub says a tuple of one
    return packed
