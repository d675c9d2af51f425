"""
What watches cost: CPU per message that is delivered, time from update to delivery, memory while nothing happens.

The next update of an execution is sent when all have been told of the one before, so nothing is conflated and every
message counts. The update itself counts as part of its deliveries.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median
from typing import Final

from . import calls, load, processes, workload
from .processes import Store
from .report import percentile, progress, spread, table
from .scale import Scale
from .watching import Kind, Watchers, watching

BARE: Final = Kind("one message to all, from the empty server", own=False)
ONE: Final = Kind("one execution, watched by all", own=False)
OWN: Final = Kind("an execution each", own=True)
FILTER: Final = Kind(
    "a filter that one execution matches, watched by all", own=False, method="WatchExecutions"
)
FILTERS_UP_TO: Final = 1_000
"""Every WatchExecutions reads the index at its start, so thousands take long to open."""
EMPTY_CALLS: Final = 400
TIMED: Final = 200
"""Updates whose delivery to one watch is timed, and empty calls that are timed, per round."""


@dataclass
class Found:
    """What a kind of watch costs: a figure per round."""

    cpu: list[float] = field(default_factory=list)
    half: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    bytes_each: str = "-"


async def measure(scale: Scale) -> None:
    """Print a row per kind and number of watches."""
    rows = []
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        model = await stack.enter_async_context(processes.service(store))
        empty = await stack.enter_async_context(calls.empty(model))
        for count in scale.watches:
            for kind in (BARE, ONE, OWN, FILTER):
                if kind is FILTER and count > FILTERS_UP_TO:
                    continue
                found = await _found(store, empty, kind, count, scale)
                figures = (spread(found.cpu), spread(found.half), spread(found.p99), found.bytes_each)
                rows.append([kind.name, f"{count:,}", *figures])
                progress(f"watches: {count:,}, {kind.name}")
    columns = [
        "what is watched",
        "watches",
        "CPU per delivery / empty call",
        "median to delivery / empty call's",
    ]
    table("Watches", [*columns, "p99 to delivery / empty call's median", "bytes per idle watch"], rows)


async def _found(store: Store, empty: calls.Side, kind: Kind, count: int, scale: Scale) -> Found:
    type_ = str(uuid.uuid4())  # a filter for it finds the executions of this round only
    async with AsyncExitStack() as stack:
        side, ids = empty, [workload.NOBODY]
        if kind is not BARE:
            # A new one, with no memory to use again.
            server = await stack.enter_async_context(processes.service(store))
            side = server, await stack.enter_async_context(load.connected(server, calls.CONNECTIONS))
            ids = await workload.running(side[1], count if kind.own else 1, type_)
        before = side[0].memory_bytes()
        watchers = await stack.enter_async_context(watching(side[0], kind, ids, count, type_))
        found = Found()
        if kind is not BARE:
            found.bytes_each = f"{(side[0].memory_bytes() - before) / count:,.0f}"
        told = 1 if kind.own else count
        for number in range(-1, scale.watch_rounds):
            await _round(
                side, empty, ids, told, watchers, scale.deliveries, found if number >= 0 else Found()
            )
    return found


async def _round(
    side: calls.Side,
    empty: calls.Side,
    ids: Sequence[str],
    told: int,
    watchers: Watchers,
    deliveries: int,
    found: Found,
) -> None:
    """One round, of which the first warms up; *told* is how many are told of an update."""
    before, empty_seconds = await _empty_call(empty)
    cpu = await _cpu_per_delivery(side, ids, told, watchers, max(2, deliveries // told))
    seconds = await _seconds_to_delivery(side, ids, told, watchers, max(2, TIMED // told))
    after, _ = await _empty_call(empty)
    found.cpu.append(cpu / ((before + after) / 2))
    found.half.append(median(seconds) / empty_seconds)
    found.p99.append(percentile(seconds, 99) / empty_seconds)


async def _empty_call(empty: calls.Side) -> tuple[float, float]:
    """The CPU seconds of an empty call among others, and the median of how long one takes alone."""
    # Not UpdateProgress: that is what the empty server tells its watchers of.
    method, request = "CompleteExecution", workload.request("CompleteExecution", workload.NOBODY)
    cpu, _ = await calls.cpu_seconds(empty, method, [request] * EMPTY_CALLS)
    _, seconds = await load.run(empty[1][:1], workload.SERVICE + method, [request] * TIMED, per_connection=1)
    return cpu / EMPTY_CALLS, median(seconds)


async def _cpu_per_delivery(
    side: calls.Side, ids: Sequence[str], told: int, watchers: Watchers, updates: int
) -> float:
    server = side[0]
    began = server.cpu_seconds()
    if told == 1:
        watchers.arrived.clear()
        requests = [workload.progress(id_, step) for step, id_ in enumerate(islice(cycle(ids), updates))]
        await load.run(side[1], workload.SERVICE + "UpdateProgress", requests, per_connection=2)
        await watchers.wait_for(updates)
    else:
        await _seconds_to_delivery(side, ids, told, watchers, updates)
    return (server.cpu_seconds() - began) / (updates * told)


async def _seconds_to_delivery(
    side: calls.Side, ids: Sequence[str], told: int, watchers: Watchers, updates: int
) -> list[float]:
    """Update after update, each when all are told of the one before: how long each message took to arrive."""
    seconds: list[float] = []
    for step, id_ in enumerate(islice(cycle(ids), updates)):
        watchers.arrived.clear()
        began = time.perf_counter()
        await side[1][0].unary(workload.SERVICE + "UpdateProgress", workload.progress(id_, step))
        await watchers.wait_for(told)
        seconds.extend(moment - began for moment in watchers.arrived)
    return seconds
