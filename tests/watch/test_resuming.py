"""WatchExecution after a revision: of the past, the present, the future, and of a history that is forgotten."""

from __future__ import annotations

import asyncio
from math import inf

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from execution_server.store.memory import MemoryStore
from execution_server.store.port import ExecutionStore, Part, Stored

from tests.watch.checking import check, known
from tests.watch.served import Pulled, Reader, Served, Worker, served, watch
from tests.watch.validators import BOOKMARK


async def eventful(stub: object) -> Worker:
    """An execution with status changes at 1, 2, 5, 6, 7, 8 and 10, and updates in between."""
    worker = await Worker.create(stub)
    await worker.start()
    await worker.progress(10)
    await worker.progress(20)
    await worker.fail(retryable=True)
    await worker.start()
    await worker.fail()
    await worker.retry()
    await worker.retry()  # raises max_attempts: an update
    return await worker.start()


async def test_a_watch_goes_on_after_any_revision(server: Served) -> None:
    """Exactly what came after it: the promise that lets streams break at any moment."""
    worker = await eventful(server.stub)
    await worker.complete()
    for revision in range(worker.revision + 1):
        reader = watch(server, worker.id, revision)
        await reader.rest()
        assert await reader.status() is grpc.StatusCode.OK
        await check(worker, reader.stream)


async def test_a_watch_after_the_revision_of_any_answer_misses_and_repeats_nothing(
    store: ExecutionStore,
) -> None:
    """Answer and watch may come from different servers, one of which has known the execution for long."""
    async with served(store) as first, served(store) as second:
        worker = await Worker.create(first.stub)
        watching = watch(second, worker.id)
        answered = []
        for step in (
            worker.start,
            lambda: worker.progress(1),
            lambda: worker.fail(retryable=True),
            worker.start,
        ):
            answered.append(worker.revision)
            reader = watch(second, worker.id, worker.revision)
            await step()
            assert (await reader.next()).revision == worker.revision == answered[-1] + 1
            reader.cancel()
        await worker.complete()
        for revision in answered:
            reader = watch(second, worker.id, revision)
            await reader.rest()
            await check(worker, reader.stream)
        await watching.rest()
        await check(worker, watching.stream)


async def test_a_future_revision_is_waited_for(chatty: Served) -> None:
    """A caller may know more than this server does yet. Nothing that it knows is told, and the wait is not silent."""
    worker = await Worker.create(chatty.stub)
    reader = watch(chatty, worker.id, 4)
    assert [(await reader.next()).revision for _ in range(2)] == [4, 4]

    await worker.start()
    assert (await reader.next()).event == BOOKMARK
    while worker.revision < 4:
        await worker.progress(1)
    await worker.progress(2)
    assert (await reader.next_but_bookmarks()).revision == 5
    await worker.complete()
    await reader.rest()
    await check(worker, reader.stream)


async def test_a_wait_for_a_future_revision_is_not_silent(chatty: Served) -> None:
    """However busy the execution is: what is not told must not put the bookmark off."""
    worker = await (await Worker.create(chatty.stub)).start()
    reader = watch(chatty, worker.id, 1_000_000)
    bookmarks = asyncio.create_task(told(reader, 3))
    while not bookmarks.done():
        await worker.progress(1)
    assert await bookmarks == [(BOOKMARK, 1_000_000)] * 3
    reader.cancel()


async def told(reader: Reader, number: int) -> list[tuple[int, int]]:
    """(event, revision) of so many messages."""
    messages = [await reader.next() for _ in range(number)]
    return [(message.event, message.revision) for message in messages]


async def test_a_revision_that_the_history_has_forgotten_is_refused(server: Served) -> None:
    """What is missing is never left out in silence."""
    worker = await Worker.create(server.stub, max_attempts=1)
    while worker.record.status_changes < 130:
        await worker.start()
        await worker.progress(1)
        await worker.fail()
        await worker.retry(additional_attempts=1)
    await worker.start()
    record = await worker.get()
    oldest = record.history[0].revision
    assert len(record.history) == 100

    for revision in (0, 1, oldest - 2):
        refusal = await watch(server, worker.id, revision).refusal()
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.OUT_OF_RANGE, "WATCH_REVISION_COMPACTED")
        assert refusal.metadata == {
            "executionId": worker.id,
            "afterRevision": str(revision),
            "oldestRevision": str(oldest),
        }

    reader = watch(server, worker.id, oldest - 1)
    assert [(await reader.next()).change for _ in range(100)] == list(record.history)
    reader.cancel()


async def test_a_reader_that_the_history_has_left_behind_is_told_so(server: Served) -> None:
    """The slot of a slow reader is bounded, and its bound is no secret."""
    worker = await Worker.create(server.stub, max_attempts=1)
    pulled = Pulled(server, api.WatchExecutionRequest(id=worker.id, follow=True))
    await pulled.next()
    while worker.record.status_changes < 130:
        await worker.start()
        await worker.fail()
        await worker.retry(additional_attempts=1)
    await known(server, worker)

    with pytest.raises(Exception, match="does not reach back to 1"):
        await pulled.next()


async def test_a_negative_revision_is_refused(server: Served) -> None:
    """It is a mistake of the caller's, in any state."""
    worker = await Worker.create(server.stub)
    refusal = await watch(server, worker.id, -1).refusal()
    assert (refusal.code, refusal.metadata["field"]) == (grpc.StatusCode.INVALID_ARGUMENT, "after_revision")


async def test_what_a_failover_has_undone_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """New watches begin with what the store has; one that was told more ends, or it would wait for what never comes."""
    store = MemoryStore()
    async with served(store) as server:
        worker = await (await Worker.create(server.stub)).start()
        reader = watch(server, worker.id, follow=True)
        await reader.next()
        lost = {part: await store.load(worker.id, part, deadline=inf) for part in Part}
        await worker.fail()
        await known(server, worker)

        async def load_what_is_left(execution_id: str, part: Part, *, deadline: float) -> Stored | None:
            return lost[part]

        monkeypatch.setattr(store, "load", load_what_is_left)

        again = watch(server, worker.id)
        assert (await again.next()).revision == 2
        await reader.rest()
        assert (await reader.refusal()).code is grpc.StatusCode.OUT_OF_RANGE
        again.cancel()
