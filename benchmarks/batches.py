"""
What an execution costs in a batch, and by a call of its own: for the server, the client and the store.

The client is what Python programs have, grpc.aio with the generated stubs, in this process; making the requests and
reading the answers is part of it. Slices of single calls stand before and after each slice of batches, half as long,
and the ratio per execution is kept.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, NamedTuple

import grpc
from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from . import processes, workload
from .processes import Measured, Store
from .report import progress, spread, table
from .scale import Scale

CHANNELS: Final = 4
CALLS_PER_CHANNEL: Final = 8
BATCH: Final = 500
BATCHES: Final = 8
"""Per slice, one at a time on each channel."""
OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))
DEADLINE_SECONDS: Final = 10.0
BASIC: Final = ExecutionView.EXECUTION_VIEW_BASIC
PARTS: Final = ("server", "client", "store", "all three")

Call = Callable[[Any], Awaitable[None]]
"""A call through a stub. Any: the stubs' types are those of blocking calls."""


class Bench(NamedTuple):
    """The processes, and a stub per channel to the server."""

    server: Measured
    store: Store
    stubs: Sequence[Any]

    async def times_cheaper(self, singles: Sequence[Call], batches: Sequence[Call]) -> list[float]:
        """How many times as much an execution costs by *singles*, in the order of ``PARTS``."""
        half = len(singles) // 2
        before = await self._cost(singles[:half], CALLS_PER_CHANNEL)
        together = await self._cost(batches, 1)
        after = await self._cost(singles[half:], CALLS_PER_CHANNEL)
        executions = len(batches) * BATCH / len(singles)
        return [(b + a) / t * executions for b, a, t in zip(before, after, together, strict=True)]

    async def _cost(self, calls: Sequence[Call], each: int) -> list[float]:
        """What *calls* cost in CPU seconds, *each* at a time per channel."""
        left = iter(calls)

        async def caller(stub: Any) -> None:
            for call in left:
                await call(stub)

        before = self._spent()
        async with asyncio.TaskGroup() as callers:
            for stub in self.stubs:
                for _ in range(each):
                    callers.create_task(caller(stub))
        spent = [after - earlier for after, earlier in zip(self._spent(), before, strict=True)]
        return [*spent, sum(spent)]

    def _spent(self) -> tuple[float, float, float]:
        return self.server.cpu_seconds(), time.process_time(), self.store.cpu_seconds()


async def measure(scale: Scale) -> None:
    """Print how many times cheaper an execution is in a batch."""
    created, read = list[list[float]](), list[list[float]]()
    async with _bench() as bench:
        for number in range(-1, scale.rounds):
            ids: list[str] = []
            create = await bench.times_cheaper(_creations(scale.calls, ids), _batches_created())
            get = await bench.times_cheaper(_reads(ids), _batches_read(ids))
            if number >= 0:  # the round before the first warms all up
                created.append(create)
                read.append(get)
            progress(f"batches: round {number + 1} of {scale.rounds}")
    rows = [
        [name, *map(spread, zip(*ratios, strict=True))]
        for name, ratios in (("BatchCreateExecutions", created), ("BatchGetExecutions", read))
    ]
    table(f"CPU per execution by single calls / in batches of {BATCH}", ["", *PARTS], rows)


def _creations(count: int, ids: list[str]) -> list[Call]:
    """Single calls that create, and put what they have made into *ids*."""

    async def call(stub: Any) -> None:
        response = await stub.CreateExecution(_creation(), timeout=DEADLINE_SECONDS)
        ids.append(response.execution.id)

    return [call] * count


def _batches_created() -> list[Call]:
    async def call(stub: Any) -> None:
        request = messages.BatchCreateExecutionsRequest(requests=[_creation() for _ in range(BATCH)])
        response = await stub.BatchCreateExecutions(request, timeout=DEADLINE_SECONDS)
        _check([outcome.created for outcome in response.outcomes])

    return [call] * BATCHES


def _reads(ids: Sequence[str]) -> list[Call]:
    def read(id_: str) -> Call:
        async def call(stub: Any) -> None:
            request = messages.GetExecutionRequest(id=id_, view=BASIC)
            await stub.GetExecution(request, timeout=DEADLINE_SECONDS)

        return call

    return [read(id_) for id_ in ids]


def _batches_read(ids: Sequence[str]) -> list[Call]:
    async def call(stub: Any) -> None:
        request = messages.BatchGetExecutionsRequest(ids=ids[:BATCH])
        response = await stub.BatchGetExecutions(request, timeout=DEADLINE_SECONDS)
        _check([outcome.HasField("execution") for outcome in response.outcomes])

    return [call] * BATCHES


def _creation() -> messages.CreateExecutionRequest:
    return messages.CreateExecutionRequest(
        type=workload.TYPE, payload=workload.PAYLOAD, request_id=str(uuid.uuid4())
    )


def _check(fine: list[bool]) -> None:
    if len(fine) != BATCH or not all(fine):
        raise RuntimeError(f"of {BATCH} executions in a batch {sum(fine)} were answered")


@asynccontextmanager
async def _bench() -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(server.address, OPTIONS))
            for _ in range(CHANNELS)
        ]
        yield Bench(server, store, [ExecutionServiceStub(channel) for channel in channels])
