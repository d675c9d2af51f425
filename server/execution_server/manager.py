"""
The one door through which everything changes: load, decide, commit; on conflict decide again.

Two things make the usual call one round trip. The heads of recent executions are cached, and a *commit* may trust the
cache, since the store proves the version it was decided on: what was decided on a stale head does not commit. A
refusal, a change of nothing and a read are always decided on a fresh read. And calls on one execution take turns within
the process, so conflicts only come from other processes.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, HistoryEntry, StatusReason

from .claims import answer_of_holder, claim_of
from .counts import Histogram
from .domain import ids, requests, timers, transitions
from .domain.problems import (
    Contention,
    ExecutionNotFound,
    Problem,
    StoreUnavailable,
)
from .domain.record import sign
from .store import parts
from .store.port import Conflict, ExecutionStore, Part, Query, Stored, Taken, key_claim
from .turns import Turns

CREATE: Final = "CreateExecution"
"""The method under which requests to create are remembered, whatever call they come in."""
CACHED_HEADS: Final = 8192
CACHED_HEAD_BYTES: Final = 2048
"""A larger head (a long error, many checkpoints) is not worth its memory: its execution costs a read per call."""


class Transition(NamedTuple):
    """A status change, as in ``HistoryEntry``."""

    before: ExecutionStatus
    after: ExecutionStatus
    reason: StatusReason


class Decision(Protocol):
    """What a verb makes of a record at a moment: see ``domain/transitions.py``."""

    def __call__(self, record: Execution, /, *, now_ms: int) -> Execution:
        """Answer a changed copy, or the same object, or raise a Problem."""


class Terms(NamedTuple):
    """On what terms a call changes an execution."""

    method: str
    deadline: float
    """On the event loop's clock, in seconds."""
    request_id: str = ""
    expected_revision: int | None = None
    attempt: int | None = None
    from_worker: bool = False
    """Whether it is a call that belongs to an attempt."""
    actor: str = ""
    """Who calls, for the history; nobody where callers are not known."""
    remembered: bool = True
    """Whether a repeat of it is to be known. What may be done twice must not take the place of what may not."""

    def request(self) -> bytes:
        """The name to remember the call by; one without ``request_id`` gets one for the server's own repetitions."""
        return requests.digest(self.method, self.request_id or secrets.token_hex(16))


