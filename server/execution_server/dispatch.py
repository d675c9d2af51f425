"""
How what is ready reaches workers that have room for it.

Nobody polls: what is known to be ready is kept in an ``Outlook``, which says when there is something to look for. What
is given out is claimed by a commit like any other, so that of all processes that try exactly one gets it, in the
store's order: the urgent first, then the old.

A partition whose primary is away is left out, after the one round that finds out; whether it is back is asked beside
the rounds, so that those who are served from the others don't wait for the answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, NamedTuple

from croco.execution.v1.execution_pb2 import Execution

from .domain import leases
from .domain.problems import ExecutionNotFound, InvalidStateTransition, Problem, StoreUnavailable
from .manager import Manager
from .outlook import FEW, Outlook, Place
from .store.port import Change, ExecutionStore, Part, Ready, Stored
from .terms import Done, Mutation, Terms
from .watch import Hub

log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
"""How long a look may take: those of a cluster's other primaries wait for it."""
CLAIM_SECONDS: Final = 3.0
"""The same for a claim. It has time for a second try, as one that nobody has heard of stands until its lease ends."""
RELEASE_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 1.0
"""How long to leave a partition alone that does not answer."""
MOST_AT_ONCE: Final = 256
"""How many executions are claimed together."""
FASTER: Final = (InvalidStateTransition, ExecutionNotFound)
"""The problems of a claim that mean that somebody else was faster."""


class Given(NamedTuple):
    """An execution that became a worker's own."""

    turn: Ready
    """Where it stood: executions come as the store commits them; whoever gets several at once can put them in order."""
    record: Execution


@dataclass(eq=False)
class Demand:
    """
    A worker's room for executions.

    Attributes:
        room: how many more it takes now; the dispatcher takes from it, the worker gives back and calls ``make_room``.
        claiming: how many are being claimed for it.
        give: is called with each execution that became its own, and with None when anything else has changed here.
        looked: whether all that was ready when it came has been looked at; not so while a partition is left out.
        gone: the worker takes nothing any more: what is still claimed for it is given back.
        actor: who calls for it, see ``Terms``.
    """

    worker_id: str
    types: tuple[str, ...]
    lease_ms: int
    room: int
    give: Callable[[Given | None], None]
    claiming: int = 0
    looked: bool = False
    gone: bool = False
    actor: str = ""


