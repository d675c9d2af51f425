"""
The store's clock, read now and then and carried on by the process's own.

Each reading is a lower bound: when the reply arrives, the store's clock is where the reply says or later. The highest
of the newest few bounds is the closest one that is not ahead, so nothing that the server owes is ever done early.

Of several primaries the one furthest behind counts, also while it does not answer. Each judges by its own clock
whether a change comes too late, so that one which is ahead refuses changes early, and none carries out a change that
its caller has given up.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from ...domain.problems import StoreUnavailable
from .connect import LinkLost
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
        self._offsets: dict[str, deque[float]] = {}  # of each primary that has answered
        self._offset = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, deadline: float) -> None:
        """Read the store's clock once, then again every second until closed."""
        await self._read(deadline)
        self._task = asyncio.create_task(self._keep())

    def now_ms(self) -> int:
        """The store's time in epoch milliseconds, never ahead of it."""
        return int(time.monotonic() * 1000 + self._offset)

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
        replies = await self._link.call_each("TIME", deadline=deadline)
        answers = {name: reply for name, reply in replies.items() if not isinstance(reply, LinkLost)}
        for name, (seconds, microseconds) in zip(answers, checked([*answers.values()]), strict=True):
            offset = int(seconds) * 1000 + int(microseconds) / 1000 - time.monotonic() * 1000
            known = self._offsets.setdefault(name, deque(maxlen=READINGS))
            if known and offset < max(known) - JUMP_MS:
                known.clear()
            known.append(offset)
        self._offsets = {name: known for name, known in self._offsets.items() if name in replies}
        self._offset = min(max(known) for known in self._offsets.values())