class Manager:
    """All that can be done to executions."""

    def __init__(self, store: ExecutionStore) -> None:
        self._store = store
        self._heads: OrderedDict[str, Stored] = OrderedDict()
        self.transitions = Counter[Transition]()
        """Status changes that were committed here, since the start."""
        self.conflicts = 0
        """Commits that came too late, as another process's was first."""
        self.lateness = Histogram()
        """How much later than owed the server did what nobody had called for, in seconds."""
        self._turns = Turns()

    async def get(self, execution_id: str, part: Part, *, deadline: float) -> Execution:
        """Answer *part* of the execution as last committed, or raise ExecutionNotFound."""
        return (await self._load(execution_id, part, deadline)).record

    async def get_by_key(self, idempotency_key: str, part: Part, *, deadline: float) -> Execution:
        """Answer *part* of the execution that holds the key, or raise ExecutionNotFound."""
        holder_id = await self._store.holder(key_claim(idempotency_key).name, deadline=deadline)
        stored = await self._store.load(holder_id, part, deadline=deadline) if holder_id else None
        if stored is None:
            raise ExecutionNotFound.by_key(idempotency_key)
        return stored.record

    async def list(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        """Answer up to *limit* executions after *after_id*, and the id to go on after (``""``: no more)."""
        return await self._store.page(query, after_id, limit, part, deadline=deadline)

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        """Answer how many executions match in each of the query's statuses."""
        return await self._store.count(query, deadline=deadline)

    async def create(self, template: Execution, terms: Terms) -> tuple[Execution, bool]:
        """
        Create an execution with *template*'s fields; answer it whole, and whether this request created it.

        Raises:
            IdempotencyKeyReused: the key's holder has another type or payload.
        """
        request = terms.request()
        claim = claim_of(template.idempotency_key, terms.request_id, request)
        slice_ = ids.slice_of_text(claim.name) if claim else random.randrange(ids.SLICES)
        while True:
            now_ms = self._store.now_ms()
            execution_id = ids.new_id(now_ms, secrets.randbits(64), slice_)
            created = transitions.create(template, execution_id=execution_id, now_ms=now_ms)
            sign(created, template, terms.actor)
            requests.remember(created, request)
            entries = list(created.history)
            outcome = await self._store.create(created, claim, deadline=terms.deadline)
            if not isinstance(outcome, Taken):
                self.committed([outcome.head], entries)
                return outcome.record, True
            found = await self.holding(
                outcome.holder_id, template, request, made_id=execution_id, deadline=terms.deadline
            )
            if found is not None:
                return found
            _check_time(execution_id, terms)

    async def holding(
        self, holder_id: str, template: Execution, request: bytes, *, made_id: str, deadline: float
    ) -> tuple[Execution, bool] | None:
        """
        Answer a creation whose claim is *holder_id*'s as ``create`` does; None if that is gone, so the claim is free.

        Args:
            made_id: the id that the creation would have had; it is the holder's own where an earlier try got through.
        """
        holder = await self._store.load(holder_id, Part.FULL, deadline=deadline)
        if holder is not None:
            return answer_of_holder(holder.record, template, request)
        if not template.idempotency_key or holder_id == made_id:
            raise ExecutionNotFound(holder_id)  # this request created it, and it was deleted since
        return None

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

    async def _change(
        self, execution_id: str, decide: Decision, terms: Terms, part: Part, whole: bool
    ) -> Execution:
        request = terms.request()
        stored, look = (None, Part.FULL) if whole else (self._heads.get(execution_id), Part.HEAD)
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
                if problem is None and terms.remembered:
                    requests.remember(after, request)
                entries = parts.added_history(stored.record.revision, after)
                outcome = await self._store.commit(stored, after, part, deadline=terms.deadline)
                if isinstance(outcome, Conflict):
                    self.conflicts += 1
                    _check_time(execution_id, terms)
                    stored = None if whole else outcome.current
                    continue
                self.committed([outcome.head], entries)
                if problem is None:
                    return outcome.record
            if problem is not None:
                raise problem
            return parts.cut(after, part)

    async def delete(self, execution_id: str, *, force: bool, terms: Terms) -> None:
        """
        Remove the execution.

        Raises:
            ExecutionNotFound: there is none, and it was not this request that removed it.
            RevisionMismatch, ExecutionActive: it is not as it has to be.
        """
        request = terms.request()
        while True:
            stored = await self._store.load(execution_id, Part.HEAD, deadline=terms.deadline)
            if stored is None:
                if await self._store.deleted_by(execution_id, deadline=terms.deadline) == request:
                    return
                raise ExecutionNotFound(execution_id)
            if _settled(stored, self._store.now_ms()) is not stored.record:
                await self.settle(execution_id, terms)
                _check_time(execution_id, terms)
                continue
            requests.check_revision(stored.record, terms.expected_revision)
            transitions.check_delete(stored.record, force=force)
            if await self._store.delete(stored, request, deadline=terms.deadline) is None:
                self._heads.pop(execution_id, None)
                return
            _check_time(execution_id, terms)

    async def settle(self, execution_id: str, terms: Terms) -> bool:
        """Do what the server owes the execution by now; False if that was nothing, or others were first."""
        stored = await self._store.load(execution_id, Part.HEAD, deadline=terms.deadline)
        if stored is None:
            return False
        now_ms = self._store.now_ms()
        late_seconds = (now_ms - (stored.due_ms or now_ms)) / 1000
        if timers.is_expired(stored.record, now_ms=now_ms):
            if await self._store.delete(stored, terms.request(), deadline=terms.deadline) is not None:
                return False
        else:
            settled = _settled(stored, now_ms)
            if settled is stored.record:
                return False
            entries = parts.added_history(stored.record.revision, settled)
            outcome = await self._store.commit(stored, settled, Part.HEAD, deadline=terms.deadline)
            if isinstance(outcome, Conflict):
                return False
            self.committed([outcome.head], entries)
        self.lateness.observe(late_seconds)
        return True

    def _judge(self, stored: Stored, decide: Decision, terms: Terms) -> tuple[Execution, Problem | None]:
        """The record after the call, or after what was owed it anyway and with the refusal."""
        now_ms = self._store.now_ms()
        settled = _settled(stored, now_ms)
        try:
            requests.check_revision(settled, terms.expected_revision)
            requests.check_attempt(settled, terms.attempt, from_worker=terms.from_worker)
            return sign(decide(settled, now_ms=now_ms), settled, terms.actor), None
        except Problem as problem:
            return settled, problem

    async def _load(self, execution_id: str, part: Part, deadline: float) -> Stored:
        stored = await self._store.load(execution_id, part, deadline=deadline)
        if stored is None:
            self._heads.pop(execution_id, None)
            raise ExecutionNotFound(execution_id)
        return stored

    def committed(self, heads: Sequence[Stored], entries: Iterable[HistoryEntry]) -> None:
        """Changes that were alike took effect: remember the heads that stand now, and count the status changes."""
        for entry in entries:
            self.transitions[Transition(getattr(entry, "from"), entry.to, entry.reason)] += len(heads)
        for head in heads:
            self._cache(head)

    def _cache(self, head: Stored) -> None:
        execution_id = head.record.id
        self._heads.pop(execution_id, None)
        if head.record.ByteSize() <= CACHED_HEAD_BYTES:
            self._heads[execution_id] = head
            if len(self._heads) > CACHED_HEADS:
                self._heads.popitem(last=False)


def _settled(stored: Stored, now_ms: int) -> Execution:
    """The record after what the server owed it by *now_ms*; the same object where that is nothing."""
    if stored.due_ms is None or stored.due_ms > now_ms:
        return stored.record
    return timers.settle(stored.record, now_ms=now_ms)


def _check_time(execution_id: str, terms: Terms) -> None:
    """
    Raise Contention if there is no time to decide once more because another process was first.

    The deadline is the bound and not a number of tries: each loss is another's success, so work goes on, but a process
    that is slower than the other may lose many times in a row.
    """
    if asyncio.get_running_loop().time() >= terms.deadline:
        raise Contention(execution_id)
