"""What a call asks of the store: round trips, commands sent, and commands run, those inside of scripts included."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from execution_server.domain.problems import Problem
from redis import Redis

from . import workload
from .in_process import Replica, recorded, replica
from .processes import Store, embedded_store
from .report import table
from .scale import Scale

COUNT: Final = 100
NOT_OF_CALLS: Final = ("cmdstat_config", "cmdstat_info", "cmdstat_client", "cmdstat_select")
"""What the looks themselves cost."""

Call = Callable[[str], Awaitable[object]]


async def measure(scale: Scale) -> None:
    """Print one row per kind of call."""
    async with embedded_store() as store, replica(store) as first, replica(store) as second:
        for _ in range(2):  # what the first round counts contains the loading of the scripts
            rows = await _rows(store, first, second)
    table(
        "Store work per call (counts)",
        ["call", "round trips", "commands sent", "commands run in the store"],
        rows,
    )


async def _rows(store: Store, first: Replica, second: Replica) -> list[list[str]]:
    rows = [await _created(store, first)]
    ids = [record.id for record in (await first.call("ListExecutions", _page(COUNT))).executions]
    for name, call in _calls(first, second).items():
        rows.append(await _row(store, name, call, ids))
    return rows


def _calls(first: Replica, second: Replica) -> dict[str, Call]:
    """By name, in an order in which each finds the executions as its name says."""

    def on(server: Replica, method: str) -> Call:
        return lambda id_: server.call(method, workload.request(method, id_))

    async def refused(id_: str) -> None:
        with suppress(Problem):
            await first.call("StartExecution", workload.request("StartExecution", id_))

    return {
        "StartExecution": on(first, "StartExecution"),
        "UpdateProgress": on(first, "UpdateProgress"),
        "UpdateProgress, not seen by this process before": on(second, "UpdateProgress"),
        "UpdateProgress, changed by another process since": on(first, "UpdateProgress"),
        "StartExecution, refused": refused,
        "CompleteExecution": on(first, "CompleteExecution"),
        "GetExecution": on(first, "GetExecution"),
        "ListExecutions, page of 50": lambda _: first.call("ListExecutions", _page(50)),
        "CountExecutions": lambda _: first.call("CountExecutions", b""),
        "DeleteExecution": lambda id_: first.call("DeleteExecution", _delete(id_)),
    }


async def _created(store: Store, server: Replica) -> list[str]:
    return await _row(
        store,
        "CreateExecution",
        lambda _: server.call("CreateExecution", workload.create()),
        map(str, range(COUNT)),
    )


async def _row(store: Store, name: str, call: Call, ids: Iterable[str]) -> list[str]:
    with Redis.from_url(store.url) as client, recorded() as sent:
        client.config_resetstat()
        for id_ in ids:
            await call(id_)
        statistics = client.info("commandstats")
    run = sum(one["calls"] for command, one in statistics.items() if not command.startswith(NOT_OF_CALLS))
    commands = sum(len(together) for together in sent)
    return [name, *(f"{number / COUNT:.2f}" for number in (len(sent), commands, run))]


def _page(size: int) -> bytes:
    return messages.ListExecutionsRequest(page_size=size).SerializeToString()


def _delete(id_: str) -> bytes:
    return messages.DeleteExecutionRequest(id=id_).SerializeToString()
