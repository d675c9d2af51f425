"""A repeated request is answered as the first was, and done once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain.problems import (
    ExecutionNotFound,
    IdempotencyKeyReused,
    InvalidField,
    InvalidStateTransition,
)
from execution_server.domain.status import COMPLETED, RETRYING, RUNNING
from execution_server.manager import Manager
from execution_server.store.port import Taken
from google.protobuf.struct_pb2 import Value

from tests.manager.calls import complete, create, fail, get, sent, start, template, terms
from tests.store.counting import CountingStore


async def test_a_repeated_start_hands_out_no_other_attempt(manager: Manager) -> None:
    """Two workers would believe that they have the same attempt, and the second one's is no longer fenced."""
    id_ = await create(manager, payload=Value(string_value="payload"))
    first = await start(manager, id_, request_id="r")
    await fail(manager, id_)
    assert (await start(manager, id_, request_id="s")).attempts == 2

    again = await start(manager, id_, request_id="r")

    assert (again.attempts, again.status, again.revision) == (1, RUNNING, first.revision)
    assert again.payload == first.payload
    assert again.started_at == first.started_at
    assert again.history == first.history
    assert (await get(manager, id_)).attempts == 2, "nothing was done again"


async def test_a_repeat_is_answered_alike_by_another_process(manager: Manager, other: Manager) -> None:
    """Clients repeat wherever they find a server."""
    id_ = await create(manager)
    first = await start(manager, id_, request_id="r")

    assert await start(other, id_, request_id="r") == first
    assert await start(manager, id_, request_id="r") == first


async def test_racing_repeats_are_done_once(manager: Manager, other: Manager) -> None:
    """A client that gave up waiting may race its own first try."""
    id_ = await create(manager)
    await start(manager, id_)

    answers = await asyncio.gather(*(fail((manager, other)[n % 2], id_, request_id="r") for n in range(8)))

    assert {(answer.revision, answer.status) for answer in answers} == {(3, RETRYING)}


async def test_requests_are_told_apart_by_their_method(manager: Manager) -> None:
    """A client may number its calls per method."""
    id_ = await create(manager)
    await start(manager, id_, request_id="r")
    await fail(manager, id_, request_id="r")

    assert (await get(manager, id_)).status == RETRYING


async def test_the_refusal_of_a_request_is_not_remembered(manager: Manager) -> None:
    """It changed nothing, so it may succeed later."""
    id_ = await create(manager)
    with pytest.raises(InvalidStateTransition):
        await complete(manager, id_, request_id="r")
    await start(manager, id_)

    assert (await complete(manager, id_, request_id="r")).status == COMPLETED


async def test_a_repeated_creation_is_answered_as_the_first(manager: Manager, other: Manager) -> None:
    """With a key or without, whatever came since."""
    for key in "", "order":
        first, created = await manager.create(
            template(idempotency_key=key), terms("create", request_id=f"r{key}")
        )
        assert created
        await start(manager, first.id)
        again, created = await other.create(
            template(idempotency_key=key), terms("create", request_id=f"r{key}")
        )
        assert created
        assert sent(again) == sent(first)


async def test_a_creation_that_was_deleted_is_not_repeated(manager: Manager) -> None:
    """The request was carried out, and what it made is gone."""
    first, _ = await manager.create(template(), terms("create", request_id="r"))
    await manager.delete(first.id, force=False, terms=terms("delete"))

    with pytest.raises(ExecutionNotFound, match=first.id):
        await manager.create(template(), terms("create", request_id="r"))


async def test_a_creation_that_was_deleted_before_its_answer_came_is_not_done_again(
    manager: Manager, store: CountingStore
) -> None:
    """A store answers Taken with the id itself if its own repetition finds the record gone."""

    async def gone(after: Execution, *_: Any, **__: Any) -> Taken:
        return Taken(after.id)

    store.instead["create"] = gone
    with pytest.raises(ExecutionNotFound):
        await manager.create(template(idempotency_key="order"), terms())


async def test_a_request_id_names_one_creation(manager: Manager) -> None:
    """Another type or payload under the same id is a mistake of the client."""
    await manager.create(template(), terms("create", request_id="r"))

    with pytest.raises(InvalidField, match="request_id"):
        await manager.create(template(type="other"), terms("create", request_id="r"))


async def test_a_key_belongs_to_one_type_and_payload(manager: Manager) -> None:
    """Else two different things would be taken for one."""
    payload = Value()
    payload.struct_value.update({"a": 1, "b": [True, None]})
    first, _ = await manager.create(template(idempotency_key="order", payload=payload), terms())
    reordered = Value()
    reordered.struct_value.update({"b": [True, None], "a": 1})

    again, created = await manager.create(template(idempotency_key="order", payload=reordered), terms())
    assert (again, created) == (first, False)

    for fields in {"type": "other"}, {"payload": Value(number_value=1)}:
        with pytest.raises(IdempotencyKeyReused, match=first.id):
            await manager.create(
                template(**{"idempotency_key": "order", "payload": payload, **fields}), terms()
            )


async def test_a_deletion_is_repeated_by_its_request_only(manager: Manager, other: Manager) -> None:
    """Another's second deletion finds nothing."""
    id_ = await create(manager)
    await manager.delete(id_, force=False, terms=terms("delete", request_id="r"))
    await other.delete(id_, force=False, terms=terms("delete", request_id="r"))

    for request_id in "s", "":
        with pytest.raises(ExecutionNotFound):
            await manager.delete(id_, force=False, terms=terms("delete", request_id=request_id))
