"""
Many creations and many reads as one call: each has its own outcome, whatever becomes of the others.

Most of a batch is alike, so what is alike is decided once: creations that share a template share the decision, as it
does not depend on what is an execution's own.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, NamedTuple

from croco.execution.v1.execution_pb2 import Execution

from .claims import claim_of
from .domain import ids, requests, transitions
from .domain.problems import ExecutionNotFound, Problem, StoreUnavailable
from .domain.record import sign
from .manager import CREATE, Manager
from .store import parts
from .store.port import Creation, ExecutionStore, Part, Stored, Taken
from .terms import Terms

FOUND_AT_ONCE: Final = 8
"""How many executions that are there already are read together: whole, so with megabytes each at worst."""
READ_AT_ONCE: Final = {Part.HEAD: 100, Part.BASIC: 100, Part.FULL: 4}
"""The same for those that are asked for; they are smaller where less of each is read."""


class Wanted(NamedTuple):
    """One execution to create: *template*, which many may share, merged with what is its *own*."""

    template: Execution
    own: Callable[[], Execution]
    """Makes a new record of payload, metadata, labels and idempotency key, as far as it has them."""
    request_id: str


class Batches:
    """What can be done to many executions at once."""

    def __init__(self, store: ExecutionStore, manager: Manager) -> None:
        self._store, self._manager = store, manager

    async def create(
        self, wanted: Sequence[Wanted], part: Part, *, actor: str = "", deadline: float
    ) -> list[tuple[Execution, bool] | Problem]:
        """
        Create executions as ``Manager.create`` does; answer *part* of each, and whether its request created it.

        Raises:
            StoreUnavailable: the store answered for none of them.
        """
        asked = self._decide(wanted, actor)
        outcomes = await self._store.create_all([one.creation for one in asked], deadline=deadline)
        if outcomes and all(isinstance(outcome, StoreUnavailable) for outcome in outcomes):
            raise StoreUnavailable
        answers = list[tuple[Execution, bool] | Problem | None]()
        done: dict[int, tuple[Execution, list[Stored]]] = {}
        taken: list[tuple[int, Taken]] = []
        for number, (one, outcome) in enumerate(zip(asked, outcomes, strict=True)):
            match outcome:
                case Stored():
                    common = one.creation.common
                    done.setdefault(id(common), (common, []))[1].append(outcome)
                    answers.append((_answered(outcome.record, one, part), True))
                case Taken():
                    taken.append((number, outcome))
                    answers.append(None)
                case StoreUnavailable():
                    answers.append(outcome)
        for common, heads in done.values():
            self._manager.committed(heads, common.history)
        for start in range(0, len(taken), FOUND_AT_ONCE):
            some = taken[start : start + FOUND_AT_ONCE]
            found = (
                self._found(asked[number], outcome.holder_id, part, actor, deadline)
                for number, outcome in some
            )
            for (number, _), answer in zip(some, await asyncio.gather(*found), strict=True):
                answers[number] = answer
        return [answer for answer in answers if answer is not None]

    async def get(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> AsyncIterator[Execution | Problem]:
        """
        Answer *part* of each execution as last committed, or why there is none; a few are held at a time.

        Raises:
            StoreUnavailable: at the end, if the store answered for none of them.
        """
        is_answered = not execution_ids
        for start in range(0, len(execution_ids), READ_AT_ONCE[part]):
            some = execution_ids[start : start + READ_AT_ONCE[part]]
            outcomes = await self._store.load_all(some, part, deadline=deadline)
            for execution_id, outcome in zip(some, outcomes, strict=True):
                match outcome:
                    case Stored():
                        is_answered = True
                        yield outcome.record
                    case None:
                        is_answered = True
                        yield ExecutionNotFound(execution_id)
                    case StoreUnavailable():
                        yield outcome
        if not is_answered:
            raise StoreUnavailable

    def _decide(self, wanted: Sequence[Wanted], actor: str) -> list[_Asked]:
        now_ms = self._store.now_ms()
        decided: dict[int, Execution] = {}
        asked = []
        for one in wanted:
            common = decided.get(id(one.template))
            if common is None:
                common = transitions.create(one.template, execution_id="", now_ms=now_ms)
                decided[id(one.template)] = sign(common, one.template, actor)
            own = one.own()
            request = requests.digest(CREATE, one.request_id or secrets.token_hex(16))
            claim = claim_of(own.idempotency_key, one.request_id, request)
            slice_ = ids.slice_of_text(claim.name) if claim else random.randrange(ids.SLICES)
            own.id = ids.new_id(now_ms, secrets.randbits(64), slice_)
            requests.note(own, request, common)
            is_labelled = bool(own.labels) or own.HasField("metadata")
            asked.append(_Asked(one, own.id, request, is_labelled, Creation(common, own, claim)))
        return asked

    async def _found(
        self, one: _Asked, holder_id: str, part: Part, actor: str, deadline: float
    ) -> tuple[Execution, bool] | Problem:
        """What is answered where the claim is another's, or its own since an earlier call."""
        template = Execution()
        template.CopyFrom(one.wanted.template)
        template.MergeFrom(one.wanted.own())
        try:
            answer = await self._manager.holding(
                holder_id, template, one.request, made_id=one.id, deadline=deadline
            )
            if answer is None:  # the holder has been deleted since
                terms = Terms(method=CREATE, deadline=deadline, request_id=one.wanted.request_id, actor=actor)
                answer = await self._manager.create(template, terms)
        except Problem as problem:
            return problem
        record, created = answer
        return parts.cut(record, part), created


class _Asked(NamedTuple):
    """What is asked of the store for one that is wanted."""

    wanted: Wanted
    id: str
    request: bytes
    is_labelled: bool
    """Whether it has metadata or labels."""
    creation: Creation


def _answered(head: Execution, one: _Asked, part: Part) -> Execution:
    """*part* of a new record. The head itself where there is no more: it must not be changed."""
    if part is not Part.FULL and not one.is_labelled:
        return head
    record = Execution()
    record.CopyFrom(head)
    record.MergeFrom(one.wanted.own())
    record.history.extend(one.creation.common.history)
    return parts.cut(record, part)
