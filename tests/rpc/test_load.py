"""Many calls at once, and many processes on one port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.rpc.refusals import refusal_of, refused
from tests.rpc.subjects import NOBODY

CALLS: Final = 4_000
CONNECTIONS: Final = 8


async def test_four_thousand_calls_at_once_are_all_served(tmp_path: Path) -> None:
    """
    gRPC's Python server cancels what waits to be accepted beyond a thousand; ours must not.

    The server stands still while they are sent, so it gets them all at once. The store does too, so that none is
    answered before all are under way: the server takes exactly so many, and says so to one more.
    """
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url, "--max-inflight", str(CALLS)) as server,
    ):
        async with AsyncExitStack() as stack:
            channels = [service.aio_channel(server.address) for _ in range(CONNECTIONS)]
            stubs: list[Any] = [
                ExecutionServiceStub(await stack.enter_async_context(channel)) for channel in channels
            ]
            execution = (await stubs[0].CreateExecution(api.CreateExecutionRequest(type="report"))).execution
            request = api.GetExecutionRequest(id=execution.id)
            store.pause()
            server.pause()
            calls = [stubs[number % CONNECTIONS].GetExecution(request, timeout=60) for number in range(CALLS)]
            await asyncio.sleep(0)  # they begin
            server.resume()
            await until_full(stubs[0])
            store.resume()
            answers = [await answer(call, stubs[0], request) for call in calls]
    assert answers == [execution] * CALLS


async def answer(call: Awaitable[Any], stub: Any, request: api.GetExecutionRequest) -> Execution:
    """The answer of *call*. A look by ``until_full`` may have taken the last place: then of another, made when told."""
    while True:
        try:
            execution: Execution = (await call).execution
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            if refusal.reason != "QUOTA_EXCEEDED":
                raise
            await asyncio.sleep((refusal.retry_ms or 0) / 1000)
            call = stub.GetExecution(request, timeout=60)
        else:
            return execution


async def until_full(stub: Any) -> None:
    """Return when the server has all the calls under way that it takes."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while True:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetExecution(api.GetExecutionRequest(id="no id"))  # takes no time where there is room
        if refusal_of(raised.value).reason == "QUOTA_EXCEEDED":
            return
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.05)


def test_all_processes_on_one_port_serve(tmp_path: Path) -> None:
    """Each new connection comes to one of them; with thirty-two, both have had some."""
    options = ("--data-dir", str(tmp_path / "data"), "--workers", "2")
    with service.serving(tmp_path, *options) as server:
        for _ in range(32):
            with service.channel(server.address) as channel:
                refused(ExecutionServiceStub(channel).GetExecution, api.GetExecutionRequest(id=NOBODY))

        def answering() -> set[int]:
            lines = [line for line in server.log_lines() if line["message"] == "failed call"]
            return {line["process"] for line in lines} if len(lines) == 32 else set()

        wait_until(answering, "all calls are in the log")
        assert len(answering()) == 2
