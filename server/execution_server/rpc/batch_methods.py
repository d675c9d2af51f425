"""The RPCs that do for many executions in one call what others do for one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution, Retention

from ..batches import Batches, Wanted
from ..domain import limits
from ..domain.problems import Problem
from ..store.port import Part
from . import validate
from .calls import Call
from .errors import refusal_of
from .templates import common_of, own_of, put_kind
from .values import identity, request_id
from .views import Room, part_of

SMALL_BYTES: Final = 256
BREATH_BYTES: Final = 64 * limits.KIB
"""After so much of a request the others get their turn. A small entry costs as much as one of ``SMALL_BYTES`` more."""


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
        part, room = part_of(request.view, Part.BASIC), Room(limits.BATCH_BYTES)
        checked = await self._checked(request.requests, call)
        wanted = [one for one in checked if isinstance(one, Wanted)]
        done = iter(await self._batches.create(wanted, part, actor=call.caller, deadline=call.deadline))
        response = messages.BatchCreateExecutionsResponse()
        for number, one in enumerate(checked):
            into = response.outcomes.add()
            outcome = next(done) if isinstance(one, Wanted) else one
            if isinstance(outcome, Problem):
                into.refusal.CopyFrom(refusal_of(outcome, f"requests[{number}]."))
            else:
                record, into.created = outcome
                into.cut = room.present(record, into.execution)
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
        ids = [execution_id for execution_id, _ in asked]
        places = (into for _, into in asked)
        async for outcome in self._batches.get(ids, part, deadline=call.deadline):
            into = next(places)
            if isinstance(outcome, Problem):
                into.refusal.CopyFrom(refusal_of(outcome))
            else:
                into.cut = room.present(outcome, into.execution)
        return response

    async def _checked(
        self, entries: Sequence[messages.CreateExecutionRequest], call: Call
    ) -> list[Wanted | Problem]:
        """What each entry wants, or why it is refused. What entries of one kind have in common is looked at once."""
        commons: dict[bytes, Execution | Problem] = {}
        checked = list[Wanted | Problem]()
        kind, looked_at = messages.CreateExecutionRequest(), 0
        for entry in entries:
            key = put_kind(entry, kind)
            if key not in commons:
                commons[key] = self._common(kind, call)
            checked.append(_wanted(entry, commons[key]))
            looked_at += SMALL_BYTES + entry.ByteSize()
            if looked_at > BREATH_BYTES:
                looked_at = 0
                await asyncio.sleep(0)
        return checked

    def _common(self, kind: messages.CreateExecutionRequest, call: Call) -> Execution | Problem:
        try:
            validate.create_common(kind)
        except Problem as problem:
            return problem
        common = common_of(kind, self._retention)
        common.trace_parent = call.trace_parent
        return common


def _wanted(entry: messages.CreateExecutionRequest, common: Execution | Problem) -> Wanted | Problem:
    if isinstance(common, Problem):
        return common
    try:
        request_id(entry.request_id)
        validate.create_own(entry)
    except Problem as problem:
        return problem
    return Wanted(common, partial(own_of, entry), entry.request_id)
