"""WatchExecutions: everything that matches a filter, over every kind of store."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from execution_server.domain.problems import TooManyWatches
from execution_server.domain.status import COMPLETED, PENDING, RUNNING
from execution_server.watch import gathering

from tests.waiting import until
from tests.watch.served import Pulled, Reader, Served, Worker, watch, watch_all
from tests.watch.validators import BOOKMARK, SNAPSHOT, STATUS_CHANGED, UPDATED

DELETED = api.WATCH_EVENT_DELETED


def a_type() -> str:
    """A type of the test's own: others use the same store."""
    return f"many-{uuid4()}"


async def listening(server: Served, reader: Reader) -> None:
    """Wait until the watch has begun; it says nothing where there is nothing to say."""
    await until(lambda: server.hub._listeners and server.hub._following._needed, "the watch has begun")
    feed = server.hub._following._followed
    await until(
        lambda: len(feed) == server.store.partitions and all(task.done() for task in feed.values()), "all"
    )


async def told(reader: Any, number: int) -> list[tuple[str, int, int]]:
    """(id, revision, event) of so many messages."""
    messages = [await reader.next() for _ in range(number)]
    return [(message.id, message.revision, message.event) for message in messages]


async def test_a_snapshot_then_a_bookmark_then_changes(server: Served) -> None:
    """A mirror of all that matches is built from one call."""
    type_ = a_type()
    first = await Worker.create(server.stub, type=type_)
    second = await (await Worker.create(server.stub, type=type_)).start()
    reader = watch_all(server, snapshot=True, types=[type_])

    snapshot = await told(reader, 2)
    assert sorted(snapshot) == sorted([(first.id, 1, SNAPSHOT), (second.id, 2, SNAPSHOT)])
    assert await told(reader, 1) == [("", 0, BOOKMARK)]

    await first.start()
    await second.complete()
    assert sorted(await told(reader, 2)) == sorted(
        [(first.id, 2, STATUS_CHANGED), (second.id, 3, STATUS_CHANGED)]
    )
    third = await Worker.create(server.stub, type=type_)
    assert await told(reader, 1) == [(third.id, 1, STATUS_CHANGED)]
    await first.progress(5)
    assert await told(reader, 1) == [(first.id, 3, UPDATED)]
    message = reader.stream.messages[-1]
    basic = await first.get()
    basic.ClearField("history")
    assert message.execution == basic
    reader.cancel()


async def test_without_a_snapshot_only_changes_are_told(server: Served) -> None:
    """A caller that only wants the news is not made to read everything."""
    type_ = a_type()
    worker = await Worker.create(server.stub, type=type_)
    reader = watch_all(server, types=[type_])
    await listening(server, reader)
    await worker.start()

    assert await told(reader, 1) == [(worker.id, 2, STATUS_CHANGED)]
    reader.cancel()


async def test_what_does_not_match_is_not_told(server: Served) -> None:
    """Type, parent and status are all looked at."""
    type_ = a_type()
    parent, other_parent = [(await Worker.create(server.stub)).id for _ in range(2)]
    fields = {"types": [type_], "parent_id": parent, "statuses": [RUNNING]}
    reader = watch_all(server, snapshot=True, **fields)
    assert await told(reader, 1) == [("", 0, BOOKMARK)]
    others = (
        {"type": a_type(), "parent_id": parent},
        {"type": type_},
        {"type": type_, "parent_id": other_parent},
    )
    for other in others:
        await (await Worker.create(server.stub, **other)).start()
    worker = await Worker.create(server.stub, type=type_, parent_id=parent)
    await worker.start()

    assert await told(reader, 1) == [(worker.id, 2, STATUS_CHANGED)], "and not that it was created"
    reader.cancel()


async def test_to_leave_the_filter_is_told(server: Served) -> None:
    """A list of what is running would keep the row for ever else."""
    type_ = a_type()
    worker = await (await Worker.create(server.stub, type=type_)).start()
    reader = watch_all(server, snapshot=True, types=[type_], statuses=[RUNNING])
    await told(reader, 2)

    await worker.complete()
    assert await told(reader, 1) == [(worker.id, 3, STATUS_CHANGED)]
    assert reader.stream.messages[-1].execution.status == COMPLETED
    request = api.UpdateExecutionRequest(execution=worker.record)
    request.update_mask.paths.append("labels")
    await server.stub.UpdateExecution(request)  # what has left is not told of any more
    again = await (await Worker.create(server.stub, type=type_)).start()
    assert await told(reader, 1) == [(again.id, 2, STATUS_CHANGED)]
    reader.cancel()


async def test_another_watch_of_the_same_execution_takes_nothing_away(server: Served) -> None:
    """Both are told from one notice."""
    type_ = a_type()
    worker = await (await Worker.create(server.stub, type=type_)).start()
    one = watch(server, worker.id)
    await one.next()
    many = watch_all(server, snapshot=True, types=[type_], statuses=[RUNNING])
    await told(many, 2)

    await worker.complete()

    assert (await many.next()).change.to == COMPLETED
    assert (await one.next()).change.to == COMPLETED
    many.cancel()


