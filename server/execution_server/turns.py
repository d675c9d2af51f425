"""
Turns: whoever wants the same thing waits for those before, in the order of coming.

An ``asyncio.Lock`` per name would do the same. But to make and to forget one for each call costs several times as much
as to note that nobody waits, and usually nobody does.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """One turn per name; it must be given back by who took it."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # those behind the one who has the turn

    def take_free(self, name: str) -> bool:
        """Take the turn if nobody has it; answers whether nobody had."""
        if name in self._waiting:
            return False
        self._waiting[name] = deque()
        return True

    async def take(self, name: str, deadline: float) -> None:
        """Take the turn when it comes; raises TimeoutError if it has not come by *deadline*, on the loop's clock."""
        if self.take_free(name):
            return
        queue = self._waiting[name]
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            async with asyncio.timeout_at(deadline):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it came at the moment at which its taker went away
                self.give_back(name)
            raise

    def give_back(self, name: str) -> None:
        """Let the next one have the turn."""
        queue = self._waiting[name]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[name]
