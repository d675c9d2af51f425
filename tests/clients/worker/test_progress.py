"""Progress: as often as the task likes, as seldom as the service needs."""

import asyncio
from collections.abc import Callable

import pytest
from execution_client import (
    AsyncExecutionClient,
    AsyncJob,
    ExecutionProblem,
    ExecutionStatus,
    Job,
    Progress,
    Worker,
)
from execution_client._worker.progress import ConflatedProgress

from tests.clients.worker.working import comes_to, ended, eventually, working
from tests.service import Service
from tests.waiting import until

HOURLY = 3600.0


@pytest.mark.parametrize("fails", [False, True])
async def test_the_last_progress_is_kept_with_the_end_and_few_before_it(
    server: Service, client: AsyncExecutionClient, kind: str, fails: bool
) -> None:
    """A task may report every row of a million; the service hears of it now and then, and of the end in any case."""
    worker = Worker(server.address, progress_interval=HOURLY)

    @worker.task(kind)
    def do(job: Job) -> None:
        for row in range(100_000):
            job.progress(row + 1, 100_000, message=f"row {row}")
        if fails:
            raise ValueError("The last row is bad.")

    async with working(worker):
        execution = await ended(client, (await client.create(kind, max_attempts=1)).id)
    assert execution.status == ("failed" if fails else "completed")
    progress = execution.progress
    assert progress is not None
    assert (progress.current, progress.percent, progress.message) == (100_000, 100, "row 99999")
    assert execution.revision <= 4  # created, started, at most one report, ended


async def test_the_last_progress_outlives_a_result_that_is_refused(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """The failure that takes the result's place says all that the result would have said."""
    worker = Worker(server.address, progress_interval=HOURLY)

    @worker.task(kind)
    async def do(job: AsyncJob) -> str:
        job.progress(1, 2)
        await job.checkpoint("begun", True)  # The first progress is on its way by then.
        job.progress(2, 2)
        return "large" * 300_000

    async with working(worker):
        execution = await ended(client, (await client.create(kind, max_attempts=1)).id)
    assert execution.status == "failed"
    assert execution.progress is not None
    assert execution.progress.current == 2


async def test_progress_is_seen_while_the_task_goes_on(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """The last of a burst too, though nothing follows it."""
    worker = Worker(server.address, progress_interval=0.05)
    seen = asyncio.Event()

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        for row in range(1000):
            job.progress(row, percent=30)
        await seen.wait()

    async with working(worker):
        id = (await client.create(kind)).id
        execution = await eventually(
            client, id, lambda found: found.progress and found.progress.current == 999, "the last is there"
        )
        assert execution.progress is not None
        assert (execution.progress.total, execution.progress.percent) == (0, 30)
        seen.set()
        assert (await ended(client, id)).progress == execution.progress


async def test_progress_that_would_be_refused_is_told_to_the_task(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Sent along with a result it would take the result down with it."""
    worker = Worker(server.address)
    refused = 0

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        nonlocal refused
        for arguments in ((-1, 2), (1, float("inf")), (float("nan"), 1)):
            with pytest.raises(ValueError, match="has to be finite"):
                job.progress(*arguments)
            refused += 1
        with pytest.raises(ValueError, match="0 to 100"):
            job.progress(1, 2, percent=101)
        with pytest.raises(ValueError, match="4096"):
            job.progress(1, 2, message="ü" * 2049)

    async with working(worker):
        execution = await comes_to(client, (await client.create(kind)).id, ExecutionStatus.COMPLETED)
    assert (execution.progress, refused) == (None, 3)


class Sent:
    """What a ConflatedProgress has sent, and the means to acknowledge it."""

    def __init__(self, interval: float) -> None:
        self.numbers: list[float] = []
        self.acknowledge: Callable[[ExecutionProblem | None], None] = lambda problem: None
        self.progress = ConflatedProgress(asyncio.get_running_loop(), interval, self._send)

    def _send(self, progress: Progress, answered: Callable[[ExecutionProblem | None], None]) -> None:
        self.numbers.append(progress.current)
        self.acknowledge = answered


async def test_nothing_is_sent_before_the_one_before_is_acknowledged() -> None:
    """A service that is slow must not find a heap of old news."""
    sent = Sent(interval=0)
    sent.progress.put(Progress(1, 9))
    await until(lambda: sent.numbers, "the first is sent")
    for number in range(2, 6):
        sent.progress.put(Progress(number, 9))
        await asyncio.sleep(0)
    assert sent.numbers == [1]
    sent.acknowledge(None)
    await until(lambda: len(sent.numbers) == 2, "the newest is sent")
    sent.acknowledge(None)
    assert sent.numbers == [1, 5]
    assert sent.progress.take() is None


async def test_what_is_put_after_all_was_acknowledged_is_sent_too() -> None:
    """There is no state in which progress gets stuck."""
    sent = Sent(interval=0)
    for number in range(5):
        sent.progress.put(Progress(number, 9))
        await until(lambda number=number: len(sent.numbers) == number + 1, "it is sent")  # type: ignore[misc]
        sent.acknowledge(None)
    assert sent.numbers == [0, 1, 2, 3, 4]


async def test_the_end_takes_what_was_not_sent() -> None:
    """It leaves in the same report, and not a second time."""
    sent = Sent(interval=HOURLY)
    sent.progress.put(Progress(1, 9))
    await until(lambda: sent.numbers, "the first is sent")
    sent.acknowledge(None)
    sent.progress.put(Progress(2, 9))
    assert sent.progress.take() == Progress(2, 9)
    assert sent.progress.take() is None