async def test_a_deletion_is_told_to_those_it_concerns(server: Served) -> None:
    """With the last revision, and to nobody who never saw the execution."""
    type_ = a_type()
    worker = await (await Worker.create(server.stub, type=type_)).start()
    all_, running, pending = (
        watch_all(server, snapshot=True, types=[type_], statuses=statuses)
        for statuses in ([], [RUNNING], [PENDING])
    )
    await told(all_, 2)
    await told(running, 2)
    await told(pending, 1)

    await worker.delete()

    assert await told(all_, 1) == await told(running, 1) == [(worker.id, 2, DELETED)]
    assert not all_.stream.messages[-1].HasField("execution")
    later = await Worker.create(server.stub, type=type_)
    assert await told(pending, 1) == [(later.id, 1, STATUS_CHANGED)]
    for reader in (all_, running, pending):
        reader.cancel()


async def test_a_slow_reader_is_told_every_status_change_and_the_newest_of_all_else(server: Served) -> None:
    """One slot per execution."""
    type_ = a_type()
    worker = await Worker.create(server.stub, type=type_)
    filter_ = api.ExecutionFilter(types=[type_])
    pulled = Pulled(server, api.WatchExecutionsRequest(filter=filter_, snapshot=True))
    await pulled.next()
    await pulled.next()
    await worker.start()
    for current in range(20):
        await worker.progress(current)
    await worker.fail(retryable=True)
    await worker.start()
    for current in range(20):
        await worker.progress(current)
    await gathered(server, worker.revision)

    messages = [await pulled.next() for _ in range(3)]

    assert [message.change.revision for message in messages] == [2, 23, 24]
    assert [message.HasField("execution") for message in messages] == [False, False, True]
    assert messages[-1].revision == messages[-1].execution.revision == worker.revision
    gone = await (await Worker.create(server.stub, type=type_)).start()
    await gone.delete()
    await gathered(server, 2)
    assert [event for _, _, event in await told(pulled, 3)] == [STATUS_CHANGED, STATUS_CHANGED, DELETED]
    await pulled.close()


def gathering_of(server: Served) -> gathering.Gathering:
    """The only watch of many."""
    (listener,) = server.hub._listeners
    assert isinstance(listener, gathering.Gathering)
    return listener


async def gathered(server: Served, revision: int) -> None:
    """Wait until the only watch of many has that revision to tell."""
    waiting = gathering_of(server)._news
    await until(
        lambda: [news for news in waiting.values() if news.record.revision == revision], "it is known"
    )


async def test_a_reader_too_far_behind_has_to_begin_anew(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits for it is bounded, and what it misses is no secret."""
    monkeypatch.setattr(gathering, "MOST_BEHIND", 5)
    type_ = a_type()
    filter_ = api.ExecutionFilter(types=[type_])
    pulled = Pulled(server, api.WatchExecutionsRequest(filter=filter_, snapshot=True))
    await pulled.next()
    workers = [await Worker.create(server.stub, type=type_) for _ in range(5)]
    await gathered(server, 1)
    assert len(await told(pulled, 5)) == 5, "as many as it may be behind with"
    for worker in (*workers, await Worker.create(server.stub, type=type_)):
        if worker.record.status == PENDING:
            await worker.start()
    listener = gathering_of(server)
    await until(lambda: listener._problem, "it is too many")
    assert not listener._news, "and they take no memory any more"
    with pytest.raises(TooManyWatches, match="read too slowly"):
        await pulled.next()


async def test_a_reader_too_far_behind_with_one_execution_has_to_begin_anew(server: Served) -> None:
    """Each status change once is a promise; a hundred are kept for a slow reader."""
    type_ = a_type()
    worker = await Worker.create(server.stub, type=type_, max_attempts=1)
    filter_ = api.ExecutionFilter(types=[type_])
    pulled = Pulled(server, api.WatchExecutionsRequest(filter=filter_, snapshot=True))
    await told(pulled, 2)
    while worker.record.status_changes < 110:
        await worker.start()
        await worker.fail()
        await worker.retry()
    listener = gathering_of(server)
    await until(lambda: listener._problem, "it is too many")
    with pytest.raises(TooManyWatches, match="the limit is 100"):
        await pulled.next()


async def test_an_idle_stream_says_that_nothing_is_new(chatty: Served) -> None:
    """Without id and revision: it is about no execution."""
    reader = watch_all(chatty, types=[a_type()])
    assert await told(reader, 3) == [("", 0, BOOKMARK)] * 3
    reader.cancel()


async def test_lost_changes_end_the_stream(server: Served) -> None:
    """Nobody knows what they were: only a new snapshot can tell."""
    reader = watch_all(server, snapshot=True, types=[a_type()])
    await told(reader, 1)

    server.hub._on_missed(3)

    assert await reader.rest() == []
    refusal = await reader.refusal()
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


async def test_a_snapshot_and_the_changes_under_way_neither_miss_nor_repeat(server: Served) -> None:
    """Records are read while they change; a notice may come before or after the page that it belongs to."""
    type_ = a_type()
    workers = [await Worker.create(server.stub, type=type_) for _ in range(20)]
    filter_ = api.ExecutionFilter(types=[type_])
    pulled = Pulled(server, api.WatchExecutionsRequest(filter=filter_, snapshot=True))
    messages = [await pulled.next()]  # the page is read, and told of one by one
    for worker in workers:
        await worker.start()
        await worker.progress(1)
        await worker.fail(retryable=True)
    await gathered(server, workers[-1].revision)
    while len([message for message in messages if message.revision == 4]) < len(workers):
        messages.append(await pulled.next())

    for worker in workers:
        own = [message for message in messages if message.id == worker.id]
        assert [message.event for message in own] == [SNAPSHOT, STATUS_CHANGED, STATUS_CHANGED]
        assert [message.change.revision for message in own] == [0, 2, 4]
    await pulled.close()
