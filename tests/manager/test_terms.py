"""The terms on which a call changes an execution: its revision, its attempt, what must be there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import ids, transitions
from execution_server.domain.problems import (
    AttemptFenced,
    ExecutionActive,
    ExecutionNotFound,
    InvalidStateTransition,
    MaxRetriesExceeded,
    Problem,
    RevisionMismatch,
)
from execution_server.domain.status import COMPLETED, FAILED, PENDING
from execution_server.manager import Manager
from execution_server.store.port import Part, Query
from google.protobuf.struct_pb2 import Value

from tests.manager.calls import complete, create, fail, get, retry, start, terms


async def test_an_expected_revision_must_stand(manager: Manager) -> None:
    """Compare and set, for callers that read before they write."""
    id_ = await create(manager)
    with pytest.raises(RevisionMismatch):
        await start(manager, id_, expected_revision=2)
    await start(manager, id_, expected_revision=1)
    with pytest.raises(RevisionMismatch):
        await manager.delete(id_, force=True, terms=terms("delete", expected_revision=1))

    assert (await get(manager, id_)).revision == 2


async def test_an_attempt_must_be_the_one_under_way(manager: Manager) -> None:
    """A worker that lost its attempt changes nothing any more."""
    id_ = await create(manager)
    await start(manager, id_)
    await fail(manager, id_, attempt=1)
    await start(manager, id_)

    for attempt in 0, 1, 3:
        with pytest.raises(AttemptFenced):
            await complete(manager, id_, attempt=attempt)
    assert (await complete(manager, id_, attempt=2)).status == COMPLETED


async def test_what_is_active_is_deleted_by_force_only(manager: Manager) -> None:
    """Somebody works on it."""
    id_ = await create(manager)
    await start(manager, id_)

    with pytest.raises(ExecutionActive):
        await manager.delete(id_, force=False, terms=terms("delete"))
    await manager.delete(id_, force=True, terms=terms("delete"))

    with pytest.raises(ExecutionNotFound):
        await get(manager, id_)


@pytest.mark.parametrize("call", [start, complete, fail, retry, get])
async def test_what_is_not_there_is_not_found(manager: Manager, call: Any) -> None:
    """By id and by key, whatever is asked of it."""
    missing = ids.new_id(1, 2, 3)
    with pytest.raises(ExecutionNotFound, match=missing):
        await call(manager, missing)
    with pytest.raises(ExecutionNotFound, match="'order'"):
        await manager.get_by_key("order", Part.FULL, deadline=terms().deadline)


async def test_an_update_sees_the_whole_record(manager: Manager, other: Manager) -> None:
    """It drops what the head does not show."""
    id_ = await create(manager, labels={"a": "1", "b": "2"}, payload=Value(string_value="payload"))
    fields = Execution(labels={"c": "3"})

    async def update(by: Manager) -> Execution:
        return await by.change(
            id_,
            lambda record, now_ms: transitions.update(record, fields, ["labels"], now_ms=now_ms),
            terms("update"),
            Part.BASIC,
            whole=True,
        )

    answers = await asyncio.gather(update(manager), update(other))

    assert [dict(answer.labels) for answer in answers] == [{"c": "3"}] * 2
    assert (await get(manager, id_)).payload == Value(string_value="payload")
    assert (await get(manager, id_)).revision == 3


async def test_a_refusal_leaves_no_trace(manager: Manager) -> None:
    """Not even in what is remembered."""
    id_ = await create(manager, max_attempts=1)
    await start(manager, id_)
    await fail(manager, id_)
    before = await get(manager, id_)
    assert before.status == FAILED

    problems: list[type[Problem]] = []
    for call in (retry, start, complete, fail):
        with pytest.raises(Problem) as refused:
            await call(manager, id_)
        problems.append(refused.type)

    assert problems == [MaxRetriesExceeded, *[InvalidStateTransition] * 3]
    assert await get(manager, id_) == before
    assert (await create(manager)) != id_
    counts = await manager.count(Query(), deadline=terms().deadline)
    assert (counts[FAILED], counts[PENDING]) == (1, 1)
