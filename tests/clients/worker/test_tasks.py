"""What becomes of a task's result and of its exceptions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from execution_client import (
    AsyncExecutionClient,
    AsyncJob,
    Execution,
    ExecutionStatus,
    Job,
    PayloadTooLarge,
    Permanent,
    Retryable,
    StatusReason,
    TooManyCheckpoints,
    Worker,
)

from tests.clients.worker.working import AT_ONCE, comes_to, ended, working
from tests.service import Service

Do = Callable[..., Any]


async def done(server: Service, client: AsyncExecutionClient, kind: str, do: Do, **wanted: Any) -> Execution:
    """The end of an execution for which a worker does *do*; *wanted* are arguments of ``create``."""
    worker = Worker(server.address)
    worker.task(kind)(do)
    async with working(worker):
        return await ended(client, (await client.create(kind, **wanted)).id)


async def test_an_attempt_goes_on_where_the_one_before_failed(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Checkpoints are what a retry costs nothing for: each step is done once."""
    steps = []

    async def do(job: AsyncJob) -> Any:
        for step in range(job.checkpoints.get("next", 0), job.payload["steps"]):
            steps.append((job.attempt, step))
            await job.checkpoint("next", step + 1)
            assert job.checkpoints["next"] == step + 1
            if step == 2 and job.attempt == 1:
                raise ConnectionError("The other side hung up.")
        return {"steps": len(steps)}

    execution = await done(server, client, kind, do, payload={"steps": 5}, retry_policy=AT_ONCE)
    assert (execution.status, execution.result, execution.attempts) == ("completed", {"steps": 5}, 2)
    assert steps == [(1, 0), (1, 1), (1, 2), (2, 3), (2, 4)]


