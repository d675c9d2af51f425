"""
The store's clock, read now and then and carried on by the process's own.

Each reading is a lower bound: when the reply arrives, the store's clock is where the reply says or later. The highest
of the newest few bounds is the closest one that is not ahead, so nothing that the server owes is ever done early.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from ...domain.problems import StoreUnavailable
from .link import Link
from .scripts import StoreFault, checked

EVERY_SECONDS: Final = 1.0
READINGS: Final = 5
JUMP_MS: Final = 500
"""A reading this far behind the others is a clock that was set back (another primary): they are forgotten."""


class StoreClock:
    """Answers the store's time without asking it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._offsets: deque[float] = deque(maxlen=READINGS)
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, deadline: float) -> None:
        """Read the store's clock once, then again every second until closed."""
        await self._read(deadline)
        self._task = asyncio.create_task(self._keep())

    def now_ms(self) -> int:
        """The store's time in epoch milliseconds, never ahead of it."""
        return int(time.monotonic() * 1000 + max(self._offsets))

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await self._read(loop.time() + EVERY_SECONDS)
            except (StoreUnavailable, StoreFault):
                continue

    async def _read(self, deadline: float) -> None:
        ((seconds, microseconds),) = checked([await self._link.call("TIME", deadline=deadline)])
        offset = int(seconds) * 1000 + int(microseconds) / 1000 - time.monotonic() * 1000
        if self._offsets and offset < max(self._offsets) - JUMP_MS:
            self._offsets.clear()
        self._offsets.append(offset)
