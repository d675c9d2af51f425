"""A worker's stream as a caller: what is reported at the same time leaves in one message, and is committed together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count
from typing import Any, Final

import grpc.aio
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.error_reason_pb2 import ErrorReason
from croco.execution.v1.execution_pb2 import ExecutionError
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.rpc.work_stream import REPORT_SECONDS

from tests.faults.histories.callers import RECONNECT, Told, Wish, refused_for, value_of
from tests.faults.histories.contract import Answer
from tests.service import CHANNEL_OPTIONS

UNSETTLED: Final = ("STORE_UNAVAILABLE", "SERVER_DRAINING")
"""The reasons that leave open whether a report took effect."""


class StreamCaller:
    """Reports on attempts, whoever has them. A stream that breaks is opened anew for the next report."""

    late_seconds = REPORT_SECONDS
    """A server tries to do what is reported for so long, whether or not anybody still waits for the acknowledgement."""

    def __init__(self, stub: Any, server: int) -> None:
        self.name, self.server = f"stream {server}", server
        self._stub = stub
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Told]] = {}
        self._leaving: asyncio.Queue[work.WorkReport] | None = None  # by the stream that there is
        self._streaming: asyncio.Task[None] | None = None

    async def call(self, wish: Wish, patience: float) -> Told:
        """See ``Caller``."""
        number = next(self._numbers)
        told = self._waiting[number] = asyncio.get_running_loop().create_future()
        if self._leaving is None:
            self._leaving = asyncio.Queue()
            self._streaming = asyncio.create_task(self._stream(self._leaving))
        self._leaving.put_nowait(_report(wish, number))
        await asyncio.wait([told], timeout=patience)
        self._waiting.pop(number, None)
        return told.result() if told.done() else Told(None)

    async def close(self) -> None:
        """End the stream."""
        if self._streaming is not None:
            self._streaming.cancel()
            await asyncio.wait([self._streaming])

    async def _stream(self, leaving: asyncio.Queue[work.WorkReport]) -> None:
        with suppress(grpc.aio.AioRpcError):
            async for response in self._stub.Work(self._requests(leaving)):
                for one in response.acknowledgements:
                    self._tell(one.sequence, _answer(one))
        self._leaving = None
        for number in [*self._waiting]:  # what has not left yet never will
            self._tell(number, None)

    def _tell(self, number: int, answer: Answer | None) -> None:
        told = self._waiting.pop(number, None)
        if told is not None and not told.done():
            told.set_result(Told(answer))

    async def _requests(self, leaving: asyncio.Queue[work.WorkReport]) -> AsyncIterator[work.WorkRequest]:
        yield work.WorkRequest(hello=work.WorkHello(worker_id=self.name, slots=1))
        while True:
            reports = [await leaving.get()]
            while not leaving.empty():
                reports.append(leaving.get_nowait())
            yield work.WorkRequest(reports=reports)


@asynccontextmanager
async def streams(addresses: Sequence[str]) -> AsyncIterator[list[StreamCaller]]:
    """A stream to each server."""
    async with AsyncExitStack() as stack:
        made = []
        for number, address in enumerate(addresses):
            channel = grpc.aio.insecure_channel(address, (*CHANNEL_OPTIONS, *RECONNECT))
            stub = WorkerServiceStub(await stack.enter_async_context(channel))
            made.append(StreamCaller(stub, number))
            stack.push_async_callback(made[-1].close)
        yield made


def _report(wish: Wish, number: int) -> work.WorkReport:
    report = work.WorkReport(sequence=number, id=wish.id, attempt=wish.attempt, request_id=wish.request_id)
    match wish.verb:
        case "complete":
            report.complete.SetInParent()
        case "fail":
            report.fail.CopyFrom(ExecutionError(message="again", retryable=wish.arguments["retryable"]))
        case "save_checkpoints":
            for key, value in wish.arguments["checkpoints"].items():
                report.checkpoints[key].CopyFrom(value_of(value))
    return report


def _answer(acknowledgement: work.WorkAcknowledgement) -> Answer | None:
    if not acknowledgement.HasField("refusal"):
        return Answer(revision=acknowledgement.revision)
    reason = ErrorReason.Name(acknowledgement.refusal.reason).removeprefix("ERROR_REASON_")
    return refused_for("UNAVAILABLE" if reason in UNSETTLED else reason, reason)
