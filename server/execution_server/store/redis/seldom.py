"""What goes on happening while something is broken is worth a line in the log now and then, not one each time."""

from __future__ import annotations

from asyncio import get_running_loop
from math import inf
from typing import Final

SECONDS: Final = 10.0
"""How long after a line the next one may be at the earliest."""


class Seldom:
    """Says whether it is time for a line: at first it is."""

    def __init__(self) -> None:
        self._last = -inf

    def is_time(self) -> bool:
        """Whether to write one now."""
        now = get_running_loop().time()
        if now < self._last + SECONDS:
            return False
        self._last = now
        return True
