"""
How a connection to a server comes to be: redis-py opens it (TLS, authentication, database), others then take it over.

A deployment is reached through a ``Connect``: to the one server that the URL names, to whatever primary the sentinels
name at the moment (``sentinel.py``), or to one node of a cluster (``cluster.py``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from redis.asyncio.connection import AbstractConnection, ConnectionPool

Connect = Callable[[], Awaitable[AbstractConnection]]
"""Opens a connection. Raises LinkLost when it cannot; whoever calls it puts a limit to its time."""


class LinkLost(Exception):
    """There is no connection, or it was lost while the command was under way."""


def through(pool: ConnectionPool) -> Connect:
    """Connections as *pool* would make them; nothing is ever taken out of it."""
    return partial(connect, pool)


async def connect(pool: ConnectionPool) -> AbstractConnection:
    """A connection that redis-py has opened. Raises LinkLost."""
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
    try:
        await connection.connect()  # type: ignore[no-untyped-call]  # redis-py's
        _heed_cancellation()
    except BaseException as error:
        await connection.disconnect(nowait=True)
        # redis-py fails in many ways, TypeError and AttributeError among them.
        if isinstance(error, Exception):
            raise LinkLost from error
        raise
    return connection


async def ask(connection: AbstractConnection, *command: str) -> Any:
    """The reply to one command on a connection that nobody else uses. Closes the connection and raises LinkLost."""
    try:
        await connection.send_command(*command)
        return await connection.read_response()
    except BaseException as error:
        await connection.disconnect(nowait=True)
        if isinstance(error, Exception):
            raise LinkLost from error
        raise


def _heed_cancellation() -> None:
    """End this task if it is to end. redis-py waits with ``asyncio.wait_for``, which Python 3.11 lets swallow that."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