async def test_a_plain_function_runs_in_a_thread_and_has_the_same_job(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """What blocks must not stop the worker; its checkpoints are durable when it goes on."""

    def do(job: Job) -> Any:
        if job.attempt == 1:
            job.checkpoint("seen", [job.id, job.payload])
            job.checkpoint("gone", 1)
            job.checkpoint("gone", None)
            raise OSError("once")
        return {"checkpoints": job.checkpoints, "type": job.execution.type}

    execution = await done(server, client, kind, do, payload=7, retry_policy=AT_ONCE)
    assert execution.result == {"checkpoints": {"seen": [execution.id, 7]}, "type": kind}
    assert execution.checkpoints == {"seen": [execution.id, 7]}


async def test_what_returns_nothing_has_no_result(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Most functions that have no answer do not mean JSON null."""
    execution = await done(server, client, kind, lambda job: None)
    assert (execution.status, execution.has_result) == (ExecutionStatus.COMPLETED, False)


class QuotaHit(Exception):
    """An exception with a code of its own."""

    code = "QUOTA"


@pytest.mark.parametrize(
    ("kind_of_error", "arguments", "message", "code"),
    [
        (KeyError, ["x"], "'x'", "KeyError"),
        (QuotaHit, ["No more."], "No more.", "QUOTA"),
        (OSError, [], "OSError", "OSError"),
    ],
)
@pytest.mark.parametrize("in_thread", [False, True])
async def test_an_exception_fails_the_attempt_and_is_told(
    server: Service,
    client: AsyncExecutionClient,
    kind: str,
    kind_of_error: type[Exception],
    arguments: list[str],
    message: str,
    code: str,
    in_thread: bool,
) -> None:
    """Unless somebody says otherwise another attempt may help; what went wrong, and where, can be read later."""

    def fail(job: Job) -> None:
        raise kind_of_error(*arguments)

    async def fail_async(job: AsyncJob) -> None:
        raise kind_of_error(*arguments)

    execution = await done(server, client, kind, fail if in_thread else fail_async, max_attempts=1)
    assert (execution.status, execution.status_reason) == ("failed", StatusReason.ATTEMPTS_EXHAUSTED)
    error = execution.error
    assert error is not None
    assert (error.message, error.code, error.retryable) == (message, code, True)
    assert "raise kind_of_error" in error.stack
    assert "_worker" not in error.stack  # the stack is the task's, not the worker's


async def test_retryable_says_when_the_next_attempt_comes(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """A server that says when to come back is better obeyed than guessed at."""
    worker = Worker(server.address)

    @worker.task(kind)
    async def fail(job: AsyncJob) -> None:
        raise Retryable("Come back.", delay=timedelta(hours=1), code="BUSY", details={"queue": 3})

    async with working(worker):
        id = (await client.create(kind)).id
        execution = await comes_to(client, id, ExecutionStatus.RETRYING)
    assert execution.error is not None
    assert (execution.error.code, execution.error.details) == ("BUSY", {"queue": 3})
    assert execution.next_attempt_at is not None
    assert execution.updated_at is not None
    assert execution.next_attempt_at - execution.updated_at == timedelta(hours=1)


async def test_permanent_allows_no_other_attempt(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """What cannot be mended by repetition must not be repeated."""

    def fail(job: Job) -> None:
        raise Permanent("The album is gone.", code="GONE")

    execution = await done(server, client, kind, fail)
    assert (execution.status_reason, execution.attempts) == (StatusReason.NON_RETRYABLE_FAILURE, 1)
    assert execution.error is not None
    assert (execution.error.message, execution.error.code) == ("The album is gone.", "GONE")


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"at": object()}, "TypeError"),
        (2**60, "ValueError"),
        ("x" * 2_000_000, "PAYLOAD_TOO_LARGE"),
        ("x" * 5_000_000, "ValueError"),
    ],
)
async def test_a_result_that_cannot_be_kept_fails_the_execution(
    server: Service, client: AsyncExecutionClient, kind: str, result: object, code: str
) -> None:
    """It would be the same the next time; and it must not stop the stream that all others need."""
    execution = await done(server, client, kind, lambda job: result)
    assert (execution.status_reason, execution.attempts) == (StatusReason.NON_RETRYABLE_FAILURE, 1)
    assert execution.error is not None
    assert execution.error.code == code


async def test_a_checkpoint_that_is_refused_is_told_and_the_task_goes_on(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """The task knows what it can do without."""
    caught = list[type[Exception]]()

    async def do(job: AsyncJob) -> str:
        for value in ("x" * 300_000, float("nan")):
            try:
                await job.checkpoint("large", value)
            except (PayloadTooLarge, ValueError) as error:
                caught.append(type(error))
        try:
            for number in range(101):
                await job.checkpoint(f"{number}", number)
        except TooManyCheckpoints as error:
            caught.append(type(error))
        return "done"

    execution = await done(server, client, kind, do)
    assert (execution.result, len(execution.checkpoints)) == ("done", 100)
    assert caught == [PayloadTooLarge, ValueError, TooManyCheckpoints]


async def test_many_tasks_run_at_a_time_and_no_more_than_that(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """Concurrency is a promise in both directions."""
    worker = Worker(server.address, concurrency=3)
    running = most = 0

    @worker.task(kind)
    async def do(job: AsyncJob) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await job.checkpoint("at", most)
        running -= 1

    ids = [(await client.create(kind)).id for _ in range(20)]
    async with working(worker):
        for id in ids:
            assert (await ended(client, id)).status == ExecutionStatus.COMPLETED
    assert most == 3


def test_a_worker_refuses_what_it_cannot_be() -> None:
    """Better when it is made than when it runs."""
    for wrong in ({"concurrency": 0}, {"concurrency": 1_001}, {"lease": 0.5}, {"drain": -1}):
        with pytest.raises(ValueError):  # noqa: PT011 - what matters is that it is refused
            Worker("localhost:1", **wrong)
    worker = Worker("localhost:1")
    worker.task("a")(lambda job: None)
    with pytest.raises(ValueError, match="function already"):
        worker.task("a")(lambda job: None)
    bare: Any = worker.task
    with pytest.raises(TypeError, match="takes the type of executions"):
        bare(lambda job: None)


async def test_a_worker_without_tasks_does_not_run() -> None:
    """It would wait for ever for nothing."""
    with pytest.raises(RuntimeError, match="no tasks"):
        await Worker("localhost:1").run()
