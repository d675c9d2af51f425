"""Lost acknowledgements, servers that die, servers that stop: tasks go on, and nothing happens twice."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from execution_client import AsyncExecutionClient, AsyncJob, ExecutionStatus, Job, Worker

from tests.clients.worker.network import network
from tests.clients.worker.working import comes_to, ended, eventually, working
from tests.process.programs import DEADLINE_SECONDS
from tests.servers import Server as Store
from tests.service import Service, serving
from tests.waiting import until


async def test_a_report_whose_acknowledgement_was_lost_is_repeated_and_has_its_effect_once(
    server: Service, client: AsyncExecutionClient, kind: str
) -> None:
    """The task waits for its checkpoint, so it must be acknowledged; what came since must not be overwritten by it."""
    returned = asyncio.Event()
    async with network(server.address) as between:
        worker = Worker(between.address)

        @worker.task(kind)
        async def do(job: AsyncJob) -> None:
            await job.checkpoint("begun", True)
            between.lose_answers()
            await job.checkpoint("at", "first")
            returned.set()
            await asyncio.Event().wait()

        async with working(worker):
            id = (await client.create(kind)).id
            await eventually(client, id, lambda execution: "at" in execution.checkpoints, "it is saved")
            await client.save_checkpoint(id, "at", "second", attempt=1)
            assert not returned.is_set()
            between.cut()
            between.mend()
            await asyncio.wait_for(returned.wait(), DEADLINE_SECONDS)
            assert between.connections == 2
            assert (await client.get(id)).checkpoints == {"begun": True, "at": "second"}


async def test_an_end_whose_acknowledgement_was_lost_is_settled_by_its_repeat(
    server: Service, client: AsyncExecutionClient, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The repeat is no late word of a lost attempt: it is answered as the first was, and the worker can stop."""
    async with network(server.address) as between:
        worker = Worker(between.address)

        @worker.task(kind)
        async def do(job: AsyncJob) -> str:
            await job.checkpoint("begun", True)
            between.lose_answers()
            return "done"

        async with working(worker) as run:
            execution = await ended(client, (await client.create(kind)).id)
            between.cut()
            between.mend()
            worker.stop()
            await asyncio.wait_for(run, DEADLINE_SECONDS)
    assert (execution.status, execution.result, execution.attempts) == ("completed", "done", 1)
    # What the worker says; grpcio's own event loop may complain of a socket read twice (grpc/grpc#25364).
    ours = [record for record in caplog.records if record.name.startswith("execution_client")]
    assert not [record for record in ours if record.levelname != "INFO"]


async def test_tasks_go_on_when_the_server_is_killed_and_started_again(
    store: Store, tmp_path: Path, kind: str
) -> None:
    """In mid-work, in tasks of both kinds, with reports of every sort under way: each step is done once."""
    steps = []
    with serving(tmp_path, "--store-url", store.url) as server:
        worker = Worker(server.address, progress_interval=0.01)

        async def do(job: AsyncJob) -> int:
            for step in range(30):
                steps.append((job.id, step))
                job.progress(step + 1, 30)
                await job.checkpoint(f"{step}", job.attempt)
            return job.attempt

        def do_in_thread(job: Job) -> int:
            for step in range(30):
                steps.append((job.id, step))
                job.progress(step + 1, 30)
                job.checkpoint(f"{step}", job.attempt)
            return job.attempt

        worker.task(kind)(do)
        worker.task(kind + " in a thread")(do_in_thread)
        async with working(worker), AsyncExecutionClient(server.address) as client:
            ids = [(await client.create(kind + other)).id for other in ("", " in a thread") for _ in range(5)]
            for count in (50, 150):
                await until(lambda count=count: len(steps) > count, "the tasks are at work")  # type: ignore[misc]
                server.kill9()
                server.start()
            executions = [await ended(client, id) for id in ids]
    for execution in executions:
        assert (execution.status, execution.attempts, execution.crashes) == (ExecutionStatus.COMPLETED, 1, 0)
        assert execution.checkpoints == {f"{step}": 1 for step in range(30)}
        assert execution.progress is not None
        assert execution.progress.current == 30
    assert sorted(steps) == sorted((id, step) for id in ids for step in range(30))


async def test_a_server_that_stops_hands_its_workers_over(store: Store, tmp_path: Path, kind: str) -> None:
    """A rollout of the service must not cost a single attempt."""
    go_on = asyncio.Event()
    with (
        serving(tmp_path / "old", "--store-url", store.url) as old,
        serving(tmp_path / "new", "--store-url", store.url) as new,
    ):
        worker = Worker(f"ipv4:{old.address},{new.address}", lease=timedelta(seconds=10))

        @worker.task(kind)
        async def do(job: AsyncJob) -> int:
            await job.checkpoint("begun", True)
            await go_on.wait()
            await job.checkpoint("going on", True)
            return job.attempt

        async with working(worker), AsyncExecutionClient(new.address) as client:
            first, second = [(await client.create(kind)).id for _ in range(2)]
            for id in (first, second):
                await eventually(client, id, lambda execution: execution.checkpoints, "its task has begun")
            # Which of the two the worker speaks to is gRPC's choice: stop first the one and then the other.
            old.terminate()
            assert await asyncio.to_thread(old.ended) == 0
            third = (await client.create(kind)).id
            await eventually(client, third, lambda execution: execution.checkpoints, "new work is given")
            old.start()
            new.terminate()
            assert await asyncio.to_thread(new.ended) == 0
            go_on.set()
            async with AsyncExecutionClient(old.address) as other:
                executions = [await ended(other, id) for id in (first, second, third)]
    assert [execution.result for execution in executions] == [1, 1, 1]
    assert {len(execution.history) for execution in executions} == {3}


async def test_a_server_that_does_not_exist_yet_is_waited_for(
    store: Store, tmp_path: Path, kind: str
) -> None:
    """Workers and servers are started in any order."""
    with serving(tmp_path, "--store-url", store.url) as server:
        server.kill9()
        worker = Worker(server.address)
        worker.task(kind)(lambda job: "done")
        async with working(worker):
            server.start()
            async with AsyncExecutionClient(server.address) as client:
                id = (await client.create(kind)).id
                assert (await comes_to(client, id, ExecutionStatus.COMPLETED)).result == "done"
