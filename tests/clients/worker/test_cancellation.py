"""Tasks that are asked to stop, and those that do not listen."""

import asyncio
import threading
from datetime import timedelta
from typing import Any

import pytest
from execution_client import (
    AsyncExecutionClient,
    AsyncJob,
    Execution,
    ExecutionStatus,
    Job,
    StatusReason,
    Worker,
)

from tests.clients.worker.working import comes_to, ended, eventually, working
from tests.process.programs import DEADLINE_SECONDS
from tests.service import Service
from tests.waiting import until

AMPLE = timedelta(hours=1)


async def cancelled(client: AsyncExecutionClient, id: str, grace_period: timedelta = AMPLE) -> Execution:
    """Ask for the cancellation of an execution whose task has begun, and wait for what comes of it."""
    await eventually(client, id, lambda execution: execution.checkpoints, "its task has begun")
    await client.cancel(id, "Not needed.", grace_period=grace_period)
    return await ended(client, id)


async def test_an_async_task_is_cancelled_where_it_waits(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """As asyncio does it; and there is time to leave something behind."""
    worker = Worker(server.address)
    flags = []

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        await job.checkpoint("begun", True)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            flags.append(job.cancelled.is_set())
            job.progress(1, 2)
            await job.checkpoint("left", "behind")
            raise

    async with working(worker):
        execution = await cancelled(client, (await client.create(kind)).id)
    assert (execution.status, execution.status_reason) == ("cancelled", StatusReason.CANCEL_REQUESTED)
    assert (execution.cancellation_reason, execution.attempts) == ("Not needed.", 1)
    assert execution.checkpoints == {"begun": True, "left": "behind"}
    assert execution.progress is not None
    assert execution.progress.current == 1
    assert flags == [True]


@pytest.mark.parametrize("by_raising", [False, True])
async def test_a_thread_task_looks_whether_it_is_to_stop(
    server: Service, client: AsyncExecutionClient, kind: str, by_raising: bool
) -> None:
    """Nothing can interrupt a thread: it stops by itself, or it finishes, and both are fine."""
    worker = Worker(server.address)

    @worker.task(kind)
    def do(job: Job) -> str:
        job.raise_if_cancelled()
        job.checkpoint("begun", True)
        assert job.cancelled.wait(DEADLINE_SECONDS)
        if by_raising:
            try:
                job.raise_if_cancelled()
            except Exception:
                return "was no BaseException"
        return "finished"

    async with working(worker):
        execution = await cancelled(client, (await client.create(kind)).id)
    assert execution.status == ("cancelled" if by_raising else "completed")
    assert execution.result == (None if by_raising else "finished")


async def test_a_failure_while_it_stops_ends_as_cancelled(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Nobody wants another attempt; why the last one failed is kept all the same."""
    worker = Worker(server.address)

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        await job.checkpoint("begun", True)
        try:
            await asyncio.Event().wait()
        finally:
            raise OSError("The clean-up has failed.")

    async with working(worker):
        execution = await cancelled(client, (await client.create(kind)).id)
    assert execution.status == ExecutionStatus.CANCELLED
    assert execution.error is not None
    assert execution.error.message == "The clean-up has failed."


async def test_who_does_not_listen_loses_the_lease(
    server: Service, client: AsyncExecutionClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """When the grace period is over the server cancels; what the task does then is taken from it no more."""
    worker = Worker(server.address)
    go_on, told = threading.Event(), list[Any]()

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

    async with working(worker):
        id = (await client.create(kind)).id
        execution = await cancelled(client, id, timedelta(milliseconds=50))
        await eventually(
            client, id, lambda _: "lease is lost: cancel_requested" in caplog.text, "it was told"
        )
        go_on.set()
        other = await client.create(kind)  # a slot is free, and the worker well
        await comes_to(client, other.id, ExecutionStatus.COMPLETED)
        await eventually(client, id, lambda _: told, "the task was told")
    assert execution.status == ExecutionStatus.CANCELLED
    assert told == ["JobCancelled"]
    assert (await client.get(id)).revision == execution.revision


async def test_who_goes_on_when_asked_is_cancelled_again_when_the_lease_is_lost(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """To finish in the grace period is allowed, to run on after it is not."""
    worker = Worker(server.address)
    told = list[str]()

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        await job.checkpoint("begun", True)
        for _ in range(2):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError as cancelled:
                told.extend(cancelled.args)

    async with working(worker):
        await cancelled(client, (await client.create(kind)).id, timedelta(milliseconds=50))
        await until(lambda: len(told) == 2, "it is told again")
    assert told == ["Not needed.", "The lease is lost: cancel_requested."]


async def test_a_task_that_cancels_itself_has_failed(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Nobody asked for it: it must not look as if somebody had, and must not be lost without a word."""
    worker = Worker(server.address)

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        raise asyncio.CancelledError

    async with working(worker):
        execution = await ended(client, (await client.create(kind, max_attempts=1)).id)
    assert execution.status_reason == StatusReason.ATTEMPTS_EXHAUSTED
    assert execution.error is not None
    assert execution.error.code == "CancelledError"