class Dispatcher:
    """Matches demands with what is ready."""

    def __init__(self, store: ExecutionStore, manager: Manager, hub: Hub) -> None:
        self._store, self._manager, self._hub = store, manager, hub
        self._outlook = Outlook(store.partitions)
        self._demands: list[Demand] = []  # in the order in which they are served next
        self._woken = asyncio.Event()
        self._giving_back: set[asyncio.Task[None]] = set()

    def add_demand(self, demand: Demand) -> None:
        """Serve *demand* from now on."""
        self._demands.append(demand)
        self._outlook.want(demand.types)
        self._woken.set()

    def remove_demand(self, demand: Demand) -> None:
        """Serve it no more. What is being claimed for it is still given, unless it is gone."""
        self._demands.remove(demand)
        wanted = {type_ for one in self._demands for type_ in one.types}
        self._outlook.forget(set(demand.types) - wanted)
        self._woken.set()

    def make_room(self) -> None:
        """A demand has more room than it had."""
        self._woken.set()

    def give_back(self, records: Iterable[Execution]) -> None:
        """Release what was claimed for a worker that will never know of it."""
        for record in records:
            task = asyncio.create_task(self._give_back(record.id, record.attempts))
            self._giving_back.add(task)
            task.add_done_callback(self._giving_back.discard)

    def add(self, change: Change) -> None:
        """See ``Listener``."""
        if self._outlook.add(change, self._store.now_ms()):
            self._manager.heard(Stored(change.record, change.version))
            self._woken.set()

    def miss(self, partition: int) -> None:
        """See ``Listener``."""
        self._outlook.miss(partition)
        self._woken.set()

    def wake(self) -> None:
        """See ``Listener``: whoever waits for work is to see whether to wait on."""
        for demand in self._demands:
            demand.give(None)

    async def run_forever(self) -> None:
        """Give out what is ready whenever there is room; whatever fails is tried again."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._serve_forever())
            both.create_task(self._take_in_forever())

    async def _take_in_forever(self) -> None:
        """Take in what was left out as soon as it answers."""
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            left_out, deadline = [*self._outlook.left_out], _within(LOOK_SECONDS)
            answers = await asyncio.gather(
                *(self._store.due(partition, 1, deadline=deadline) for partition in left_out),
                return_exceptions=True,
            )
            for partition, answer in zip(left_out, answers, strict=True):
                if not isinstance(answer, StoreUnavailable):  # of a fault the look tells that follows
                    self._outlook.take_in(partition)
                    self._woken.set()

    async def _serve_forever(self) -> None:
        while True:
            try:
                await self._serve()
            except StoreUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("dispatching failed")
                await asyncio.sleep(1)

    async def _serve(self) -> None:
        """Serve until nobody wants anything; nobody listens to notices before there is a demand."""
        while not self._demands:
            self._woken.clear()
            await self._woken.wait()
        async with self._hub.listening(self):
            self._outlook.miss_all()  # nobody has listened up to now
            while self._demands:
                self._woken.clear()
                next_ms = self._outlook.pass_time(self._store.now_ms())
                if self._is_wanted():
                    await self.run_once()
                    continue
                seconds = None if next_ms is None else max(0.001, (next_ms - self._store.now_ms()) / 1000)
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._woken.wait()

    async def run_once(self) -> int:
        """
        Give out what is ready, as far as there is room; answers how many executions were given.

        When it raises, anything may have happened anywhere: see ``Outlook.miss_all``.
        """
        asking = self._with_room()
        await self._look(_types(asking))
        claims: list[Mutation] = []
        outcomes: list[Execution | Exception] = []
        types = _types(self._with_room())
        while len(claims) < MOST_AT_ONCE and (found := self._outlook.take(types)):
            demand = self._next_demand(found[0].type)
            claims.append(self._claim(demand, *found, outcomes.append))
            if not demand.room:
                types = _types(self._with_room())
        await self._manager.change_all(claims)
        for demand in asking:
            demand.looked |= self._outlook.is_empty(demand.types)
            demand.give(None)
        for outcome in outcomes:
            if isinstance(outcome, Exception) and not isinstance(outcome, Problem):
                raise outcome
        return sum(isinstance(outcome, Execution) for outcome in outcomes)

    async def _look(self, types: Iterable[str]) -> None:
        """Look wherever it is needed, and leave out what does not answer."""
        places, deadline = self._outlook.begin_look(types), _within(LOOK_SECONDS)
        looks = await asyncio.gather(
            *(self._store.ready(place.partition, [place.type], FEW, deadline=deadline) for place in places),
            return_exceptions=True,
        )
        for place, look in zip(places, looks, strict=True):
            if isinstance(look, StoreUnavailable):
                self._outlook.leave_out(place.partition)
            elif isinstance(look, BaseException):
                raise look
            else:
                self._outlook.end_look(place, *look, self._store.now_ms())

    def _is_wanted(self) -> bool:
        """Whether there may be something to give, or a demand waits to hear that there is nothing."""
        demands = self._with_room()
        return not self._outlook.is_exhausted(_types(demands)) or any(
            not demand.looked and self._outlook.is_empty(demand.types) for demand in demands
        )

    def _with_room(self) -> list[Demand]:
        return [demand for demand in self._demands if demand.room]

    def _next_demand(self, type_: str) -> Demand:
        """The demand whose turn it is, with a place of its room taken."""
        demand = next(demand for demand in self._demands if demand.room and type_ in demand.types)
        demand.room -= 1
        demand.claiming += 1
        self._demands.remove(demand)
        self._demands.append(demand)
        return demand

    def _claim(self, demand: Demand, one: Ready, place: Place, told: Done) -> Mutation:
        """What makes an execution *demand*'s own; *told* is called with what has become of it."""

        def decide(record: Execution, now_ms: int) -> Execution:
            # It was seen to be ready. The clock of this process may have been set back a little since.
            now_ms = max(now_ms, one.available_ms)
            return leases.claim(record, demand.worker_id, demand.lease_ms, now_ms=now_ms)

        def done(outcome: Execution | Exception) -> None:
            demand.claiming -= 1
            if isinstance(outcome, Execution):
                if demand.gone:
                    self.give_back([outcome])
                else:
                    demand.give(Given(one, outcome))
            else:
                demand.room += 1
                if not isinstance(outcome, FASTER):
                    self._outlook.miss_all()  # what failed here may fail elsewhere: the looks find out together
                    if isinstance(outcome, StoreUnavailable):
                        self._outlook.leave_out(place.partition)
                demand.give(None)
            told(outcome)

        terms = Terms(method="claim", deadline=_within(CLAIM_SECONDS), actor=demand.actor)
        return Mutation(one.id, decide, terms, Part.FULL, done)

    async def _give_back(self, execution_id: str, attempt: int) -> None:
        def decide(current: Execution, now_ms: int) -> Execution:
            return leases.release(current, now_ms=now_ms)

        deadline = _within(RELEASE_SECONDS)
        terms = Terms(method="release", deadline=deadline, attempt=attempt, from_worker=True)
        with suppress(Problem):  # it runs out then
            await self._manager.change(execution_id, decide, terms, Part.HEAD)


def _types(demands: Iterable[Demand]) -> set[str]:
    return {type_ for demand in demands for type_ in demand.types}


def _within(seconds: float) -> float:
    """The deadline of what may take so long from now."""
    return asyncio.get_running_loop().time() + seconds
