"""Leases that are lost: whoever has lost one stops, and what it says is taken from it no more."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from croco.execution.v1 import worker_service_pb2 as messages
from execution_client import AsyncExecutionClient, AsyncJob, ExecutionStatus, Job, StatusReason, Worker
from execution_client._worker.pulse import BEATS, Pulse, Verdict

from tests.clients.worker.network import network
from tests.clients.worker.scripted_work import ID, Requests, assignment, scripted
from tests.clients.worker.working import ended, eventually, worker_process, working
from tests.process.programs import DEADLINE_SECONDS
from tests.service import Service
from tests.waiting import until


async def test_the_work_of_a_frozen_worker_is_done_by_another_and_its_late_word_is_refused(
    server: Service, client: AsyncExecutionClient, kind: str, tmp_path: Path
) -> None:
    """It comes back and believes itself alone: it must change nothing, and be told."""
    gate = tmp_path / "gate"
    with worker_process(tmp_path, server.address, kind, lease=1, worker_id="zombie") as zombie:
        id = (await client.create(kind, str(gate))).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        zombie.stop_running()
        gate.touch()  # so that the zombie's next step is to report success
        await eventually(
            client, id, lambda execution: execution.status == ExecutionStatus.RETRYING, "it is lost"
        )
        with worker_process(tmp_path, server.address, kind, lease=1, worker_id="heir"):
            execution = await ended(client, id)
            zombie.run_on()
            other = (await client.create(kind, str(gate))).id
            await ended(client, other)
            zombie.send()
            assert await zombie.ended() == 0
    assert (execution.status, execution.result) == (ExecutionStatus.COMPLETED, "heir")
    assert (execution.attempts, execution.crashes) == (2, 1)
    assert [entry.reason for entry in execution.history].count(StatusReason.LEASE_EXPIRED) == 1
    assert (await client.get(id)).revision == execution.revision
    assert [
        line for line in zombie.log.splitlines() if f"{id}, attempt 1: " in line and "lease_expired" in line
    ]


async def test_without_a_word_from_the_service_tasks_are_stopped_before_the_lease_is_over(
    server: Service, client: AsyncExecutionClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Connections may die in silence: the worker must not run on beside the one that gets its work."""
    stopped = list[int]()
    async with network(server.address) as between:
        worker = Worker(between.address, lease=timedelta(seconds=2))

        @worker.task(kind)
        async def do(job: AsyncJob) -> str:
            await job.checkpoint(f"begun {job.attempt}", True)
            if job.attempt > 1:
                return "done"
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(job.attempt)
            return "never"

        @worker.task(kind + " in a thread")
        def do_in_thread(job: Job) -> str:
            job.checkpoint(f"begun {job.attempt}", True)
            if job.attempt == 1:
                assert job.cancelled.wait(DEADLINE_SECONDS)
                stopped.append(job.attempt)
            return "done"

        async with working(worker):
            ids = [(await client.create(kind + other)).id for other in ("", " in a thread")]
            for id in ids:
                await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
            between.lose_everything()
            await until(lambda: len(stopped) == 2, "the tasks are stopped")
            for id in ids:  # nobody else could get them yet
                assert (await client.get(id)).status == ExecutionStatus.RUNNING
            between.cut()
            between.mend()
            executions = [await ended(client, id) for id in ids]
    assert stopped == [1, 1]
    assert [(execution.result, execution.attempts) for execution in executions] == [("done", 2), ("done", 2)]
    assert caplog.text.count("the server is not heard any more") == 2


