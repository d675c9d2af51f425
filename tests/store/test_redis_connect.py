"""A connection that is not wanted any more is not made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from execution_server.store.redis.connect import connect


class Pool:
    """Makes itself: a connection that swallows its cancellation, as ``asyncio.wait_for`` of Python 3.11 may do."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.is_connected = False

    def make_connection(self) -> Pool:
        return self

    async def connect(self) -> None:
        self.is_connected = True
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async def disconnect(self, *, nowait: bool) -> None:
        self.is_connected = False


async def test_whoever_connects_ends_when_told_to() -> None:
    """Else what goes on for ever, as the feed does, would do so after its end, and whoever waits for that as well."""
    pool: Any = Pool()
    connecting = asyncio.create_task(connect(pool))
    await pool.began.wait()
    connecting.cancel()
    await asyncio.wait([connecting])
    assert connecting.cancelled()
    assert not pool.is_connected


async def test_a_limit_of_time_is_kept() -> None:
    """It ends what it limits by cancelling it."""
    pool: Any = Pool()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await connect(pool)
    assert not pool.is_connected
