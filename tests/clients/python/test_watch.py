"""Watches over real connections that break. Holds for both clients."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_client import (
    AsyncExecutionClient,
    Cancelled,
    ClientClosed,
    ExecutionNotFound,
    ExecutionStatus,
    Unavailable,
    View,
    WatchMessage,
    WatchRevisionCompacted,
)
from execution_client._transport_sync import Stream

from tests.clients.python.scripted_server import LONG_SECONDS, Fault, ScriptedServer, Silence, Step

PENDING, RUNNING, COMPLETED = (
    nouns.EXECUTION_STATUS_PENDING,
    nouns.EXECUTION_STATUS_RUNNING,
    nouns.EXECUTION_STATUS_COMPLETED,
)
DRAINING = Fault(grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING", metadata={"revision": "1"})
MAX_AGE = Fault(grpc.StatusCode.UNAVAILABLE, message="max connection age")
RESET = Fault(grpc.StatusCode.UNKNOWN, message="Stream removed")


def snapshot(revision: int, status: nouns.ExecutionStatus = PENDING) -> verbs.WatchExecutionResponse:
    """The first message of a stream."""
    execution = nouns.Execution(id="e1", revision=revision, status=status)
    return verbs.WatchExecutionResponse(
        revision=revision, event=verbs.WATCH_EVENT_SNAPSHOT, execution=execution
    )


def changed(revision: int, to: nouns.ExecutionStatus) -> verbs.WatchExecutionResponse:
    """A status change."""
    return verbs.WatchExecutionResponse(
        revision=revision,
        event=verbs.WATCH_EVENT_STATUS_CHANGED,
        change=nouns.HistoryEntry(revision=revision, to=to),
        execution=nouns.Execution(id="e1", revision=revision, status=to),
    )


def bookmark(revision: int) -> verbs.WatchExecutionResponse:
    """What keeps an idle stream open."""
    return verbs.WatchExecutionResponse(revision=revision, event=verbs.WATCH_EVENT_BOOKMARK)


async def read(watch: Any) -> list[WatchMessage]:
    """Answer all messages of a watch that ends."""
    async with asyncio.timeout(LONG_SECONDS):
        return [message async for message in watch]


async def test_a_watch_tells_every_message_and_ends_with_the_execution(
    client: Any, server: ScriptedServer
) -> None:
    """The usual case: one stream."""
    server.script("WatchExecution", [snapshot(1), bookmark(1), changed(2, RUNNING), changed(5, COMPLETED)])
    messages = await read(client.watch("e1", view=View.FULL))
    assert [(message.id, message.revision) for message in messages] == [("e1", 1), ("e1", 2), ("e1", 5)]
    last = messages[-1]
    assert last.execution is not None
    assert last.change is not None
    assert last.execution.status is last.change.to_status is ExecutionStatus.COMPLETED
    (request,) = server.requests("WatchExecution")
    assert (request.view, request.follow, request.HasField("after_revision")) == (2, False, False)


@pytest.mark.parametrize("cut", [[DRAINING], [MAX_AGE], [RESET], [RESET, RESET], []])
async def test_a_stream_that_is_cut_is_resumed_after_the_last_revision(
    client: Any, server: ScriptedServer, cut: list[Fault]
) -> None:
    """No gap and no repeat, however it was cut: a status, none at all, or an end that comes too early."""
    ends: list[Step] = [[snapshot(1), changed(2, RUNNING), bookmark(3), *cut[:1]], *cut[1:]]
    server.script("WatchExecution", *ends, [changed(2, RUNNING), changed(4, COMPLETED)])
    messages = await read(client.watch("e1"))
    assert [message.revision for message in messages] == [1, 2, 4]
    first, *others = server.requests("WatchExecution")
    assert not first.HasField("after_revision")
    assert [request.after_revision for request in others] == [3] * max(1, len(cut))


async def test_a_watch_outlives_the_server(connect: Callable[..., Any]) -> None:
    """A replica that is killed says nothing; its successor goes on where it stopped."""
    first = ScriptedServer()
    client = connect(first.target)
    silence = Silence()
    first.script("WatchExecution", [snapshot(1), silence])
    revisions = []
    async with asyncio.timeout(LONG_SECONDS), aclosing(client.watch("e1")) as watch:
        async for message in watch:
            revisions.append(message.revision)
            if message.revision == 1:
                await asyncio.to_thread(first.stop)
                second = ScriptedServer(first.target)
                second.script("WatchExecution", [changed(2, COMPLETED)])
    assert revisions == [1, 2]
    assert second.requests("WatchExecution")[0].after_revision == 1
    second.stop()


async def test_a_silent_stream_is_taken_for_lost(connect: Callable[..., Any], server: ScriptedServer) -> None:
    """A connection can die without a word on the way; bookmarks show that it lives."""
    client = connect(server.target, watch_silence=0.2)
    silence = Silence()
    server.script("WatchExecution", [snapshot(1), silence], [changed(2, COMPLETED)])
    messages = await read(client.watch("e1"))
    assert [message.revision for message in messages] == [1, 2]
    assert await asyncio.to_thread(silence.ended.wait, LONG_SECONDS)


def test_a_silent_stream_of_the_blocking_client_counts_as_unavailable(server: ScriptedServer) -> None:
    """It is ended by cancelling the call from outside, which must not look like a fault that never passes."""
    server.script("WatchExecution", [Silence()])
    with grpc.insecure_channel(server.target) as channel:
        method = ExecutionServiceStub(channel).WatchExecution
        stream = Stream(method, verbs.WatchExecutionRequest(id="e1"), 0.1, ())
        with pytest.raises(Unavailable, match=r"Nothing came for 0\.1 s"):
            stream.read()
        stream.cancel()


async def test_a_watch_starts_after_the_revision_that_is_given(client: Any, server: ScriptedServer) -> None:
    """So that a program can go on after its own restart."""
    server.script("WatchExecution", MAX_AGE, [changed(8, COMPLETED)])
    assert [message.revision for message in await read(client.watch("e1", after_revision=7))] == [8]
    assert [request.after_revision for request in server.requests("WatchExecution")] == [7, 7]


async def test_a_watch_of_what_is_at_rest_already_ends_without_a_message(
    client: Any, server: ScriptedServer
) -> None:
    """With ``after_revision`` there may be nothing to tell, and no status is known: the server's OK counts."""
    server.script("WatchExecution", [])
    assert await read(client.watch("e1", after_revision=7)) == []


