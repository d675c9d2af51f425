"""What may be decided on a cached head, and what may not."""

from __future__ import annotations

import pytest
from croco.execution.v1.execution_pb2 import ExecutionError
from execution_server import heads
from execution_server.domain.problems import (
    ExecutionNotFound,
    InvalidStateTransition,
)
from execution_server.domain.status import RETRYING, RUNNING
from execution_server.manager import Manager
from execution_server.store.port import Part, Query
from google.protobuf.struct_pb2 import Value

from tests.manager.calls import complete, create, fail, get, retry, save, sent, start, terms
from tests.store.counting import CountingStore


async def test_the_usual_call_is_one_round_trip(manager: Manager, store: CountingStore) -> None:
    """What a call costs hangs on it."""
    id_ = await create(manager)
    store.asked.clear()

    await start(manager, id_)
    await complete(manager, id_)

    assert store.asked == {"commit": 2, "now_ms": 2}


async def test_a_commit_on_a_stale_head_is_decided_again(
    manager: Manager, other: Manager, store: CountingStore
) -> None:
    """The store proves what it was decided on, and hands out what stands: no read is needed."""
    id_ = await create(manager)
    await start(other, id_)
    await save(other, id_, "others")
    store.asked.clear()

    with pytest.raises(InvalidStateTransition):
        await start(manager, id_)
    assert (await save(manager, id_, "own")).revision == 4
    assert sorted((await get(other, id_)).checkpoints) == ["others", "own"]


async def test_a_refusal_is_decided_on_a_fresh_read(manager: Manager, other: Manager) -> None:
    """What was refused on a stale head may be allowed by now."""
    id_ = await create(manager)
    await start(manager, id_)
    await fail(manager, id_, ExecutionError(message="no"))
    await retry(other, id_)

    assert (await start(manager, id_)).attempts == 2


async def test_a_change_of_nothing_is_decided_on_a_fresh_read(manager: Manager, other: Manager) -> None:
    """Success may be told only of what is so by now."""
    id_ = await create(manager)
    await start(manager, id_)
    await fail(manager, id_)
    await retry(manager, id_)
    assert (await retry(manager, id_)).status == RETRYING
    await start(other, id_)

    with pytest.raises(InvalidStateTransition):
        await retry(manager, id_)


async def test_a_repeat_is_answered_from_a_fresh_read(manager: Manager, other: Manager) -> None:
    """With all parts, though the cached head knows the request too."""
    id_ = await create(manager, payload=Value(string_value="payload"))
    first = await start(manager, id_, request_id="r")
    await complete(other, id_)

    again = await start(manager, id_, request_id="r")

    assert sent(again) == sent(first)


async def test_a_repeat_is_answered_with_all_that_was_asked_for(manager: Manager) -> None:
    """The cached head knows the request, and neither metadata nor labels."""
    id_ = await create(manager, labels={"colour": "red"})
    await start(manager, id_)
    first = await save(manager, id_, "key", request_id="r")

    again = await save(manager, id_, "key", request_id="r")

    assert again.labels == {"colour": "red"}
    assert sent(again) == sent(first)


async def test_reads_are_fresh(manager: Manager, other: Manager) -> None:
    """What others did is seen at once."""
    id_ = await create(manager, idempotency_key="order")
    await start(other, id_)
    deadline = terms().deadline

    assert (await get(manager, id_)).status == RUNNING
    assert (await manager.get_by_key("order", Part.HEAD, deadline=deadline)).status == RUNNING
    assert (await manager.count(Query(), deadline=deadline))[RUNNING] == 1
    ((listed,), _) = await manager.list(Query(), "", 10, Part.HEAD, deadline=deadline)
    assert listed.status == RUNNING


async def test_what_is_deleted_elsewhere_is_gone(manager: Manager, other: Manager) -> None:
    """A cached head brings nothing back."""
    id_ = await create(manager)
    await other.delete(id_, force=False, terms=terms("delete"))

    with pytest.raises(ExecutionNotFound):
        await start(manager, id_)
    with pytest.raises(ExecutionNotFound):
        await get(manager, id_)


async def test_the_cache_is_bounded(
    manager: Manager, store: CountingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In number and in size: memory does not grow with what is stored."""
    monkeypatch.setattr(heads, "CACHED", 2)
    oldest, *_ = [await create(manager) for _ in range(3)]
    large = await create(manager, parent_id="x" * heads.CACHED_BYTES)

    for id_ in oldest, large:
        store.asked.clear()
        await start(manager, id_)
        assert store.asked["load"] == 1
    assert len(manager._heads._heads) == 2
