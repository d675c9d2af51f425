"""
Whether the worker still holds its leases, judged by what it hears.

While the stream is open the service lets each lease begin anew every third of its duration. So when the worker last
heard of the service two thirds of every lease were left: after those it cannot know, and must not run on. That a stream
looks open says nothing, for a connection can die in silence. A worker that holds something and hears nothing reports of
one attempt, to be answered, and gives up a stream that does not answer.

It judges at every beat, a twelfth of a lease. One judgement alone loses nothing: after a pause of this process (it was
stopped, or a task blocked the event loop) the answer may be there and only wait to be read.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

BEATS: Final = 12
"""Per lease. All that follows is in parts of a lease too."""
_ASK_AFTER: Final = 2 / BEATS
_GIVE_UP_AFTER: Final = 2 / BEATS
_LOSE_AFTER: Final = 7 / BEATS  # and one beat more: eight twelfths are two thirds


class Verdict(Enum):
    """What to do at a beat."""

    GO_ON = "go on"
    ASK = "ask"
    """Say something that will be answered."""
    RECONNECT = "reconnect"
    """Give up the stream."""
    LOSE = "lose"
    """Take all leases for lost."""


class Pulse:
    """Listens for the service. Times are a monotonic clock's, in seconds."""

    def __init__(self, lease: float, now: float) -> None:
        self._lease = lease
        self._heard_at = now
        self._asked_at: float | None = None
        self._silent_before = False

    @property
    def beat(self) -> float:
        """How long from one judgement to the next, in seconds."""
        return self._lease / BEATS

    def heard(self, now: float) -> None:
        """Something came from the service."""
        self._heard_at, self._asked_at, self._silent_before = now, None, False

    def reconnected(self) -> None:
        """There is a new stream: what was asked on the old one will not be answered."""
        self._asked_at = None

    def judge(self, now: float) -> Verdict:
        """Answer what to do; to be called at every beat while something is held."""
        silence = (now - self._heard_at) / self._lease
        silent_before, self._silent_before = self._silent_before, silence >= _LOSE_AFTER
        if silent_before and self._silent_before:
            return Verdict.LOSE
        if self._asked_at is None:
            if silence < _ASK_AFTER:
                return Verdict.GO_ON
            self._asked_at = now
            return Verdict.ASK
        return Verdict.GO_ON if now - self._asked_at < _GIVE_UP_AFTER * self._lease else Verdict.RECONNECT