async def test_following_goes_on_after_the_execution_came_to_rest(
    client: Any, server: ScriptedServer
) -> None:
    """A retry may revive it; only deleting it is the end."""
    gone = Fault(grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND")
    server.script("WatchExecution", [snapshot(1, COMPLETED)], [changed(2, RUNNING), gone])
    watch = client.watch("e1", follow=True)
    assert [(await anext(watch)).revision, (await anext(watch)).revision] == [1, 2]
    with pytest.raises(ExecutionNotFound):
        await anext(watch)
    assert all(request.follow for request in server.requests("WatchExecution"))


async def test_a_gap_that_cannot_be_filled_is_raised(client: Any, server: ScriptedServer) -> None:
    """Only the caller knows whether a fresh snapshot will do."""
    compacted = Fault(
        grpc.StatusCode.OUT_OF_RANGE,
        "WATCH_REVISION_COMPACTED",
        metadata={"afterRevision": "1", "oldestRevision": "57"},
    )
    server.script("WatchExecution", [snapshot(1), DRAINING], compacted)
    with pytest.raises(WatchRevisionCompacted) as caught:
        await read(client.watch("e1"))
    assert caught.value.oldest_revision == 57


async def test_a_watch_that_is_left_ends_its_call(client: Any, server: ScriptedServer) -> None:
    """gRPC does not collect abandoned calls: each would hold a place on the server for ever."""
    silence = Silence()
    server.script("WatchExecution", [snapshot(1), silence])
    async with aclosing(client.watch("e1")) as watch:
        async for message in watch:
            assert message.revision == 1
            assert await asyncio.to_thread(silence.begun.wait, LONG_SECONDS)
            break
    assert await asyncio.to_thread(silence.ended.wait, LONG_SECONDS)


async def test_cancelling_the_reader_ends_the_call(server: ScriptedServer) -> None:
    """As every asyncio program does on its way out."""
    silence = Silence()
    server.script("WatchExecution", [silence])
    async with AsyncExecutionClient(server.target) as client:
        reader = asyncio.create_task(read(client.watch("e1")))
        assert await asyncio.to_thread(silence.begun.wait, LONG_SECONDS)
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        assert await asyncio.to_thread(silence.ended.wait, LONG_SECONDS)


async def test_closing_the_client_ends_what_is_under_way(client: Any, server: ScriptedServer) -> None:
    """With a problem, for the tasks themselves were not cancelled."""
    stream, call = Silence(), Silence()
    server.script("WatchExecution", [stream])
    server.script("GetExecution", call)
    reader = asyncio.create_task(read(client.watch("e1")))
    caller = asyncio.create_task(client.get("e1"))
    assert await asyncio.to_thread(stream.begun.wait, LONG_SECONDS)
    assert await asyncio.to_thread(call.begun.wait, LONG_SECONDS)
    await client.close()
    with pytest.raises(ClientClosed):
        await reader
    with pytest.raises(Cancelled):
        await caller


async def test_watching_all_bridges_a_cut_with_a_new_snapshot(client: Any, server: ScriptedServer) -> None:
    """The reader sees one sequence; how it is put together is tested in test_watching.py."""

    def some(id: str, revision: int, event: verbs.WatchEvent) -> verbs.WatchExecutionsResponse:
        execution = nouns.Execution(id=id, revision=revision, status=RUNNING) if id else None
        return verbs.WatchExecutionsResponse(id=id, revision=revision, event=event, execution=execution)

    start, end, new = verbs.WATCH_EVENT_SNAPSHOT, verbs.WATCH_EVENT_BOOKMARK, verbs.WATCH_EVENT_UPDATED
    silence = Silence()
    server.script(
        "WatchExecutions",
        [some("a", 1, start), some("b", 1, start), some("", 0, end), some("a", 2, new), DRAINING],
        [some("a", 2, start), some("c", 1, start), some("", 0, end), silence],
    )
    told = []
    arguments = {"statuses": [ExecutionStatus.RUNNING], "types": ["email"], "parent_id": "p"}
    async with asyncio.timeout(LONG_SECONDS), aclosing(client.watch_all(**arguments)) as watch:
        async for message in watch:
            told.append((message.id, message.revision, message.event.value))
            if len(told) == 7:
                break
    assert told == [
        ("a", 1, "snapshot"),
        ("b", 1, "snapshot"),
        ("", 0, "bookmark"),
        ("a", 2, "updated"),
        ("c", 1, "snapshot"),
        ("b", 1, "missing"),
        ("", 0, "bookmark"),
    ]
    first, second = server.requests("WatchExecutions")
    assert first == second
    assert first.snapshot
    assert (first.filter.statuses, first.filter.types, first.filter.parent_id) == ([RUNNING], ["email"], "p")
    assert await asyncio.to_thread(silence.ended.wait, LONG_SECONDS)
