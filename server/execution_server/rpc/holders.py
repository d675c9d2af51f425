"""Who holds what in this process."""

from __future__ import annotations

from typing import Protocol

from ..store.port import Change


class Holder(Protocol):
    """What is told of what others do: see ``WorkStream``."""

    def slots(self) -> tuple[int, int]:
        """How many slots are busy, and how many are free."""

    def on_change(self, change: Change) -> None:
        """Something happened to an execution that it holds."""

    def keep_now(self) -> None:
        """It may have missed something: let it look at all that it holds."""

    def wake(self) -> None:
        """There may be something to tell."""


class Holders:
    """The listener that tells streams of what others do to their executions."""

    def __init__(self) -> None:
        self.streams: set[Holder] = set()
        # By id; more than one where the first has lost it and does not know that yet.
        self._holding: dict[str, set[Holder]] = {}

    def enter(self, execution_id: str, stream: Holder) -> None:
        """Tell *stream* of what happens to the execution."""
        self._holding.setdefault(execution_id, set()).add(stream)

    def leave(self, execution_id: str, stream: Holder) -> None:
        """Tell it no more."""
        holding = self._holding[execution_id]
        holding.remove(stream)
        if not holding:
            del self._holding[execution_id]

    def slots(self) -> tuple[int, int]:
        """How many slots of all streams are busy, and how many are free."""
        slots = [stream.slots() for stream in tuple(self.streams)]
        return sum(busy for busy, _ in slots), sum(free for _, free in slots)

    def add(self, change: Change) -> None:
        """See ``Listener``."""
        for stream in tuple(self._holding.get(change.id, ())):
            stream.on_change(change)

    def miss(self, partition: int) -> None:
        """See ``Listener``: whoever may have been told something looks for itself."""
        for stream in self.streams:
            stream.keep_now()

    def wake(self) -> None:
        """See ``Listener``."""
        for stream in self.streams:
            stream.wake()
