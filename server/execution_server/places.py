"""
How many calls of a kind may be under way: so many in the process, and so many of them on one connection.

The process's limit bounds memory. The connection's is what keeps one client's flood from taking the places of all
others: whoever has its share is refused, while there is room for everybody else.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from .domain.problems import Problem

log = logging.getLogger(__name__)

LOG_SECONDS: Final = 1.0
"""How often it is logged that calls are refused: a line per refusal would cost more than the refusal."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many there may be."""

    per_process: int
    per_connection: int


class Places:
    """
    The places of one kind of call.

    Attributes:
        kind: what it is called in logs and metrics.
        limits: how many there are.
        taken: how many are taken now.
        refused: how many calls found none, since the start.
    """

    def __init__(self, kind: str, limits: Limits, refusal: Callable[[int, str], Problem]) -> None:
        """*refusal* makes the problem of a call that finds no place, of the limit and a sentence's beginning."""
        self.kind, self.limits = kind, limits
        self.taken = 0
        self.refused = 0
        self._refusal = refusal
        self._held: dict[str, int] = {}  # connection -> how many it has
        self._logged_at = -LOG_SECONDS

    def take(self, connection: str) -> None:
        """Take a place, which must be given back; raises the refusal if there is none."""
        held = self._held.get(connection, 0)
        if self.taken >= self.limits.per_process:
            raise self._refused(self.limits.per_process, f"This server has all the {self.kind} that it takes")
        if held >= self.limits.per_connection:
            raise self._refused(
                self.limits.per_connection, f"This connection has all the {self.kind} that it may have"
            )
        self.taken += 1
        self._held[connection] = held + 1

    def give_back(self, connection: str) -> None:
        """The call that took a place has ended."""
        self.taken -= 1
        held = self._held[connection] - 1
        if held:
            self._held[connection] = held
        else:
            del self._held[connection]

    @contextmanager
    def admitted(self, connection: str) -> Iterator[None]:
        """Take a place for as long as it lasts; raises the refusal if there is none."""
        self.take(connection)
        try:
            yield
        finally:
            self.give_back(connection)

    def _refused(self, limit: int, why: str) -> Problem:
        self.refused += 1
        now = time.monotonic()
        if now - self._logged_at >= LOG_SECONDS:
            self._logged_at = now
            fields = {"kind": self.kind, "taken": self.taken, "limit": limit, "refused": self.refused}
            log.warning("calls are refused", extra={"fields": fields})
        return self._refusal(limit, why)
