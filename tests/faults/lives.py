"""Clients that work and watch as ours do, with nothing of their own to mend what goes wrong; and what that gave."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, Final

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_client import AsyncExecutionClient, ExecutionProblem

from tests.service import aio_channel
from tests.waiting import until
from tests.watch.validators import Stream, Watch, truth_of, violations
from tests.watch.watchers import as_sent

CLIENTS: Final = 8
WATCHERS: Final = 3
"""Of each execution."""
ATTEMPTS: Final = 8
REPORTS: Final = 3
"""Of each attempt."""
GO_ON_SECONDS: Final = 120.0
"""Many calls, on a machine that may be slow."""


class Lives:
    """
    Runs executions to their end, one after the other, each under watch, until stopped. ``async with`` it.

    Attributes:
        answered: how many calls were.
        failed: the calls that the client gave up on, by what they ended with.
        watches: of each execution by its id, one per watcher.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
        self.answered = 0
        self.failed = Counter[str]()
        self.watches: dict[str, list[Watch]] = {}

    async def __aenter__(self) -> Lives:
        self._tasks = [asyncio.create_task(self._work()) for _ in range(CLIENTS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        await asyncio.gather(*self._tasks)

    async def go_on(self, calls: int = 200) -> None:
        """Return when so many more calls were answered, or one of the clients has broken."""
        enough = self.answered + calls
        await until(
            lambda: self.answered >= enough or self._has_broken(), "calls are answered", GO_ON_SECONDS
        )

    def _has_broken(self) -> bool:
        return any(task.done() for task in self._tasks)

    async def gaps(self, address: str) -> list[str]:
        """What the validators find wrong with the watches, held against the histories that the server answers."""
        wrong = []
        async with aio_channel(address) as channel:
            stub: Any = ExecutionServiceStub(channel)
            for id_, watches in self.watches.items():
                record = (await stub.GetExecution(api.GetExecutionRequest(id=id_))).execution
                assert record.status_changes == len(record.history)
                truth = truth_of([*record.history])
                wrong += [f"{id_}: {one}" for watch in watches for one in violations(watch, truth)]
        return wrong

    async def _work(self) -> None:
        async with AsyncExecutionClient(self._target) as client:
            while not self._stopping:
                try:
                    await self._live(client)
                except* ExecutionProblem as problems:
                    self.failed.update(f"{type(one).__name__}: {one}" for one in problems.exceptions)

    async def _live(self, client: AsyncExecutionClient) -> None:
        """One execution's life. The first call that fails ends it."""
        async with asyncio.TaskGroup() as group:
            id_ = (await self._call(client.create("lives", max_attempts=ATTEMPTS))).id
            for _ in range(WATCHERS):
                watch = Watch([Stream(None)])
                self.watches.setdefault(id_, []).append(watch)
                group.create_task(_watch(client, id_, watch))
            for number in range(1, ATTEMPTS + 1):
                attempt = (await self._call(client.start(id_))).attempts
                assert attempt == number, "the client's repeat of a start has started it twice"
                for report in range(REPORTS):
                    await self._call(client.update_progress(id_, report, REPORTS, attempt=attempt))
                await self._call(client.save_checkpoint(id_, "attempt", number, attempt=attempt))
                assert (await self._call(client.get(id_))).checkpoints["attempt"] == number
                if number < ATTEMPTS:
                    await self._call(client.fail(id_, "again", retryable=True, attempt=attempt))
            await self._call(client.complete(id_, attempt=attempt))

    async def _call(self, call: Any) -> Any:
        answer = await call
        self.answered += 1
        return answer


async def _watch(client: AsyncExecutionClient, id_: str, watch: Watch) -> None:
    async for told in client.watch(id_):
        watch.streams[0].messages.append(as_sent(told))
    watch.complete = True
