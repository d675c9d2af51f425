"""
The one door through which what is there changes: load, decide, commit; on conflict decide again.

Two things make the usual call one round trip. The heads of recent executions are cached, and a *commit* may trust the
cache, since the store proves the version it was decided on: what was decided on a stale head does not commit. A
refusal, a change of nothing and a read are always decided on a fresh read. And calls on one execution take turns within
the process, so conflicts only come from other processes.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, HistoryEntry, StatusReason

from .domain import requests, timers
from .domain.problems import (
    Contention,
    ExecutionNotFound,
    Problem,
    StoreUnavailable,
)
from .domain.record import sign
from .heads import Heads
from .store import parts
from .store.port import Committed, Conflict, ExecutionStore, Part, Stored, Swap
from .terms import Decision, Mutation, Terms
from .turns import Turns

_Change = Callable[[str, Decision, Terms, Part], Awaitable[Execution]]
_Begun = tuple[Swap, list[HistoryEntry]]
"""A commit, and what it adds to the history."""


class Transition(NamedTuple):
    """A status change, as in ``HistoryEntry``."""

    before: ExecutionStatus
    after: ExecutionStatus
    reason: StatusReason


class Changes:
    """What changes executions that there are."""

    def __init__(self, store: ExecutionStore) -> None:
        self._store = store
        self._heads = Heads()
        self._turns = Turns()
        self.transitions = Counter[Transition]()
        """Status changes that were committed here, since the start."""
        self.conflicts = 0
        """Commits that came too late, as another process's was first."""

    async def change(
        self, execution_id: str, decide: Decision, terms: Terms, part: Part, *, whole: bool = False
    ) -> Execution:
        """
        Do what *decide* makes of the execution and answer *part* of it.

        What the server owes the execution by then is done first; it stays done if *decide* then refuses.

        Args:
            whole: *decide* needs the whole record, not only its head.

        Raises:
            ExecutionNotFound: there is none.
            RevisionMismatch, AttemptFenced: the terms are not met.
            Contention: others were first again and again.
            Problem: what *decide* raises.
        """
        try:
            await self._turns.take(execution_id, terms.deadline)
        except TimeoutError:
            raise StoreUnavailable from None
        try:
            return await self._change(execution_id, decide, terms, part, whole)
        finally:
            self._turns.give_back(execution_id)

    async def change_all(self, mutations: Sequence[Mutation]) -> None:
        """
        Do what ``change`` does for each; those that need no look at the store first take one round trip together.

        Each is told its own outcome as soon as that is known. Those of one execution take their turns in this order.
        """
        together: dict[int, tuple[Mutation, list[HistoryEntry]]] = {}
        swaps: list[Swap] = []
        async with asyncio.TaskGroup() as tasks:

            def alone(one: Mutation, change: _Change, *, has_turn: bool) -> None:
                def finished(task: asyncio.Task[Execution | Exception]) -> None:
                    if has_turn:
                        self._turns.give_back(one.execution_id)
                    one.done(StoreUnavailable() if task.cancelled() else task.result())

                tasks.create_task(_outcome(one, change)).add_done_callback(finished)

            def told(number: int, outcome: Committed | Conflict | Exception) -> None:
                one, entries = together.pop(number)
                if isinstance(outcome, Conflict):
                    self._lost(outcome, one.execution_id)
                    alone(one, self._change, has_turn=True)
                    return
                self._turns.give_back(one.execution_id)
                if isinstance(outcome, Committed):
                    self.committed([outcome.head], entries)
                one.done(outcome.record if isinstance(outcome, Committed) else outcome)

            for one in mutations:
                if not self._turns.take_free(one.execution_id):
                    alone(one, self.change, has_turn=False)
                elif (begun := self._begin(one)) is None:
                    alone(one, self._change, has_turn=True)
                else:
                    together[len(swaps)] = one, begun[1]
                    swaps.append(begun[0])
            if not swaps:
                return
            deadline = min(one.terms.deadline for one, _ in together.values())
            trouble: Exception = StoreUnavailable()  # nobody knows any more, if this is cancelled
            try:
                await self._store.commit_all(swaps, told, deadline=deadline)
            except Exception as error:
                trouble = error
            finally:
                for number in [*together]:
                    told(number, trouble)

    def _begin(self, one: Mutation) -> _Begun | None:
        """What there usually is to commit for *one*; None if it takes a look at the store first."""
        stored = self._heads.find(one.execution_id)
        if stored is None:
            return None
        request = one.terms.request()
        try:
            after, problem = self._judge(stored, one.decide, one.terms)
        except Exception:  # is raised again where it can be told
            return None
        if problem is not None or after is stored.record or requests.find(stored.record, request):
            return None
        return Swap(stored, after, one.part), _sealed(after, stored, one.terms, request)

    async def _change(
        self, execution_id: str, decide: Decision, terms: Terms, part: Part, whole: bool = False
    ) -> Execution:
        request = terms.request()
        stored, look = (None, Part.FULL) if whole else (self._heads.find(execution_id), Part.HEAD)
        while True:
            fresh = stored is None and look is Part.FULL
            if stored is None:
                stored = await self._load(execution_id, look, terms.deadline)
            applied = requests.find(stored.record, request)
            after, problem = self._judge(stored, decide, terms)
            to_commit = not applied and after is not stored.record
            if not fresh and (applied or problem or not to_commit):
                stored, look = None, Part.FULL
                continue
            if applied:
                return parts.cut(requests.as_first_answered(stored.record, applied), part)
            if to_commit:
                entries = _sealed(after, stored, terms, None if problem else request)
                outcome = await self._store.commit(stored, after, part, deadline=terms.deadline)
                if isinstance(outcome, Conflict):
                    self._lost(outcome, execution_id)
                    check_time(execution_id, terms)
                    stored = None if whole else outcome.current
                    continue
                self.committed([outcome.head], entries)
                if problem is None:
                    return outcome.record
            if problem is not None:
                raise problem
            return parts.cut(after, part)

    def _judge(self, stored: Stored, decide: Decision, terms: Terms) -> tuple[Execution, Problem | None]:
        """The record after the call, or after what was owed it anyway and with the refusal."""
        now_ms = self._store.now_ms()
        settled = what_stands(stored, now_ms)
        try:
            requests.check_revision(settled, terms.expected_revision)
            requests.check_attempt(settled, terms.attempt, from_worker=terms.from_worker)
            return sign(decide(settled, now_ms=now_ms), settled, terms.actor), None
        except Problem as problem:
            return settled, problem

    async def _load(self, execution_id: str, part: Part, deadline: float) -> Stored:
        stored = await self._store.load(execution_id, part, deadline=deadline)
        if stored is None:
            self._heads.forget(execution_id)
            raise ExecutionNotFound(execution_id)
        return stored

    def committed(self, heads: Sequence[Stored], entries: Iterable[HistoryEntry]) -> None:
        """Changes that were alike took effect: remember the heads that stand now, and count the status changes."""
        for entry in entries:
            self.transitions[Transition(getattr(entry, "from"), entry.to, entry.reason)] += len(heads)
        for head in heads:
            self._heads.keep(head)

    def heard(self, head: Stored) -> None:
        """A notice tells what stands, or stood a moment ago: what is done next needs no look at it first."""
        known = self._heads.find(head.record.id)
        if known is None or known.record.revision < head.record.revision:
            self._heads.keep(head)

    def _lost(self, conflict: Conflict, execution_id: str) -> None:
        """Another process was first: go on from what stands now."""
        self.conflicts += 1
        if conflict.current is None:
            self._heads.forget(execution_id)
        else:
            self._heads.keep(conflict.current)


async def _outcome(one: Mutation, change: _Change) -> Execution | Exception:
    try:
        return await change(one.execution_id, one.decide, one.terms, one.part)
    except Exception as error:
        return error


def _sealed(after: Execution, before: Stored, terms: Terms, request: bytes | None) -> list[HistoryEntry]:
    """Have the record remember the request that led to it, if any; answers what its history has gained."""
    if request is not None and terms.remembered:
        requests.remember(after, request)
    return parts.added_history(before.record.revision, after)


def what_stands(stored: Stored, now_ms: int) -> Execution:
    """The record after what the server owed it by *now_ms*; the same object where that is nothing."""
    if stored.due_ms is None or stored.due_ms > now_ms:
        return stored.record
    return timers.settle(stored.record, now_ms=now_ms)


def check_time(execution_id: str, terms: Terms) -> None:
    """
    Raise Contention if there is no time to decide once more because another process was first.

    The deadline is the bound and not a number of tries: each loss is another's success, so work goes on, but a process
    that is slower than the other may lose many times in a row.
    """
    if asyncio.get_running_loop().time() >= terms.deadline:
        raise Contention(execution_id)
