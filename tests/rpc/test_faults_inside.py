"""Faults of the service itself: the caller learns that, and nothing more; the log has the rest."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.store.port import Committed, Conflict, Part, Stored

from tests import service
from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import refusal_of
from tests.rpc.spoilt import SpoiltStore
from tests.rpc.subjects import NOBODY
from tests.waiting import until

SECRET = "cannot reach redis://admin:hunter2@10.0.0.7"
Ask = Callable[[Any], Any]


async def watch(stub: Any) -> None:
    async for _ in stub.WatchExecution(api.WatchExecutionRequest(id=NOBODY)):
        pass


ASKED: dict[str, Ask] = {
    "read": lambda stub: stub.GetExecution(api.GetExecutionRequest(id=NOBODY)),
    "change": lambda stub: stub.StartExecution(api.StartExecutionRequest(id=NOBODY)),
    "watch": watch,
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
async def test_an_unexpected_error_is_internal_and_says_nothing_of_its_cause(
    ask: Ask, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its text may hold anything: hosts, passwords, payloads. The incident's id leads from the one to the other."""
    store = SpoiltStore()
    store.failure = RuntimeError(SECRET)
    async with service.in_process(store, tmp_path) as address, service.aio_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await ask(ExecutionServiceStub(channel))

    refusal = refusal_of(raised.value)
    assert (refusal.code, refusal.reason) == ("INTERNAL", "UNEXPECTED")
    assert refusal.retry_ms is None
    (incident,) = refusal.metadata.values()
    assert list(refusal.metadata) == ["incidentId"]
    assert incident in refusal.message
    for part in ("redis", "hunter2", "RuntimeError", "Traceback"):
        assert part not in str(raised.value)
    (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert logged.fields["incidentId"] == incident  # type: ignore[attr-defined]  # logs.py knows it
    assert logged.exc_info is not None
    assert str(logged.exc_info[1]) == SECRET


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
async def test_a_cancellation_from_within_is_answered(ask: Ask, tmp_path: Path) -> None:
    """Something that the call shared was cancelled, not the call. gRPC would never answer it: the client would hang."""
    store = SpoiltStore()
    store.hanging = True
    async with service.in_process(store, tmp_path) as address, service.aio_channel(address) as channel:
        asking = asyncio.ensure_future(ask(ExecutionServiceStub(channel)))
        await until(lambda: store.is_waited_for, "the call has reached the store")
        store.cancel_shared()
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await asyncio.wait_for(asking, DEADLINE_SECONDS)
    refusal = refusal_of(raised.value)
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")


async def test_the_service_goes_on_after_a_fault(tmp_path: Path) -> None:
    """One call's bad luck is not the next one's."""
    store = SpoiltStore()
    async with service.in_process(store, tmp_path) as address, service.aio_channel(address) as channel:
        stub = ExecutionServiceStub(channel)
        created = (await stub.CreateExecution(api.CreateExecutionRequest(type="report"))).execution
        store.failure = RuntimeError(SECRET)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetExecution(api.GetExecutionRequest(id=created.id))
        store.failure = None
        found = (await stub.GetExecution(api.GetExecutionRequest(id=created.id))).execution
    assert found == created


class BusyStore(SpoiltStore):
    """A store in which somebody else is always first."""

    def __init__(self) -> None:
        super().__init__()
        self.commits = 0

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        self.commits += 1
        return Conflict(await self.load(after.id, Part.HEAD, deadline=deadline))


async def test_tries_are_bounded(tmp_path: Path) -> None:
    """A call that others keep getting in the way of gives up in time and says that it changed nothing."""
    store = BusyStore()
    settings = {"default_deadline": "100ms"}
    async with (
        service.in_process(store, tmp_path, **settings) as address,
        service.aio_channel(address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        created = (await stub.CreateExecution(api.CreateExecutionRequest(type="report"))).execution
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.StartExecution(api.StartExecutionRequest(id=created.id))
        found = (await stub.GetExecution(api.GetExecutionRequest(id=created.id))).execution
    refusal = refusal_of(raised.value)
    assert (refusal.code, refusal.reason) == ("ABORTED", "CONTENTION")
    assert refusal.metadata == {"executionId": created.id}
    assert store.commits > 1
    assert found == created
