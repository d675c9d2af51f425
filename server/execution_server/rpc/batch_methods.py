"""The RPCs that do for many executions in one call what others do for one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Retention

from ..batches import Batches, Creation
from ..domain import limits
from ..domain.problems import Problem
from ..manager import Terms
from ..store import parts
from ..store.port import Part
from . import validate
from .calls import Call
from .errors import refusal_of
from .templates import template_of
from .values import identity
from .views import Room, part_of

T = TypeVar("T")

AT_ONCE: Final = {Part.BASIC: 100, Part.FULL: 4}
"""How many executions are read together; whole ones may have megabytes each."""


class BatchMethods:
    """The methods, named as their RPCs."""

    def __init__(self, batches: Batches, retention: Retention) -> None:
        """*retention* is for executions whose creator does not say how long they are kept."""
        self._batches = batches
        self._retention = retention

    async def BatchCreateExecutions(
        self, request: messages.BatchCreateExecutionsRequest, call: Call
    ) -> messages.BatchCreateExecutionsResponse:
        validate.batch_create(request)
        checked = [self._checked(one, call) for one in request.requests]
        creations = [one for one in checked if isinstance(one, Creation)]
        done = iter(await self._batches.create(creations))
        outcomes = [next(done) if isinstance(one, Creation) else one for one in checked]
        part, room = part_of(request.view, Part.BASIC), Room(limits.BATCH_BYTES)
        response = messages.BatchCreateExecutionsResponse()
        for number, outcome in enumerate(outcomes):
            into = response.outcomes.add()
            if isinstance(outcome, Problem):
                into.refusal.CopyFrom(refusal_of(outcome, f"requests[{number}]."))
            else:
                record, into.created = outcome
                into.cut = room.present(parts.cut(record, part), into.execution)
        return response

    async def BatchGetExecutions(
        self, request: messages.BatchGetExecutionsRequest, call: Call
    ) -> messages.BatchGetExecutionsResponse:
        validate.batch_get(request)
        part, room = part_of(request.view, Part.BASIC), Room(limits.BATCH_BYTES)
        response = messages.BatchGetExecutionsResponse()
        asked: list[tuple[str, messages.BatchGetOutcome]] = []
        for number, execution_id in enumerate(request.ids):
            into = response.outcomes.add()
            try:
                identity(f"ids[{number}]", execution_id)
            except Problem as problem:
                into.refusal.CopyFrom(refusal_of(problem))
            else:
                asked.append((execution_id, into))
        for some in batched(asked, AT_ONCE[part]):
            ids = [execution_id for execution_id, _ in some]
            found = await self._batches.get(ids, part, deadline=call.deadline)
            for (_, into), outcome in zip(some, found, strict=True):
                if isinstance(outcome, Problem):
                    into.refusal.CopyFrom(refusal_of(outcome))
                else:
                    into.cut = room.present(outcome, into.execution)
        return response

    def _checked(self, request: messages.CreateExecutionRequest, call: Call) -> Creation | Problem:
        try:
            validate.terms(request)
            validate.create(request)
        except Problem as problem:
            return problem
        terms = Terms(
            method="CreateExecution",
            deadline=call.deadline,
            request_id=request.request_id,
            actor=call.caller,
        )
        template = template_of(request, self._retention)
        template.trace_parent = call.trace_parent
        return Creation(template, terms)


def batched(entries: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """*entries*, so many at a time."""
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
