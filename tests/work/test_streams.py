"""Work streams as a server sees them: how large its messages are, and how streams end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import ExecutionError, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.limits import MESSAGE_BYTES, PAYLOAD_BYTES
from execution_server.domain.status import RUNNING
from execution_server.store.memory import MemoryStore
from execution_server.store.port import Change, Feed

from tests import service
from tests.raw_worker import RawWorker, held, milliseconds
from tests.rpc.refusals import refusal_of
from tests.rpc.values import of_size
from tests.servers import Server
from tests.waiting import until
from tests.work.calls import LONG, UNKNOWN, create, reason, until_asked


async def all_claimed(executions: Any, type_: str, count: int) -> None:
    """Wait until *count* executions of a type are running."""
    running = api.CountExecutionsRequest(filter=api.ExecutionFilter(types=[type_], statuses=[RUNNING]))

    async def are_claimed() -> bool:
        return bool((await executions.CountExecutions(running)).count == count)

    await until_asked(are_claimed, "all are claimed")


async def test_no_message_is_larger_than_clients_take(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """However much has gathered: a client refuses a larger one, and loses what was in it."""
    for _ in range(12):
        await create(executions, type_, payload=of_size(PAYLOAD_BYTES))
    async with RawWorker(channel, type_, slots=12, listening=False) as worker:
        await all_claimed(executions, type_, 12)
        worker.listen()
        given = await worker.assigned(12)
    assert {one.payload.ByteSize() for one in given} == {PAYLOAD_BYTES}
    assert max(worker.message_bytes) <= MESSAGE_BYTES


async def test_what_was_never_sent_goes_to_the_next_worker_at_once(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """A worker that does not read, and goes, was given nothing: nobody has to wait for its lease."""
    for _ in range(12):  # more than gRPC takes in for a client that does not read
        await create(executions, type_, payload=of_size(PAYLOAD_BYTES))
    async with RawWorker(channel, type_, slots=12, lease_duration=LONG, listening=False):
        await all_claimed(executions, type_, 12)
    async with RawWorker(channel, type_, slots=12) as heir:
        await heir.until(lambda: bool(heir.assignments), "something was given back")
        given = heir.assignments[0]
        assert (given.attempts, given.refunded_attempts, given.crashes) == (2, 1, 0)
        assert given.history[-2].reason == StatusReason.STATUS_REASON_RELEASED


async def test_a_draining_server_sends_its_workers_elsewhere(
    store: Server, type_: str, tmp_path: Path
) -> None:
    """Those that work and those that wait; they come back elsewhere with what they hold."""
    options = ("--store-url", store.url, "--drain-delay", "0s")
    with (
        service.serving(tmp_path / "old", *options) as old,
        service.serving(tmp_path / "new", *options) as new,
    ):
        async with service.aio_channel(old.address) as channel, service.aio_channel(new.address) as other:
            executions: Any = ExecutionServiceStub(other)
            async with (
                RawWorker(channel, type_, lease_duration=LONG) as busy,
                RawWorker(channel, "nothing") as idle,
            ):
                await create(executions, type_)
                (given,) = await busy.assigned(1)
                await idle.report_all([UNKNOWN])
                old.terminate()
                for worker in (busy, idle):
                    drain = await worker.told("drain")
                    assert (drain.id, drain.attempt) == ("", 0)
                    refusal = refusal_of(await worker.ended())
                    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "SERVER_DRAINING")
            async with RawWorker(other, type_, lease_duration=LONG, held=held(given)) as back:
                assert reason(await back.report(given, complete=work.WorkCompletion())) == ""
        assert await asyncio.to_thread(old.ended) == 0


async def test_there_are_no_more_workers_than_there_are_places(
    store: Server, type_: str, tmp_path: Path
) -> None:
    """One too many is refused, and a place is free again when its worker has gone."""
    with service.serving(tmp_path, "--store-url", store.url, "--max-work-streams", "1") as small:
        async with service.aio_channel(small.address) as channel:
            async with RawWorker(channel, type_) as first:
                await first.report_all([UNKNOWN])
                async with RawWorker(channel, type_) as second:
                    refusal = refusal_of(await second.ended())
                assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")

            async def let_in() -> bool:
                async with RawWorker(channel, type_) as third:
                    third.say_no_more()
                    return await third.ended() is None

            await until_asked(let_in, "the place is free again")


async def test_of_two_servers_one_gives_each_execution_out(store: Server, type_: str, tmp_path: Path) -> None:
    """Workers are connected to either; no execution reaches two of them."""
    with (
        service.serving(tmp_path / "a", "--store-url", store.url) as a,
        service.serving(tmp_path / "b", "--store-url", store.url) as b,
    ):
        async with (
            service.aio_channel(a.address) as to_a,
            service.aio_channel(b.address) as to_b,
            RawWorker(to_a, type_, slots=100) as at_a,
            RawWorker(to_b, type_, slots=100) as at_b,
        ):
            executions: Any = ExecutionServiceStub(to_a)
            created = [(await create(executions, type_)).id for _ in range(40)]
            await until(lambda: len(at_a.assignments) + len(at_b.assignments) >= 40, "all are assigned")
            # Each is asked something, so that whatever was on its way has come.
            await at_a.report_all([UNKNOWN])
            await at_b.report_all([UNKNOWN])
            given = [one.id for worker in (at_a, at_b) for one in worker.assignments]
            assert sorted(given) == sorted(created)
            assert at_a.directives == at_b.directives == []


async def test_news_of_before_does_not_cost_a_worker_its_execution(type_: str, tmp_path: Path) -> None:
    """Notices come on a connection of their own: the one of a creation may be overtaken by the claim."""
    late: list[Callable[[], None]] = []
    store = MemoryStore(4)
    feed = store.feed

    def holding_back(on_change: Callable[[Change], None], missed: Callable[[int], None]) -> Feed:
        return feed(lambda change: late.append(lambda: on_change(change)), missed)

    store.feed = holding_back  # type: ignore[method-assign]
    async with (
        service.in_process(store, tmp_path) as address,
        service.aio_channel(address) as channel,
    ):
        executions: Any = ExecutionServiceStub(channel)
        async with RawWorker(channel, "nothing") as other:
            await other.report_all([UNKNOWN])  # the server listens to notices by now
            created = await create(executions, type_)
            await executions.StartExecution(api.StartExecutionRequest(id=created.id))
            passing = ExecutionError(message="no", retryable=True, retry_delay=milliseconds(0))
            await executions.FailExecution(api.FailExecutionRequest(id=created.id, error=passing))
            async with RawWorker(channel, type_) as worker:
                (given,) = await worker.assigned(1)
                assert (len(late), given.attempts) == (4, 2)
                for deliver in late:
                    deliver()
                assert reason(await worker.report(given, complete=work.WorkCompletion())) == ""
                assert worker.directives == []


@pytest.mark.parametrize("end", ["the worker goes", "the worker says no more", "a rule is broken"])
async def test_a_stream_that_has_ended_leaves_nothing_behind(type_: str, tmp_path: Path, end: str) -> None:
    """A server lives for months, and workers come and go."""
    async with (
        service.in_process(MemoryStore(4), tmp_path) as address,
        service.aio_channel(address) as channel,
    ):
        executions: Any = ExecutionServiceStub(channel)
        await create(executions, type_)
        async with RawWorker(channel, type_, lease_duration=LONG) as worker:
            await worker.assigned(1)
            assert len(tasks_of_streams()) == 2
            match end:
                case "the worker says no more":
                    worker.say_no_more()
                case "a rule is broken":
                    worker.send(hello=worker.hello)
                case _:
                    await worker.break_off()
            await worker.ended()
        await until(lambda: not tasks_of_streams(), "its tasks have ended")


def tasks_of_streams() -> list[str]:
    """The tasks of all Work streams in this process."""
    names = [str(task.get_coro()) for task in asyncio.all_tasks()]
    return [name for name in names if "WorkStream" in name]
