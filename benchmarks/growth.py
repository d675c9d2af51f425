"""
What lists, counts, reads and creations cost as the store grows: server and store CPU, as a ratio to the smallest.

There is a store and a server per size, all there at once, and the slices go round them, so that a drift of the machine
meets all sizes alike.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from execution_server.domain.status import COMPLETED
from execution_server.rpc import pages

from . import load, processes, stock, workload
from .http2 import Connection
from .processes import Measured, Store
from .report import progress, spread, table
from .scale import Scale

CONNECTIONS: Final = 4
PER_CONNECTION: Final = 2
SLICE: Final = 40
"""Calls per slice. A page costs many times what another call does."""


@dataclass(frozen=True)
class Deployment:
    """A server, its store, and the ids of some executions spread over it."""

    server: Measured
    store: Store
    connections: Sequence[Connection]
    ids: Sequence[str]


Requests = Callable[[Deployment], Iterable[bytes]]


def _any_page(deployment: Deployment) -> Iterable[bytes]:
    return [messages.ListExecutionsRequest(page_size=50).SerializeToString()] * SLICE


def _deep_page(deployment: Deployment) -> Iterable[bytes]:
    filter_ = messages.ExecutionFilter(statuses=[COMPLETED], types=[stock.TYPES[0]])
    query = pages.query_of(filter_)
    # After one of the newer half there is a full page in the smallest store too.
    for id_ in random.choices(sorted(deployment.ids)[len(deployment.ids) // 2 :], k=SLICE):
        token = pages.token(query, id_)
        yield messages.ListExecutionsRequest(
            filter=filter_, page_size=50, page_token=token
        ).SerializeToString()


def _count_all(deployment: Deployment) -> Iterable[bytes]:
    return [b""] * SLICE


def _count_some(deployment: Deployment) -> Iterable[bytes]:
    filter_ = messages.ExecutionFilter(statuses=[COMPLETED], types=[stock.TYPES[0]])
    return [messages.CountExecutionsRequest(filter=filter_).SerializeToString()] * SLICE


def _reads(deployment: Deployment) -> Iterable[bytes]:
    return [workload.request("GetExecution", id_) for id_ in random.choices(deployment.ids, k=SLICE)]


def _creations(deployment: Deployment) -> Iterable[bytes]:
    return [workload.create() for _ in range(SLICE)]


CALLS: Final[dict[str, tuple[str, Requests]]] = {
    "list: the newest 50": ("ListExecutions", _any_page),
    "list: 50 of a type and status, further back": ("ListExecutions", _deep_page),
    "count: all": ("CountExecutions", _count_all),
    "count: a type and status": ("CountExecutions", _count_some),
    "get: any": ("GetExecution", _reads),
    "create": ("CreateExecution", _creations),
}


async def measure(scale: Scale) -> None:
    """Print a row per call with the ratios of the larger stores to the smallest."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = {}
    async with AsyncExitStack() as stack:
        deployments = [await stack.enter_async_context(_deployment(size)) for size in scale.stored]
        for number in range(-1, scale.rounds):
            for name, (method, requests) in CALLS.items():
                for size, deployment in zip(scale.stored, deployments, strict=True):
                    costs = await _cpu_seconds(deployment, method, list(requests(deployment)))
                    if number >= 0:  # the round before the first warms up
                        found.setdefault((name, size), []).append(costs)
            progress(f"growth: round {number + 1} of {scale.rounds}")
    smallest, *larger = scale.stored
    rows = []
    for name in CALLS:
        base = found[name, smallest]
        cells = [_ratios(base, found[name, size], what) for size in larger for what in (0, 1)]
        rows.append([name, *cells])
    columns = [f"{what} at {size:,}" for size in larger for what in ("server", "store")]
    table(f"CPU per call / the same with {smallest:,} executions stored", ["call", *columns], rows)


def _ratios(base: Sequence[tuple[float, float]], larger: Sequence[tuple[float, float]], what: int) -> str:
    return spread([now[what] / then[what] for then, now in zip(base, larger, strict=True)])


async def _cpu_seconds(deployment: Deployment, method: str, requests: Sequence[bytes]) -> tuple[float, float]:
    server, store = deployment.server.cpu_seconds(), deployment.store.cpu_seconds()
    path = workload.SERVICE + method
    await load.run(deployment.connections, path, requests, per_connection=PER_CONNECTION)
    return deployment.server.cpu_seconds() - server, deployment.store.cpu_seconds() - store


@asynccontextmanager
async def _deployment(size: int) -> AsyncIterator[Deployment]:
    async with processes.embedded_store() as store:
        ids = await stock.fill(store, size)
        async with processes.service(store) as server, load.connected(server, CONNECTIONS) as connections:
            yield Deployment(server, store, connections, ids)
