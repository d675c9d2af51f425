"""
The service, by the project's own Python client: ``own_program.py ROLE ADDRESS``, see ``ROLES``.

Who creates in batches creates together, and reads together, whatever has gathered while the batch before was under way,
and is told by one watch of what has ended. The worker library tells only the newest progress, every now and then; here
each of the three has to be told, so the worker by a stream speaks to the stream itself, and waits for each
acknowledgement before it goes on, as peers do.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeVar

import grpc
import uvloop
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import Execution, Progress
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_client import AsyncExecutionClient, ExecutionStatus, NewExecution, View, WatchEvent
from google.protobuf.json_format import MessageToDict

from . import driving

A = TypeVar("A")
B = TypeVar("B")

TYPE: Final = "resize"
CONCURRENCY: Final = 64
BATCH: Final = 500
ENDED: Final = [status for status in ExecutionStatus if status.at_rest]


class Gathering(Generic[A, B]):
    """Does together what has been asked for while it was doing the last."""

    def __init__(self, do: Callable[[Sequence[A]], Awaitable[Sequence[B | Exception]]]) -> None:
        self._do = do
        self._asked: list[tuple[A, asyncio.Future[B]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, one: A) -> B:
        """Have *one* done with others; answers its own answer, or raises it."""
        answer: asyncio.Future[B] = asyncio.get_running_loop().create_future()
        self._asked.append((one, answer))
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while some := self._asked[:BATCH]:
            del self._asked[:BATCH]
            found = await self._do([one for one, _ in some])
            for (_, answer), outcome in zip(some, found, strict=True):
                if isinstance(outcome, Exception):
                    answer.set_exception(outcome)
                else:
                    answer.set_result(outcome)


async def create(address: str) -> None:
    """Create what is ordered. Progress is seen by a watch, a result without it by waiting."""
    async with AsyncExecutionClient(address) as client:

        async def lifecycle(payload: dict[str, Any], observed: driving.Observed) -> Any:
            created = await client.create(TYPE, payload)
            if observed.is_wanted:
                await _watch(client, created.id, observed)
            return (await client.wait(created.id)).result

        await driving.create(lifecycle)


async def create_in_batches(address: str) -> None:
    """The same in batches. What ends before its creator waits for it is kept until then."""
    ended: dict[str, asyncio.Future[None]] = {}
    watched = asyncio.Event()

    def end_of(id_: str) -> asyncio.Future[None]:
        return ended.setdefault(id_, asyncio.get_running_loop().create_future())

    async with AsyncExecutionClient(address) as client, asyncio.TaskGroup() as tasks:

        async def watch() -> None:
            async for message in client.watch_all(statuses=ENDED, types=[TYPE]):
                if message.event is WatchEvent.BOOKMARK:
                    watched.set()
                elif not end_of(message.id).done():
                    end_of(message.id).set_result(None)

        creations = Gathering(client.batch_create)
        reads = Gathering(partial(client.batch_get, view=View.FULL))

        async def lifecycle(payload: dict[str, Any], observed: driving.Observed) -> Any:
            created = await creations.ask(NewExecution(TYPE, payload))
            if observed.is_wanted:
                await _watch(client, created.id, observed)
            await end_of(created.id)
            del ended[created.id]
            return (await reads.ask(created.id)).result

        watching = tasks.create_task(watch())
        await watched.wait()
        await driving.create(lifecycle)
        watching.cancel()


async def _watch(client: AsyncExecutionClient, id_: str, observed: driving.Observed) -> None:
    seen = set[str]()
    async for message in client.watch(id_):
        progress = message.execution.progress if message.execution else None
        if progress is not None and progress.message not in seen:
            seen.add(progress.message)
            observed.saw(float(progress.message))


async def work_by_calls(address: str) -> None:
    """Work by claims and single calls."""
    free = asyncio.Semaphore(CONCURRENCY)
    async with AsyncExecutionClient(address) as client, asyncio.TaskGroup() as jobs:

        async def do(id_: str, attempt: int, payload: Any) -> None:
            for step in driving.STEPS:
                await asyncio.sleep(payload["pause_seconds"])
                await client.update_progress(id_, step, 3, message=str(time.time()), attempt=attempt)
            await client.complete(id_, driving.result(payload), attempt=attempt)
            free.release()

        while True:
            slots = 0
            while not slots or (slots < CONCURRENCY and not free.locked()):
                await free.acquire()
                slots += 1
            claimed = await client.claim("bench", [TYPE], max_executions=slots)
            for _ in range(slots - len(claimed)):
                free.release()
            for execution in claimed:
                jobs.create_task(do(execution.id, execution.attempts, execution.payload))


class Stream:
    """A worker's stream: sends what it is told to, and hands out the acknowledgements."""

    def __init__(self) -> None:
        self._gathered = work.WorkRequest(
            hello=work.WorkHello(worker_id="bench", types=[TYPE], slots=CONCURRENCY)
        )
        self._woken = asyncio.Event()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._jobs = set[asyncio.Task[None]]()
        self._sequence = 0

    async def run(self, stub: Any) -> None:
        """Work until the server ends the stream."""
        async for response in stub.Work(self._requests()):
            for acknowledgement in response.acknowledgements:
                if acknowledgement.HasField("refusal"):
                    raise RuntimeError(acknowledgement.refusal.message)
                self._waiting.pop(acknowledgement.sequence).set_result(None)
            for execution in response.assignments:
                job = asyncio.create_task(self._do(execution))
                self._jobs.add(job)
                job.add_done_callback(self._jobs.discard)

    async def _requests(self) -> AsyncIterator[work.WorkRequest]:
        while True:
            leaving, self._gathered = self._gathered, work.WorkRequest()
            yield leaving
            await self._woken.wait()
            self._woken.clear()

    async def _do(self, execution: Execution) -> None:
        payload = MessageToDict(execution.payload)
        for step in driving.STEPS:
            await asyncio.sleep(payload["pause_seconds"])
            progress = Progress(current=step, total=3, message=str(time.time()))
            await self._report(execution, progress=progress)
        complete = work.WorkCompletion()
        complete.result.struct_value.update(driving.result(payload))
        await self._report(execution, complete=complete)

    async def _report(self, about: Execution, **fields: Any) -> None:
        self._sequence += 1
        self._waiting[self._sequence] = acknowledged = asyncio.get_running_loop().create_future()
        self._gathered.reports.add(sequence=self._sequence, id=about.id, attempt=about.attempts, **fields)
        self._woken.set()
        await acknowledged


async def work_by_stream(address: str) -> None:
    """Work by a stream."""
    async with grpc.aio.insecure_channel(address) as channel:
        await Stream().run(WorkerServiceStub(channel))


ROLES: Final = {
    "create": create,
    "create-in-batches": create_in_batches,
    "work-by-stream": work_by_stream,
    "work-by-calls": work_by_calls,
}


if __name__ == "__main__":
    _, role, where = sys.argv
    uvloop.run(ROLES[role](where))
