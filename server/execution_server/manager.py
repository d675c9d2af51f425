"""All that can be done to executions: how they change is in ``changes.py``, the rest is here."""

from __future__ import annotations

import random
import secrets
from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus

from .changes import Changes, check_time, what_stands
from .claims import answer_of_holder, claim_of
from .counts import Histogram
from .domain import ids, requests, timers, transitions
from .domain.problems import (
    ExecutionNotFound,
)
from .domain.record import sign
from .store import parts
from .store.port import Conflict, ExecutionStore, Part, Query, Taken, key_claim
from .terms import Terms

CREATE: Final = "CreateExecution"
"""The method under which requests to create are remembered, whatever call they come in."""


class Manager(Changes):
    """All that can be done to executions."""

    def __init__(self, store: ExecutionStore) -> None:
        super().__init__(store)
        self.lateness = Histogram()
        """How much later than owed the server did what nobody had called for, in seconds."""

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
            check_time(execution_id, terms)

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
            if what_stands(stored, self._store.now_ms()) is not stored.record:
                await self.settle(execution_id, terms)
                check_time(execution_id, terms)
                continue
            requests.check_revision(stored.record, terms.expected_revision)
            transitions.check_delete(stored.record, force=force)
            if await self._store.delete(stored, request, deadline=terms.deadline) is None:
                self._heads.forget(execution_id)
                return
            check_time(execution_id, terms)

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
            settled = what_stands(stored, now_ms)
            if settled is stored.record:
                return False
            entries = parts.added_history(stored.record.revision, settled)
            outcome = await self._store.commit(stored, settled, Part.HEAD, deadline=terms.deadline)
            if isinstance(outcome, Conflict):
                return False
            self.committed([outcome.head], entries)
        self.lateness.observe(late_seconds)
        return True
