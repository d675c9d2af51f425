"""When a command is tried again: what errors go away by themselves, and how long to pause between tries."""

from __future__ import annotations

import asyncio
import random
from re import compile as regex
from typing import Any, Final

import hiredis

from ...domain.problems import StoreUnavailable

PAUSE_SECONDS: Final = (0.02, 0.5)
"""The first and the longest pause between tries; each is drawn at random up to double the one before."""
NOT_NOW: Final = frozenset(
    {"LOADING", "READONLY", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOREPLICAS", "BUSY", "OOM", "MISCONF"}
    | {"NOMASTERLINK", "UNBLOCKED"}
)
"""Codes of error replies that go away by themselves or by an operator's hand, and mean that nothing was done."""
CODE: Final = regex(r"(?:ERR Error running script .*?-)?([A-Z]+) ")
"""The code that an error reply begins with. Redis 6.2 hides it where a script's command was refused."""


class Tries:
    """The tries of one call."""

    def __init__(self, deadline: float) -> None:
        self.trouble: BaseException | None = None
        self._deadline = deadline
        self._pause, self._longest = PAUSE_SECONDS

    def failed(self, trouble: BaseException, *, is_final: bool = False) -> None:
        """Note what went wrong. Raises StoreUnavailable if it is final or there is no time left."""
        self.trouble = trouble.__cause__ or trouble
        if is_final or asyncio.get_running_loop().time() >= self._deadline:
            raise StoreUnavailable from self.trouble

    async def pause(self) -> None:
        """Wait for the next try."""
        remaining = self._deadline - asyncio.get_running_loop().time()
        await asyncio.sleep(min(remaining, random.uniform(0, self._pause)))
        self._pause = min(self._longest, self._pause * 2)


def code_of(reply: Any) -> str:
    """The code of an error reply, else nothing."""
    code = CODE.match(str(reply)) if isinstance(reply, hiredis.ReplyError) else None
    return code[1] if code is not None else ""


def means_not_now(reply: Any) -> bool:
    """Whether the same command may have another answer soon."""
    return isinstance(reply, hiredis.ReplyError) and code_of(reply) in NOT_NOW
