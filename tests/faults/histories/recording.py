"""What every caller does is written down here, with one clock; and who is affected by what goes wrong."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Final

from tests.faults.histories.callers import CALL_SECONDS, Caller, DriverCaller, Told, Wish
from tests.faults.histories.contract import Call
from tests.faults.histories.reporting import StreamCaller
from tests.waiting import until

LATE_SECONDS: Final = 4.0
"""
How long after its deadline at the caller a call may still take effect. A server knows a call's deadline as a time that
is left, so it reckons from when it has read the request: as much later as it was stopped, or the machine busy.
"""

AGAIN: Final = 40
"""How many calls are answered between one fault and the next."""
SHUN_SECONDS: Final = 0.3
BUSY_SECONDS: Final = 120.0
"""How long that may take. It is passed only when something is broken."""


@dataclass
class History:
    """The calls on one execution."""

    key: str
    calls: list[Call] = field(default_factory=list)
    id: str = ""
    """Which execution it is, once an answer has told."""
    others: set[str] = field(default_factory=set)
    """Ids of other executions that were taken for it."""

    def note(self, call: Call, told: Told) -> None:
        self.calls.append(call)
        self.id = self.id or told.id
        if told.id not in ("", self.id):
            self.others.add(told.id)


class Recorder:
    """
    Makes calls and writes them down.

    Attributes:
        answered: how many calls were.
        unanswered: how many were not, by server.
        by: how many each caller made.
        patience: after how many seconds a caller gives up, whatever the deadline.
        gave_up: how many of the calls that were not answered were begun while callers had little patience.
    """

    def __init__(self, callers: Sequence[Caller], dice: random.Random) -> None:
        self._callers, self._dice = callers, dice
        self._open = Counter[int]()
        self._shunned_until: dict[int, float] = {}
        self.answered = 0
        self.unanswered = Counter[int]()
        self.by = Counter[str]()
        self.patience = inf
        self.gave_up = 0

    def open_at(self, *servers: int) -> int:
        """How many calls these servers owe an answer."""
        return sum(self._open[server] for server in servers)

    @property
    def open(self) -> int:
        """How many calls are owed an answer by any."""
        return self._open.total()

    async def busy(self) -> None:
        """Return when calls have been answered since, so that what went wrong before is over, and some are open."""
        enough = self.answered + AGAIN
        await until(lambda: self.answered >= enough and self.open, "calls are answered", BUSY_SECONDS)

    async def call(self, history: History, wish: Wish, caller: Caller | None = None) -> Told:
        """Have any caller, or this one, do it."""
        caller = caller or self._any(wish)
        patience = self.patience
        self._open[caller.server] += 1
        self.by[caller.name] += 1
        loop = asyncio.get_running_loop()
        invoked = loop.time()
        try:
            told = await caller.call(wish, min(patience, CALL_SECONDS + 1))
        finally:
            self._open[caller.server] -= 1
        until = loop.time()
        settled = max(invoked + CALL_SECONDS, until) + LATE_SECONDS + caller.late_seconds
        if told.answer is None:
            until = settled
            self.unanswered[caller.server] += 1
            self._shunned_until[caller.server] = loop.time() + SHUN_SECONDS
            self.gave_up += patience < inf
        else:
            self.answered += 1
        history.note(_call(wish, caller, invoked, until, told), told)
        if isinstance(caller, DriverCaller) and wish.verb != "get":
            # A client repeats by itself and tells of its last try only. An earlier one may have been done, and eight
            # changes or a deletion later nobody knows it any more.
            history.note(_call(wish, caller, invoked, settled, Told(None)), Told(None))
        return told

    def _any(self, wish: Wish) -> Caller:
        """One that is free; of a server that has just left a call unanswered only if there is no other."""
        able = [one for one in self._callers if isinstance(one, StreamCaller) == wish.is_reported]
        idle = [one for one in able if not isinstance(one, DriverCaller) or one.is_free]
        now = asyncio.get_running_loop().time()
        well = [one for one in idle if now >= self._shunned_until.get(one.server, 0)]
        return self._dice.choice(well or idle)


def _call(wish: Wish, caller: Caller, invoked: float, until: float, told: Told) -> Call:
    return Call(
        verb=wish.verb,
        request_id=wish.request_id,
        arguments=wish.arguments,
        attempt=wish.attempt,
        expected_revision=wish.expected_revision,
        by=caller.name,
        invoked=invoked,
        until=until,
        answer=told.answer,
    )
