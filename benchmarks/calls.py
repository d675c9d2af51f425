"""
The server's CPU per call, as a ratio to an empty handler's.

The clock of a shared machine drifts by a fifth over minutes, so each slice of calls to the service stands between two
slices of the same calls to the empty server, half as long, and only their ratio is kept.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages

from . import load, processes, workload
from .http2 import Connection
from .processes import Measured
from .report import progress, spread, table
from .scale import Scale

CONNECTIONS: Final = 4
PER_CONNECTION: Final = 8

Side = tuple[Measured, Sequence[Connection]]
"""A server and connections to it."""


async def measure(scale: Scale) -> None:
    """Print the ratios of every method of an execution's life."""
    ratios: dict[str, list[float]] = {method: [] for method in workload.LIFE}
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store())
        server = await stack.enter_async_context(processes.service(store))
        service = server, await stack.enter_async_context(load.connected(server, CONNECTIONS))
        empty_ = await stack.enter_async_context(empty(server))
        for number in range(-1, scale.rounds):
            ids: list[str] = []
            for method in workload.LIFE:
                ratio = await _pair(service, empty_, method, ids, scale.calls)
                if number >= 0:  # the round before the first warms both up
                    ratios[method].append(ratio)
            progress(f"calls: round {number + 1} of {scale.rounds}")
    rows = [(method, spread(found)) for method, found in ratios.items()]
    table("Server CPU per call / empty handler", ["call", "median (quartiles)"], rows)


async def _pair(service: Side, empty_: Side, method: str, ids: list[str], count: int) -> float:
    """The ratio of one slice to its two neighbours. Fills *ids* when it creates."""
    if method == "CreateExecution":
        requests = [workload.create() for _ in range(count)]
    else:
        requests = [workload.request(method, id_) for id_ in ids]
    half = count // 2
    before, _ = await cpu_seconds(empty_, method, requests[:half])
    measured, answers = await cpu_seconds(service, method, requests)
    after, _ = await cpu_seconds(empty_, method, requests[half:])
    if method == "CreateExecution":
        ids.extend(messages.CreateExecutionResponse.FromString(answer).execution.id for answer in answers)
    return measured / (before + after)


async def cpu_seconds(side: Side, method: str, requests: Sequence[bytes]) -> tuple[float, list[bytes]]:
    """What the calls cost the server, and the answers."""
    server, connections = side
    before = server.cpu_seconds()
    answers, _ = await load.run(
        connections, workload.SERVICE + method, requests, per_connection=PER_CONNECTION
    )
    return server.cpu_seconds() - before, answers


@asynccontextmanager
async def empty(service: Measured) -> AsyncIterator[tuple[Measured, list[Connection]]]:
    """The empty server, which answers what *service* answered to one execution's life; and connections to it."""
    async with load.connected(service, 1) as (connection,):
        answers = await _one_life(connection)
    text = json.dumps({method: answer.hex() for method, answer in answers.items()})
    with tempfile.NamedTemporaryFile("w", prefix="bench-", suffix=".json") as file:
        file.write(text)
        file.flush()
        async with (
            processes.empty_server(file.name) as server,
            load.connected(server, CONNECTIONS) as connections,
        ):
            yield server, connections


async def _one_life(connection: Connection) -> dict[str, bytes]:
    answers = {
        "CreateExecution": await connection.unary(workload.SERVICE + "CreateExecution", workload.create())
    }
    id_ = messages.CreateExecutionResponse.FromString(answers["CreateExecution"]).execution.id
    for method in workload.LIFE[1:]:
        answers[method] = await connection.unary(workload.SERVICE + method, workload.request(method, id_))
    # What a watch says of a progress report is the report's own answer and its cursor.
    execution = messages.UpdateProgressResponse.FromString(answers["UpdateProgress"]).execution
    event = messages.WatchExecutionResponse(
        revision=execution.revision, event=messages.WATCH_EVENT_UPDATED, execution=execution
    )
    return answers | {"WatchExecution": event.SerializeToString()}
