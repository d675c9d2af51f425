"""Something of everything that is counted."""

from __future__ import annotations

from typing import Any

import grpc.aio
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests.raw_worker import RawWorker, milliseconds
from tests.rpc.subjects import NOBODY
from tests.waiting import until


async def live(channel: grpc.aio.Channel, type_: str) -> None:
    """An execution's life with a watch: created, started, reported of and completed."""
    stub: Any = ExecutionServiceStub(channel)
    id_ = (await stub.CreateExecution(api.CreateExecutionRequest(type=type_))).execution.id
    watch = stub.WatchExecution(api.WatchExecutionRequest(id=id_))
    await watch.read()
    await stub.StartExecution(api.StartExecutionRequest(id=id_))
    await stub.UpdateProgress(api.UpdateProgressRequest(id=id_, progress=Progress(current=1, total=2)))
    await stub.CompleteExecution(api.CompleteExecutionRequest(id=id_))
    while await watch.read() is not grpc.aio.EOF:
        pass


async def refuse(channel: grpc.aio.Channel) -> None:
    """A call that is refused."""
    stub: Any = ExecutionServiceStub(channel)
    assert await stub.GetExecution(api.GetExecutionRequest(id=NOBODY)).code() is grpc.StatusCode.NOT_FOUND


async def lose_worker(channel: grpc.aio.Channel, type_: str) -> None:
    """A worker that takes an execution and is gone; returns when that has been noticed."""
    stub: Any = ExecutionServiceStub(channel)
    id_ = (await stub.CreateExecution(api.CreateExecutionRequest(type=type_))).execution.id
    async with RawWorker(channel, type_, lease_duration=milliseconds(1_000)) as worker:
        await until(lambda: worker.assignments, "it was given the execution")
    watch = stub.WatchExecution(api.WatchExecutionRequest(id=id_))
    while (await watch.read()).execution.crashes == 0:
        pass
    watch.cancel()