async def test_when_leases_are_taken_for_lost_the_server_is_told_that_they_are_not_held() -> None:
    """A stream that was opened before says that they are: it would keep them for nobody, for as long as it lasts."""
    hellos = list[messages.WorkHello]()

    async def give_and_fall_silent(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        yield assignment("a")
        async for _ in requests:
            pass

    async def be_silent(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        async for request in requests:
            if request.HasField("hello"):
                hellos.append(request.hello)
        yield messages.WorkResponse()

    async with scripted(give_and_fall_silent, be_silent) as target:
        worker = Worker(target, lease=timedelta(seconds=1))

        @worker.task("a")
        async def do(job: AsyncJob) -> None:
            await asyncio.Event().wait()

        async with working(worker):
            await until(lambda: hellos and not hellos[-1].held, "it is told")
    assert [held.id for held in hellos[0].held] == [ID]


async def test_a_blocked_event_loop_loses_nothing(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """The server keeps the lease all the while; that the worker could not listen says nothing about it."""
    lease = timedelta(seconds=3)
    worker = Worker(server.address, lease=lease)
    answer = asyncio.Event()

    @worker.task(kind)
    async def block(job: AsyncJob) -> int:
        await job.checkpoint("begun", True)
        loop = asyncio.get_running_loop()
        loop.call_later(1.5 * lease.total_seconds(), answer.set)
        blocked_until = loop.time() + lease.total_seconds()
        while loop.time() < blocked_until:
            pass
        await answer.wait()
        return job.attempt

    async with working(worker):
        assert (await ended(client, (await client.create(kind)).id)).result == 1


async def test_what_a_lost_task_still_does_is_not_reported(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Somebody else has ended it: the task is told, and its own end counts for nothing."""
    worker = Worker(server.address)
    seen = list[object]()

    @worker.task(kind)
    async def do(job: AsyncJob) -> str:
        await job.checkpoint("begun", True)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as cancelled:
            seen.append(cancelled.args)
        return "late"

    async with working(worker):
        id = (await client.create(kind)).id
        await eventually(client, id, lambda execution: execution.checkpoints, "it has begun")
        done = await client.complete(id, "by hand", attempt=1)
        await until(lambda: seen, "the task is told")
        other = (await client.create(kind)).id
        await eventually(client, other, lambda execution: execution.checkpoints, "the worker takes the next")
    assert seen == [("The lease is lost: succeeded.",), ("The worker has ended.",)]
    execution = await client.get(id)
    assert (execution.result, execution.revision) == ("by hand", done.revision)


LEASE = 12.0
BEAT = LEASE / BEATS


def judged(pulse: Pulse, *times: float) -> list[Verdict]:
    """What it says at beats."""
    return [pulse.judge(at) for at in times]


def test_silence_is_asked_about_then_given_up_and_in_the_end_believed() -> None:
    """Each in time for the next, and all before two thirds of the lease are over."""
    pulse = Pulse(LEASE, now=0)
    assert judged(pulse, *range(1, 9)) == [
        Verdict.GO_ON,
        Verdict.ASK,
        Verdict.GO_ON,
        Verdict.RECONNECT,
        Verdict.RECONNECT,
        Verdict.RECONNECT,
        Verdict.RECONNECT,
        Verdict.LOSE,
    ]
    assert LEASE * 8 / BEATS == LEASE * 2 / 3


def test_whatever_is_heard_begins_it_anew() -> None:
    """An answer to what was asked, or anything else."""
    pulse = Pulse(LEASE, now=0)
    assert judged(pulse, 1, 2, 3) == [Verdict.GO_ON, Verdict.ASK, Verdict.GO_ON]
    pulse.heard(3.5)
    assert judged(pulse, 4, 5, 6) == [Verdict.GO_ON, Verdict.GO_ON, Verdict.ASK]


def test_after_a_pause_of_the_process_it_asks_before_it_believes() -> None:
    """The answer may be there, unread."""
    pulse = Pulse(LEASE, now=0)
    assert judged(pulse, 100) == [Verdict.ASK]
    assert judged(pulse, 101) == [Verdict.LOSE]
    pulse = Pulse(LEASE, now=0)
    assert judged(pulse, 100) == [Verdict.ASK]
    pulse.heard(100.1)
    assert judged(pulse, 101, 102) == [Verdict.GO_ON, Verdict.GO_ON]


def test_on_a_new_stream_it_asks_again() -> None:
    """What was asked on the old one is not answered on the new one."""
    pulse = Pulse(LEASE, now=0)
    assert judged(pulse, 2, 4) == [Verdict.ASK, Verdict.RECONNECT]
    pulse.reconnected()
    assert judged(pulse, 5, 6) == [Verdict.ASK, Verdict.GO_ON]
