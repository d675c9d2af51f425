"""Bytes that the store keeps per finished execution with 300 bytes of payload."""

from __future__ import annotations

import asyncio
from typing import Final

from . import workload
from .in_process import Replica, replica
from .processes import Store, embedded_store
from .report import progress, table
from .scale import Scale

AT_A_TIME: Final = 64
LIVES: Final = ("StartExecution", "UpdateProgress", "CompleteExecution")


async def measure(scale: Scale) -> None:
    """Print a row for calls with ``request_id`` and one for calls without."""
    rows = []
    for with_request_id in (False, True):
        async with embedded_store() as store, replica(store) as server:
            # What the first few cost once for all (scripts, index sets) is not counted.
            await _finish(server, scale.executions // 10, with_request_id=with_request_id)
            before = _used(store)
            await _finish(server, scale.executions, with_request_id=with_request_id)
            bytes_each = (_used(store) - before) / scale.executions
        name = "with a request_id on every call, within the hour" if with_request_id else "without"
        rows.append([name, f"{bytes_each:.0f}"])
    table("Store memory per finished execution (bytes)", ["calls", "bytes"], rows)


def _used(store: Store) -> int:
    return int(str(store.information("memory")["used_memory"]))


async def _finish(server: Replica, count: int, *, with_request_id: bool) -> None:
    """Create, start, report on and complete *count* executions."""
    numbers = iter(range(count))

    async def caller() -> None:
        for number in numbers:
            created = await server.call("CreateExecution", workload.create(with_request_id=with_request_id))
            for method in LIVES:
                request = workload.request(method, created.execution.id, with_request_id=with_request_id)
                await server.call(method, request)
            if number % 5_000 == 0:
                progress(f"memory: {number} of {count} executions finished")

    await asyncio.gather(*(caller() for _ in range(AT_A_TIME)))
