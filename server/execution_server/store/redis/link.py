"""
One connection to one primary that all commands of the process share.

redis-py connects (TLS, authentication, database); from then on commands are written at once, whoever else waits, and
the replies, which come in the order of the commands, are handed out by a queue of futures. A pool would pay redis-py's
machinery per command, several times what the command costs (see docs/benchmarks.md). Here and in ``subscription.py``
private attributes of redis-py are touched, which is why pyproject.toml pins its minor version.

What can happen to a command:

* Its caller goes away, or its deadline passes: the reply is read and dropped, so the order holds.
* The connection is lost, or its oldest command waits longer than ``TRY_SECONDS``: everything in flight fails at once,
  with nobody knowing what was carried out. Callers try again on a new connection until their deadline. So every command
  must be one that can be repeated: reads are, and each script knows its own earlier try.
* The server answers that it cannot serve just now (loading, failing over, out of memory): the same, after a pause.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from re import compile as regex
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection, ConnectionPool

from ...counts import Traffic
from ...domain.problems import StoreUnavailable

log = logging.getLogger(__name__)

TRY_SECONDS: Final = 1.0
"""How long one try may wait for its reply before the connection is given up."""
PAUSE_SECONDS: Final = (0.02, 0.5)
"""The first and the longest pause between tries; each is drawn at random up to double the one before."""
NOT_NOW: Final = frozenset(
    {"LOADING", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOREPLICAS", "BUSY", "OOM", "MISCONF"}
    | {"NOMASTERLINK", "UNBLOCKED"}
)
"""Codes of error replies that go away by themselves or by an operator's hand, and mean that nothing was done."""
CODE: Final = regex(r"(?:ERR Error running script .*?-)?([A-Z]+) ")
"""The code that an error reply begins with. Redis 6.2 hides it where a script's command was refused."""

Argument = str | bytes | int


class LinkLost(Exception):
    """There is no connection, or it was lost while the command was under way."""


class Link:
    """The connection, made anew whenever it is lost."""

    def __init__(self, pool: ConnectionPool) -> None:
        """*pool* serves as redis-py's recipe for a connection; nothing is ever taken out of it."""
        self._pool = pool
        self.traffic = Traffic()
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[_Wire] | None = None
        self._closed = False

    async def call(self, *command: Argument, deadline: float) -> Any:
        """
        Send one command and answer its reply: bytes, int, list or None, or a ``hiredis.ReplyError`` as a value.

        Raises:
            StoreUnavailable: there was no answer by *deadline*.
        """
        return (await self.call_all([command], deadline=deadline))[0]

    async def call_all(self, commands: list[tuple[Argument, ...]], *, deadline: float) -> list[Any]:
        """Send commands together and answer their replies in order. Each may be carried out more than once."""
        loop = asyncio.get_running_loop()
        pause, longest = PAUSE_SECONDS
        trouble: BaseException | None = None
        while True:
            try:
                wire = self._wire or await self._connect(deadline)
                began = loop.time()
                replies = await _all(wire.send(commands), deadline)
                self.traffic.round_trips.observe(loop.time() - began)
                trouble = next(filter(_means_not_now, replies), None)
                if trouble is None:
                    return replies
            except LinkLost as lost:
                trouble = lost.__cause__ or lost
            except StoreUnavailable as too_late:
                raise too_late from trouble
            remaining = deadline - loop.time()
            if remaining <= 0 or self._closed:
                raise StoreUnavailable from trouble
            self.traffic.retries += 1
            await asyncio.sleep(min(remaining, random.uniform(0, pause)))
            pause = min(longest, pause * 2)

    async def close(self) -> None:
        """Close the connection; what is under way fails."""
        self._closed = True
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.give_up()

    async def _connect(self, deadline: float) -> _Wire:
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
                raise StoreUnavailable from None
            raise

    def _connected(self, task: asyncio.Task[_Wire]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()  # whoever still waits for the connection is told

    async def _open(self) -> _Wire:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        try:
            async with asyncio.timeout(TRY_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
        except BaseException as error:
            await connection.disconnect(nowait=True)
            # redis-py fails in many ways, TypeError and AttributeError among them.
            if isinstance(error, Exception):
                raise LinkLost from error
            raise
        self._wire = _Wire(connection, self._lost)
        log.info("store connected")
        return self._wire

    def _lost(self, wire: _Wire) -> None:
        if self._wire is wire:
            self._wire = None
            if not self._closed:
                self.traffic.connections_lost += 1
                log.warning("store connection lost")


class _Wire(asyncio.Protocol):
    """A connection that redis-py has opened, taken over."""

    def __init__(self, connection: AbstractConnection, lost: Any) -> None:
        self._connection = connection  # kept: the end of its writer would close the transport
        self._lost = lost
        self._replies = hiredis.Reader(notEnoughData=_NOTHING)
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport = connection._writer.transport  # type: ignore[union-attr,assignment]
        self._transport.set_protocol(self)
        self._watchdog = self._loop.call_later(TRY_SECONDS / 4, self._look)

    def send(self, commands: list[tuple[Argument, ...]]) -> list[asyncio.Future[Any]]:
        if self._transport.is_closing():
            raise LinkLost
        data = b"".join(_packed(command) for command in commands)
        now = self._loop.time()
        futures: list[asyncio.Future[Any]] = []
        for _ in commands:
            future = self._loop.create_future()
            futures.append(future)
            self._waiting.append((future, now))
        self._transport.write(data)
        return futures

    def give_up(self) -> None:
        self._transport.abort()
        self.connection_lost(None)

    def data_received(self, data: bytes) -> None:
        self._replies.feed(data)
        while (reply := self._replies.gets()) is not _NOTHING:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_result(reply)

    def connection_lost(self, exc: Exception | None) -> None:
        self._watchdog.cancel()
        self._connection._writer = None
        self._lost(self)
        while self._waiting:
            future, _ = self._waiting.popleft()
            if not future.done():
                future.set_exception(LinkLost())

    def _look(self) -> None:
        """Give the connection up if its oldest command has waited too long."""
        if self._waiting and self._loop.time() - self._waiting[0][1] > TRY_SECONDS:
            self.give_up()
        else:
            self._watchdog = self._loop.call_later(TRY_SECONDS / 4, self._look)


_NOTHING: Final = object()


def _packed(command: tuple[Argument, ...]) -> bytes:
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub says a tuple of one
    return packed


async def _all(futures: list[asyncio.Future[Any]], deadline: float) -> list[Any]:
    """The replies. A timer of our own: ``asyncio.timeout_at`` costs several times as much."""
    too_late = asyncio.get_running_loop().call_at(deadline, _abandon, futures)
    try:
        return [await futures[0]] if len(futures) == 1 else await asyncio.gather(*futures)
    finally:
        too_late.cancel()


def _abandon(futures: list[asyncio.Future[Any]]) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(StoreUnavailable())


def _means_not_now(reply: Any) -> bool:
    code = CODE.match(str(reply)) if isinstance(reply, hiredis.ReplyError) else None
    return code is not None and code[1] in NOT_NOW
