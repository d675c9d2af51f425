"""
What a deployment pays for each of its processes: for those that hear of changes, and for those that are idle.

A process hears of all changes in the partitions that one of its watches or workers needs; with a filter or a worker
these are all partitions. Here such processes have a watch that matches nothing, so hearing is all that they do, while
calls go to another process.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from redis import Redis

from . import calls, load, processes, workload
from .calls import Side
from .processes import Measured, Store
from .report import progress, spread, table
from .scale import Scale

LISTENERS: Final = 4
METHOD: Final = "UpdateProgress"
PARTITIONS: Final = (16, 64, 256)
IDLE_SECONDS: Final = 10.0
NOT_OF_SERVERS: Final = ("cmdstat_config", "cmdstat_info", "cmdstat_client")


@dataclass(frozen=True)
class Deployment:
    """A store, and a process with connections to it."""

    store: Store
    service: Side


async def measure(scale: Scale) -> None:
    """Print the table of shares, that of listeners, that of idle processes."""
    async with AsyncExitStack() as stack:
        alone, heard = [await stack.enter_async_context(_deployment()) for _ in range(2)]
        hearers = [await stack.enter_async_context(_hearer(heard.store)) for _ in range(LISTENERS)]
        empty = await stack.enter_async_context(calls.empty(alone.service[0]))
        await _shares(alone, scale)
        await _hearing(alone, heard, hearers, empty, scale)
    await _idle()


async def _shares(deployment: Deployment, scale: Scale) -> None:
    """How many processes keep a store as busy as themselves."""
    found: dict[str, list[float]] = {method: [] for method in workload.LIFE}
    for number in range(-1, scale.rounds):
        ids: list[str] = []
        for method in workload.LIFE:
            requests = _requests(method, ids, scale.calls)
            before = deployment.store.cpu_seconds()
            used, answers = await calls.cpu_seconds(deployment.service, method, requests)
            if number >= 0:
                found[method].append(used / (deployment.store.cpu_seconds() - before))
            if method == "CreateExecution":
                ids = [messages.CreateExecutionResponse.FromString(answer).execution.id for answer in answers]
        progress(f"listeners: shares, round {number + 1} of {scale.rounds}")
    rows = [(method, spread(ratios)) for method, ratios in found.items()]
    table("Server CPU per call / store CPU per call", ["call", "median (quartiles)"], rows)


def _requests(method: str, ids: Sequence[str], count: int) -> list[bytes]:
    if method == "CreateExecution":
        return [workload.create() for _ in range(count)]
    return [workload.request(method, id_) for id_ in ids]


async def _hearing(
    alone: Deployment, heard: Deployment, hearers: Sequence[Measured], empty: Side, scale: Scale
) -> None:
    """What a change costs those who only hear of it, and the store per hearer."""
    unheard, reports = [await _progress(deployment, scale.calls) for deployment in (alone, heard)]
    listening, telling = [], []
    for number in range(-1, scale.rounds):
        (storing,) = await _used([alone.store], alone.service, unheard)
        told, *hearing = await _used([heard.store, *hearers], heard.service, reports)
        (nothing,) = await _used([empty[0]], empty, reports)
        if number >= 0:
            listening.append(sum(hearing) / LISTENERS / nothing)
            telling.append((told / storing - 1) / LISTENERS)
        progress(f"listeners: hearing, round {number + 1} of {scale.rounds}")
    columns = ["CPU of the process / an empty call's", "more CPU of the store / a change nobody hears of"]
    table("A change, per further process that hears of it", columns, [[spread(listening), spread(telling)]])


async def _progress(deployment: Deployment, count: int) -> list[bytes]:
    """Reports on as many executions."""
    return [workload.progress(id_, 1) for id_ in await workload.running(deployment.service[1], count)]


async def _used(measured: Sequence[Measured], side: Side, requests: Sequence[bytes]) -> list[float]:
    """The CPU seconds of all *measured* while the calls are made."""
    before = [process.cpu_seconds() for process in measured]
    await calls.cpu_seconds(side, METHOD, requests)
    return [process.cpu_seconds() - then for process, then in zip(measured, before, strict=True)]


@asynccontextmanager
async def _deployment() -> AsyncIterator[Deployment]:
    async with (
        processes.embedded_store() as store,
        processes.service(store) as server,
        load.connected(server, calls.CONNECTIONS) as connections,
    ):
        yield Deployment(store, (server, connections))


@asynccontextmanager
async def _hearer(store: Store) -> AsyncIterator[Measured]:
    """A process that hears of every change, and has begun to."""
    async with processes.service(store) as server, load.connected(server, 1) as (connection,):
        began = asyncio.Event()
        filter_ = messages.ExecutionFilter(types=["nobody.has.it"])
        watch = messages.WatchExecutionsRequest(filter=filter_, snapshot=True).SerializeToString()
        connection.stream(workload.SERVICE + "WatchExecutions", watch, lambda _: began.set())
        await asyncio.wait_for(began.wait(), processes.PATIENCE_SECONDS)
        yield server


async def _idle() -> None:
    """What a process asks of the store and uses itself while nobody calls."""
    rows = []
    for partitions in PARTITIONS:
        async with (
            processes.embedded_store() as store,
            processes.service(store, "--partitions", str(partitions)) as server,
        ):
            await asyncio.sleep(1)  # its start is over by then
            with Redis.from_url(store.url) as client:
                client.config_resetstat()
                before = server.cpu_seconds(), store.cpu_seconds()
                await asyncio.sleep(IDLE_SECONDS)
                after = server.cpu_seconds(), store.cpu_seconds()
                statistics = client.info("commandstats")
        run = sum(one["calls"] for name, one in statistics.items() if not name.startswith(NOT_OF_SERVERS))
        shares = [(now - then) / IDLE_SECONDS for then, now in zip(before, after, strict=True)]
        rows.append([f"{partitions}", f"{run / IDLE_SECONDS:.0f}", *(f"{share:.2%}" for share in shares)])
        progress(f"listeners: idle with {partitions} partitions")
    columns = ["partitions", "commands a second", "of a core: the process", "of a core: the store"]
    table("An idle process", columns, rows)
