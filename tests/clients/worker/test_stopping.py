"""A worker that is told to stop: it finishes, or gives back what it cannot finish, and never just drops it."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from croco.execution.v1 import worker_service_pb2 as messages
from execution_client import AsyncExecutionClient, AsyncJob, ExecutionStatus, Job, StatusReason, Worker

from tests.clients.worker.scripted_work import ID, Requests, acknowledgement, assignment, scripted
from tests.clients.worker.working import ended, eventually, worker_process, working
from tests.process.programs import DEADLINE_SECONDS
from tests.service import Service
from tests.waiting import until

STOPS = "the worker stops: 1 tasks run"


async def test_a_worker_that_is_told_to_stop_finishes_what_it_does(
    server: Service, client: AsyncExecutionClient, kind: str, tmp_path: Path
) -> None:
    """A rollout of workers is no reason to do anything twice."""
    gate = tmp_path / "gate"
    with worker_process(tmp_path, server.address, kind, worker_id="w") as worker:
        id = (await client.create(kind, str(gate))).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        worker.send()
        await until(lambda: STOPS in worker.log, "it was told")
        gate.touch()
        assert await worker.ended() == 0
    execution = await client.get(id)
    assert (execution.status, execution.result, execution.attempts) == ("completed", "w", 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_does_not_end_in_time_is_given_back_and_costs_no_attempt(
    server: Service, client: AsyncExecutionClient, kind: str, tmp_path: Path, number: signal.Signals
) -> None:
    """Another worker has it at once, instead of when the lease runs out."""
    gate = tmp_path / "gate"
    with worker_process(tmp_path, server.address, kind, worker_id="first", drain=0.1) as worker:
        id = (await client.create(kind, str(gate), max_attempts=1)).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        worker.send(number)
        assert await worker.ended() == 0
    execution = await client.get(id)
    assert (execution.status, execution.status_reason) == ("retrying", StatusReason.RELEASED)
    assert (execution.attempts, execution.refunded_attempts, execution.crashes) == (1, 1, 0)
    gate.touch()
    with worker_process(tmp_path, server.address, kind, worker_id="second"):
        assert (await ended(client, id)).result == "second"


async def test_a_second_signal_ends_the_worker_at_once(
    server: Service, client: AsyncExecutionClient, kind: str, tmp_path: Path
) -> None:
    """Somebody is in a hurry: what it held comes back when the leases run out."""
    with worker_process(tmp_path, server.address, kind, worker_id="w", drain=3600) as worker:
        id = (await client.create(kind)).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        worker.send()
        await until(lambda: STOPS in worker.log, "it was told")
        worker.send()
        assert await worker.ended() == 0
    assert (await client.get(id)).status == ExecutionStatus.RUNNING


async def test_a_worker_that_stops_takes_nothing_new(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Not on its way out either: what the server gives it in the last moment goes back."""
    worker = Worker(server.address, concurrency=5)
    go_on, begun = asyncio.Event(), list[str]()

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        begun.append(job.id)
        await go_on.wait()

    async with working(worker) as run:
        first = (await client.create(kind)).id
        await until(lambda: begun, "it has begun")
        creating = [asyncio.create_task(client.create(kind)) for _ in range(4)]
        worker.stop()
        others = [(await created).id for created in creating]
        go_on.set()
        await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert begun == [first]
    assert (await client.get(first)).status == ExecutionStatus.COMPLETED
    for id in others:
        execution = await client.get(id)
        assert execution.status in ("pending", "retrying")
        assert execution.attempts == execution.refunded_attempts


async def test_what_is_given_in_the_last_moment_goes_back_unseen() -> None:
    """The server gives until it knows; then the next stream takes nothing, and gives back what it was given."""
    hellos, begun, released = list[messages.WorkHello](), list[str](), list[messages.WorkReport]()

    async def give_too_late(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        async for request in requests:
            hellos.append(request.hello)
        yield assignment("a")

    async def take_back(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        async for request in requests:
            if request.HasField("hello"):
                hellos.append(request.hello)
            for report in request.reports:
                released.append(report)
                yield acknowledgement(report)

    async with scripted(give_too_late, take_back) as target:
        worker = Worker(target)
        worker.task("a")(lambda job: begun.append(job.id))
        async with working(worker) as run:
            await until(lambda: hellos, "the worker has said hello")
            worker.stop()
            await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert begun == []
    assert [hello.types for hello in hellos] == [["a"], []]
    assert [(report.id, report.attempt, report.HasField("release")) for report in released] == [(ID, 1, True)]


async def test_a_thread_that_does_not_stop_does_not_keep_the_worker(
    server: Service, client: AsyncExecutionClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its execution is given back all the same, and what it says afterwards counts for nothing."""
    worker = Worker(server.address, drain=0)
    go_on, told = threading.Event(), list[str]()

    @worker.task(kind)
    def do(job: Job) -> str:
        job.checkpoint("begun", True)
        assert go_on.wait(DEADLINE_SECONDS)
        try:
            job.progress(1, 1)
            job.checkpoint("late", True)
        except BaseException as problem:
            told.append(type(problem).__name__)
        return "late"

    async with working(worker) as run:
        id = (await client.create(kind)).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        worker.stop()
        await asyncio.wait_for(run, DEADLINE_SECONDS)
    execution = await client.get(id)
    assert (execution.status_reason, execution.refunded_attempts) == (StatusReason.RELEASED, 1)
    assert "given back while its task still runs" in caplog.text
    go_on.set()
    await until(lambda: told, "the thread was told")
    assert told == ["JobCancelled"]
    assert (await client.get(id)).revision == execution.revision


async def test_a_worker_without_work_stops_at_once_and_can_run_again(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """It waits neither for the time that tasks would have, nor for a server that would have to answer."""
    worker = Worker(server.address, drain=3600)
    worker.task(kind)(lambda job: "done")
    for _ in range(2):
        async with working(worker) as run:
            assert (await ended(client, (await client.create(kind)).id)).result == "done"
            worker.stop()
            await asyncio.wait_for(run, DEADLINE_SECONDS)
    async with working(worker):
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="runs already"):
            await worker.run()
