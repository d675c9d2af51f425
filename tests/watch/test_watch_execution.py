"""WatchExecution: what its comment in the contract promises, over every kind of store."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionView
from execution_server.domain.problems import ExecutionNotFound
from google.protobuf.struct_pb2 import Value

from tests.waiting import until
from tests.watch.checking import check, known
from tests.watch.served import Pulled, Refusal, Served, Worker, watch
from tests.watch.validators import (
    BOOKMARK,
    SNAPSHOT,
    STATUS_CHANGED,
    UPDATED,
    Watch,
)

FULL = ExecutionView.EXECUTION_VIEW_FULL

ENDS: dict[str, Callable[[Worker], Awaitable[Worker]]] = {
    "completed": Worker.complete,
    "failed": Worker.fail,
    "timed_out": Worker.time_out,
    "cancelled": Worker.cancel,
}


async def test_a_watch_begins_with_the_execution_as_it_is(server: Served) -> None:
    """Whoever watches needs no GetExecution before, and no race between the two."""
    worker = await (await Worker.create(server.stub, payload=Value(string_value="input"))).start()
    reader = watch(server, worker.id)

    message = await reader.next()

    assert (message.event, message.revision) == (SNAPSHOT, 2)
    basic = await worker.get()
    basic.ClearField("payload")
    basic.ClearField("history")
    assert message.execution == basic
    reader.cancel()


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_a_watch_tells_every_status_change_and_ends_when_the_execution_rests(
    server: Served, end: Callable[[Worker], Awaitable[Worker]]
) -> None:
    """The end of the stream is how a caller learns that nothing more comes."""
    worker = await Worker.create(server.stub)
    reader = watch(server, worker.id)
    await reader.next()
    await worker.start()
    await worker.progress(10)
    await worker.fail(retryable=True)
    await worker.start()
    await end(worker)

    await reader.rest()

    assert await reader.status() is grpc.StatusCode.OK
    assert [change.revision for change in Watch([reader.stream]).changes] == [2, 4, 5, 6]
    await check(worker, reader.stream)


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
async def test_a_watch_of_what_rests_tells_how_it_is_and_ends(
    server: Served, end: Callable[[Worker], Awaitable[Worker]]
) -> None:
    """A subscriber who comes after the end must not hang."""
    worker = await end(await (await Worker.create(server.stub)).start())
    reader = watch(server, worker.id)
    assert [message.event for message in await reader.rest()] == [SNAPSHOT]
    assert await reader.status() is grpc.StatusCode.OK

    again = watch(server, worker.id, worker.revision)
    assert await again.rest() == []
    assert await again.status() is grpc.StatusCode.OK


async def test_a_watch_that_follows_outlives_the_rest(chatty: Served) -> None:
    """A retry may revive the execution."""
    worker = await (await Worker.create(chatty.stub)).start()
    reader = watch(chatty, worker.id, follow=True)
    await reader.next()
    await worker.fail()
    while (await reader.next()).event != BOOKMARK:  # of a stream that goes on after FAILED
        pass
    await worker.retry()
    await worker.start()
    await worker.complete()

    while reader.stream.cursor != worker.revision:
        await reader.next()
    while (await reader.next()).event != BOOKMARK:
        pass
    await check(worker, reader.stream)
    reader.cancel()


async def test_what_a_slow_reader_left_is_conflated_but_for_status_changes(server: Served) -> None:
    """A slow reader costs a cursor, not memory; and it is told every status change all the same."""
    worker = await (await Worker.create(server.stub)).start()
    pulled = Pulled(server, api.WatchExecutionRequest(id=worker.id))
    await pulled.next()
    for current in range(50):
        await worker.progress(current)
    await known(server, worker)

    message = await pulled.next()
    assert (message.event, message.revision) == (UPDATED, worker.revision)
    assert message.execution.progress.current == 49

    await worker.progress(60)
    await worker.fail(retryable=True)
    await worker.start()
    for current in range(50):
        await worker.progress(current)
    await known(server, worker)

    failed, started = await pulled.next(), await pulled.next()
    assert (failed.event, failed.HasField("execution")) == (STATUS_CHANGED, False)
    assert (started.event, started.change.revision) == (STATUS_CHANGED, failed.revision + 1)
    assert started.revision == started.execution.revision == worker.revision, "with what came after it"
    await check(worker, pulled.stream)
    await pulled.close()


async def test_an_idle_stream_says_that_nothing_is_new(chatty: Served) -> None:
    """Proxies close what is silent, and a reader could not tell silence from loss."""
    worker = await Worker.create(chatty.stub)
    reader = watch(chatty, worker.id)
    await reader.next()
    for _ in range(3):
        message = await reader.next()
        assert (message.event, message.revision) == (BOOKMARK, 1)
        assert not message.HasField("execution")
    await worker.start()
    assert (await reader.next_but_bookmarks()).revision == 2
    assert (await reader.next()).revision == 2
    await check(worker, reader.stream)
    reader.cancel()


async def test_there_is_nothing_to_watch(server: Served) -> None:
    """An unknown id is an answer, not a wait."""
    refusal = await watch(server, "0190a3c4-5b6c-7d3e-8f00-112233445566").refusal()
    assert refusal == Refusal(
        grpc.StatusCode.NOT_FOUND,
        "EXECUTION_NOT_FOUND",
        {"executionId": "0190a3c4-5b6c-7d3e-8f00-112233445566"},
        False,
    )
    assert server.hub._topics == {}


async def test_a_deleted_execution_ends_its_watches(server: Served) -> None:
    """A wait for what is gone must not last for ever."""
    worker = await (await Worker.create(server.stub)).start()
    reader = watch(server, worker.id, follow=True)
    await reader.next()

    await worker.delete()

    assert await reader.rest() == []
    refusal = await reader.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND")


async def test_what_came_before_the_deletion_is_told_before_it(server: Served) -> None:
    """A slow reader would never learn of the last status changes else."""
    worker = await (await Worker.create(server.stub)).start()
    pulled = Pulled(server, api.WatchExecutionRequest(id=worker.id, follow=True))
    await pulled.next()
    await worker.fail(retryable=True)
    await worker.cancel()
    await worker.delete()
    await until(lambda: server.hub._topics[worker.id].deleted, "the deletion is known")

    assert [(await pulled.next()).change.revision for _ in range(2)] == [3, 4]
    with pytest.raises(ExecutionNotFound):
        await pulled.next()


async def test_the_full_view_has_everything_where_it_counts(server: Served) -> None:
    """The result comes with the news that there is one."""
    worker = await Worker.create(server.stub, payload=Value(string_value="input"))
    reader = watch(server, worker.id, view=FULL)
    snapshot = await reader.next()
    assert snapshot.execution == await worker.get()

    await worker.start()
    assert (await reader.next()).execution == await worker.get()
    await worker.progress(10)
    assert not (await reader.next()).execution.HasField("payload"), "updates stay small"
    await worker.complete(result=Value(string_value="output"))
    (completed,) = await reader.rest()
    assert completed.execution == await worker.get()
    assert completed.execution.result.string_value == "output"
    await check(worker, reader.stream)


async def test_the_full_view_has_the_result_however_late_it_is_read(server: Served) -> None:
    """Also where something was changed after the end, and where earlier changes are told with it."""
    worker = await (await Worker.create(server.stub)).start()
    pulled = Pulled(server, api.WatchExecutionRequest(id=worker.id, view=FULL))
    await pulled.next()
    await worker.fail(retryable=True)
    await worker.start()
    await worker.complete(result=Value(string_value="output"))
    request = api.UpdateExecutionRequest(execution=Execution(id=worker.id, labels={"seen": "no"}))
    request.update_mask.paths.append("labels")
    worker._took(await server.stub.UpdateExecution(request))
    await known(server, worker)

    told = [await pulled.next() for _ in range(3)]

    assert [message.HasField("execution") for message in told] == [False, False, True]
    assert told[-1].execution == await worker.get()
    assert told[-1].execution.result.string_value == "output"
    with pytest.raises(StopAsyncIteration):
        await pulled.next()
    await check(worker, pulled.stream)
