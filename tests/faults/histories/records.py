"""
What records tell of themselves, held against each other, against the calls and against the store's clock.

That clock is the only one that counts. So whatever the servers' clocks show, each time in a record lies between the
calls that can have made it and those that knew of it; ids and pages are in that order; and no deadline is left over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import cycle
from typing import Any, Final

import grpc
import grpc.aio
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import ALLOWED, RUNNING, reason_name
from execution_server.rpc.work_stream import REPORT_SECONDS

from tests.faults.histories.contract import Call
from tests.faults.histories.recording import History
from tests.faults.histories.sites import Site
from tests.faults.histories.traffic import LIMIT_MS
from tests.service import aio_channel

BEHIND_MS: Final = 5_000
"""How far behind the store's clock a server may believe it: by what it took to read it, on a slow machine."""
DECIDED_MS: Final = int(REPORT_SECONDS * 1_000)
"""How long before it was made a change may have been decided on: a server goes on trying to make what was reported."""
AHEAD_MS: Final = 1_000
"""How far ahead: not at all, but this machine's clocks may be corrected meanwhile."""
PAGE: Final = 100
PATIENCE_SECONDS: Final = 60.0
PAUSE_SECONDS: Final = 0.1


async def wrong_records(site: Site, histories: Sequence[History]) -> AsyncIterator[str]:
    """What is wrong with the executions that are there at the end, in sentences. Every server is asked."""
    async with AsyncExitStack() as stack:
        addresses = [service.address for service in site.services]
        channels = [await stack.enter_async_context(aio_channel(address)) for address in addresses]
        stubs: list[Any] = [ExecutionServiceStub(channel) for channel in channels]
        ids = []
        asked_ms = await asyncio.to_thread(site.now_ms)
        for stub, history in zip(cycle(stubs), histories, strict=False):
            request = api.GetExecutionByIdempotencyKeyRequest(idempotency_key=history.key)
            found = (await _answered(stub.GetExecutionByIdempotencyKey, request)).execution
            ids.append(found.id)
            for wrong in (*contradictions(found), *untimely(found, history.calls, site.apart)):
                yield f"{found.id}: {wrong}"
            if found.status == RUNNING and found.HasField("timeout"):
                late_ms = asked_ms - found.started_at.ToMilliseconds() - LIMIT_MS
                if late_ms > BEHIND_MS:
                    yield f"{found.id}: its attempt should have ended {late_ms} ms ago"
        if (listed := [id_ async for id_ in _listed(stubs)]) != sorted(ids, reverse=True):
            yield f"{len(listed)} are listed, not the {len(ids)} that there are, or not in their order"


def contradictions(record: Execution) -> Iterator[str]:
    """Where a record tells of what must not be."""
    begun_ms = last_ms = 0
    for number, entry in enumerate(record.history):
        at_ms, from_ = entry.at.ToMilliseconds(), getattr(entry, "from")
        if number and entry.to not in ALLOWED[from_]:
            yield f"it went from {from_} to {entry.to}"
        if at_ms < last_ms:
            yield f"revision {entry.revision} is {last_ms - at_ms} ms older than the one before"
        last_ms = at_ms
        if reason_name(entry.reason) == "started":
            begun_ms = at_ms
        if reason_name(entry.reason) == "attempt_timeout" and at_ms < begun_ms + LIMIT_MS:
            yield f"attempt {entry.attempt} was ended {begun_ms + LIMIT_MS - at_ms} ms early"
    starts = [entry.attempt for entry in record.history if reason_name(entry.reason) == "started"]
    if starts != [*range(1, record.attempts + 1)] or record.attempts > record.max_attempts:
        yield f"attempts {starts} were started, and it counts {record.attempts} of {record.max_attempts}"
    if (id_ms := int(record.id.replace("-", "")[:12], 16)) != record.created_at.ToMilliseconds():
        yield f"its id is of {id_ms}, but it was created at {record.created_at.ToMilliseconds()}"


def untimely(record: Execution, calls: Sequence[Call], apart: tuple[float, float]) -> Iterator[str]:
    """
    Where a record tells of a time that the store's clock can't have shown.

    Args:
        apart: how far the store's clock was ahead of this machine's, at least and at most, in seconds.
    """
    right_ms = (time.time() - time.monotonic()) * 1_000
    slowest_ms = right_ms + apart[0] * 1_000 - BEHIND_MS - DECIDED_MS
    fastest_ms = right_ms + apart[1] * 1_000 + AHEAD_MS
    told = [(call, call.answer.revision) for call in calls if call.answer and call.answer.revision]
    for entry in record.history:
        # Somebody asked and was told that it was not made yet; somebody was told of it.
        before = [call.invoked for call, known in told if call.verb == "get" and known < entry.revision]
        after = [call.until for call, known in told if known >= entry.revision]
        earliest_ms = slowest_ms + max(before, default=min(call.invoked for call in calls)) * 1_000
        latest_ms = fastest_ms + min(after, default=time.monotonic()) * 1_000
        at_ms = entry.at.ToMilliseconds()
        if not earliest_ms <= at_ms <= latest_ms:
            yield f"revision {entry.revision} was made at {at_ms}, not within {earliest_ms:.0f}..{latest_ms:.0f}"


async def _answered(method: Any, request: Any) -> Any:
    """The answer; the store may still be busy with what went wrong."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await method(request)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE or time.monotonic() > deadline:
                raise
            await asyncio.sleep(PAUSE_SECONDS)


async def _listed(stubs: Sequence[Any]) -> AsyncIterator[str]:
    """The ids of all that is listed, newest first; each page from another server."""
    token, number = "", 0
    while token or not number:
        request = api.ListExecutionsRequest(page_size=PAGE, page_token=token)
        page = await _answered(stubs[number % len(stubs)].ListExecutions, request)
        for one in page.executions:
            yield one.id
        token, number = page.next_page_token, number + 1
