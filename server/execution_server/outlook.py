"""
What a process knows of what is ready, so that giving it out need not ask the store each time.

A place is a type in a partition. A look at the store brings the first few that are ready there, and from then on the
notices keep that true: what becomes ready is put in where it belongs, what is gone is taken out. So a place is looked
at when its type is first wanted, when something there becomes ready by time, when notices were missed, and when all
that was known is used up and there is more behind it. Waiting for a type costs the store nothing.

What is known may be behind the store by a notice. That is no harm: who claims it finds out.

A partition whose primary is away cannot be looked at. It is left out until somebody takes it in again, so the rest is
given out meanwhile, in order; but that nothing is ready is not known for as long.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from .domain import leases
from .domain.ids import partition_of
from .store.port import Change, Ready

FEW: Final = 32
"""How many of a place a look brings."""
MANY: Final = 4 * FEW
"""How many of a place are kept in memory."""


class Place(NamedTuple):
    """Where something may be ready."""

    type: str
    partition: int


class Outlook:
    """The first of what is ready, for the types that are wanted. Nothing in it awaits."""

    def __init__(self, partitions: int) -> None:
        self._partitions = partitions
        self._order: dict[str, list[Ready]] = {}  # wanted type -> what is known, in order
        self._known: dict[Place, dict[str, Ready]] = {}  # the same by id; of wanted types only
        self._more: set[Place] = set()  # what is known there is not all
        self._unseen: dict[str, set[int]] = {}  # wanted type -> partitions to be looked at
        self._looking: dict[Place, list[Change]] = {}  # being looked at -> what was told meanwhile
        self._later: dict[Place, int] = {}  # when something there becomes ready, in ms
        self.left_out: set[int] = set()
        """Partitions that cannot be looked at."""

    def want(self, types: Iterable[str]) -> None:
        """Know of *types* too."""
        for type_ in types:
            if type_ not in self._order:
                self._order[type_] = []
                self._unseen[type_] = set(range(self._partitions))
                self._known.update((place, {}) for place in self._places(type_))

    def forget(self, types: Iterable[str]) -> None:
        """Know of *types* no more."""
        for type_ in types:
            del self._order[type_], self._unseen[type_]
            for place in self._places(type_):
                del self._known[place]
                self._more.discard(place)
                self._looking.pop(place, None)
                self._later.pop(place, None)

    def miss(self, partition: int) -> None:
        """Anything may have happened there."""
        for partitions in self._unseen.values():
            partitions.add(partition)

    def miss_all(self) -> None:
        """Anything may have happened anywhere."""
        for partition in range(self._partitions):
            self.miss(partition)

    def leave_out(self, partition: int) -> None:
        """It cannot be looked at: it holds nothing but what notices tell, until ``take_in``."""
        self.left_out.add(partition)
        self.miss(partition)
        for place in [place for place in self._known if place.partition == partition]:
            self._looking.pop(place, None)
            for execution_id in [*self._known[place]]:
                self._take_out(place, execution_id)

    def take_in(self, partition: int) -> None:
        """It can be looked at again, and has to be."""
        self.left_out.discard(partition)

    def add(self, change: Change, now_ms: int) -> bool:
        """Take a notice in; answers whether what it tells of may be given out before long."""
        if change.record.type not in self._order:
            return False
        place = Place(change.record.type, partition_of(change.id, self._partitions))
        if place in self._looking:
            self._looking[place].append(change)  # the look may be of before
            return False
        self._take_out(place, change.id)
        available_ms = None if change.deleted else leases.available_ms(change.record)
        is_near = available_ms is not None
        if available_ms is not None and available_ms > now_ms:
            self._note_later(place, available_ms)
        elif available_ms is not None:
            is_near = self._put_in(place, Ready(change.record.priority, available_ms, change.id, place.type))
        self._look_if_used_up(place)
        return is_near

    def pass_time(self, now_ms: int) -> int | None:
        """See what has become ready by time; answers when the next thing does, in epoch milliseconds."""
        for place in [place for place, moment in self._later.items() if moment <= now_ms]:
            del self._later[place]
            self._unseen[place.type].add(place.partition)
        return min(self._later.values(), default=None)

    def begin_look(self, types: Iterable[str]) -> list[Place]:
        """The places of *types* to look at. ``end_look`` or ``leave_out`` must follow for each, or ``miss`` for all."""
        places = [
            Place(type_, partition) for type_ in types for partition in self._unseen[type_] - self.left_out
        ]
        for place in places:
            self._unseen[place.type].discard(place.partition)
        self._looking.update((place, []) for place in places)
        return places

    def end_look(self, place: Place, ready: Sequence[Ready], later: Ready | None, now_ms: int) -> None:
        """A look has found the first ``FEW`` that are ready, and what becomes so next."""
        told = self._looking.pop(place, None)
        if told is None:
            return  # forgotten or left out meanwhile
        for execution_id in [*self._known[place]]:
            self._take_out(place, execution_id)
        self._more.discard(place)
        for one in ready:
            self._put_in(place, one)
        if len(ready) == FEW:
            self._more.add(place)
        if later is not None:
            self._note_later(place, later.available_ms)
        for change in told:
            self.add(change, now_ms)
        self._look_if_used_up(place)

    def is_exhausted(self, types: Iterable[str]) -> bool:
        """Whether nothing of *types* is ready, for all that is known, and nothing is to be looked at now."""
        return not any(
            self._order.get(type_) or self._unseen.get(type_, set()) - self.left_out for type_ in types
        )

    def is_empty(self, types: Iterable[str]) -> bool:
        """Whether nothing of *types* is ready, for sure."""
        return not self.left_out and self.is_exhausted(types)

    def take(self, types: Collection[str]) -> tuple[Ready, Place] | None:
        """Take out the first that is ready of *types*; None if none is, or what comes first is not known."""
        if any(self._unseen[type_] - self.left_out for type_ in types):
            return None
        one = min((self._order[type_][0] for type_ in types if self._order[type_]), default=None)
        if one is None:
            return None
        place = Place(one.type, partition_of(one.id, self._partitions))
        self._take_out(place, one.id)
        self._look_if_used_up(place)
        return one, place

    def _put_in(self, place: Place, one: Ready) -> bool:
        """Answers whether it was; else it is behind what is known."""
        known = self._known[place]
        if place in self._more and (not known or one > max(known.values())):
            return False
        known[one.id] = one
        insort(self._order[place.type], one)
        if len(known) > MANY:
            for last in sorted(known.values())[FEW:]:
                self._take_out(place, last.id)
            self._more.add(place)
        return True

    def _take_out(self, place: Place, execution_id: str) -> None:
        one = self._known[place].pop(execution_id, None)
        if one is not None:
            order = self._order[place.type]
            del order[bisect_left(order, one)]

    def _look_if_used_up(self, place: Place) -> None:
        if place in self._more and not self._known[place]:
            self._unseen[place.type].add(place.partition)

    def _note_later(self, place: Place, moment_ms: int) -> None:
        self._later[place] = min(moment_ms, self._later.get(place, moment_ms))

    def _places(self, type_: str) -> list[Place]:
        return [Place(type_, partition) for partition in range(self._partitions)]
