"""A worker on the bare stub of the ``Work`` stream: it says what a test tells it to, and notes what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from itertools import count
from types import TracebackType
from typing import Any, Self

import grpc.aio
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from google.protobuf.duration_pb2 import Duration

from tests.waiting import until


def milliseconds(number: int) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(number)
    return duration


def held(*executions: Execution) -> list[work.HeldAttempt]:
    """What a worker says that it holds."""
    return [work.HeldAttempt(id=one.id, attempt=one.attempts) for one in executions]


class RawWorker:
    """
    One stream. Use it with ``async with``; leaving it breaks the stream off.

    Attributes:
        assignments: what it was given, in order.
        acknowledgements: what became of its reports, by sequence number.
        directives: what it has to do, in order.
        message_bytes: the size of each message that came.
        error: how the stream ended, if not well.
    """

    def __init__(self, channel: grpc.aio.Channel, *types: str, listening: bool = True, **hello: Any) -> None:
        """
        Args:
            listening: whether it reads what it is told, from the start or only once ``listen`` is called.
            hello: fields of the WorkHello, instead of a worker "raw" with one slot.
        """
        fields = {"worker_id": "raw", "slots": 1, **hello}
        self.hello = work.WorkHello(types=types, **fields)
        self.assignments: list[Execution] = []
        self.acknowledgements: dict[int, work.WorkAcknowledgement] = {}
        self.directives: list[work.WorkDirective] = []
        self.message_bytes: list[int] = []
        self.error: grpc.aio.AioRpcError | None = None
        self._channel = channel
        self._may_read = asyncio.Event()
        if listening:
            self._may_read.set()
        self._requests = asyncio.Queue[work.WorkRequest | None]()
        self._sequence = count(1)

    async def __aenter__(self) -> Self:
        self.send(hello=self.hello)
        self._call = WorkerServiceStub(self._channel).Work(self._said())
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.break_off()

    def send(self, **fields: Any) -> None:
        """Say something."""
        self._requests.put_nowait(work.WorkRequest(**fields))

    def listen(self) -> None:
        """Read what has come and what comes."""
        self._may_read.set()

    def say_no_more(self) -> None:
        """Half-close the stream."""
        self._requests.put_nowait(None)

    async def break_off(self) -> None:
        """Cancel the stream."""
        self._call.cancel()
        self.listen()
        await asyncio.wait([self._reading])

    async def report(self, execution: Execution, **fields: Any) -> work.WorkAcknowledgement:
        """Report something of an attempt and wait for the acknowledgement."""
        return (await self.report_all([{"id": execution.id, "attempt": execution.attempts, **fields}]))[0]

    async def report_all(self, reports: Iterable[dict[str, Any]]) -> list[work.WorkAcknowledgement]:
        """Report in one message and wait for all acknowledgements."""
        numbered = [{"sequence": next(self._sequence), **report} for report in reports]
        self.send(reports=[work.WorkReport(**report) for report in numbered])
        sequences = {report["sequence"] for report in numbered}
        await self.until(lambda: sequences <= self.acknowledgements.keys(), "the reports are acknowledged")
        return [self.acknowledgements[report["sequence"]] for report in numbered]

    async def assigned(self, number: int) -> list[Execution]:
        """Wait until it was given *number* in all; the newest of them last."""
        await self.until(lambda: len(self.assignments) >= number, f"{number} are assigned")
        assert len(self.assignments) == number
        return self.assignments

    async def directed(self, number: int) -> list[work.WorkDirective]:
        """Wait until it was told *number* directives in all."""
        await self.until(lambda: len(self.directives) >= number, f"{number} directives come")
        assert len(self.directives) == number
        return self.directives

    async def told(self, kind: str) -> work.WorkDirective:
        """Wait for a directive of a kind; the first of them."""

        def found() -> list[work.WorkDirective]:
            return [one for one in self.directives if one.WhichOneof("directive") == kind]

        await self.until(lambda: bool(found()), f"a directive {kind} comes")
        return found()[0]

    async def ended(self) -> grpc.aio.AioRpcError | None:
        """Wait for the end of the stream; the error that it ended with, if any."""
        await until(self._reading.done, "the stream ends")
        return self.error

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until *condition* holds, and fail if the stream ends before that."""
        await until(lambda: condition() or self._reading.done(), what)
        assert condition(), f"the stream ended before {what}: {self.error}"

    async def _said(self) -> AsyncIterator[work.WorkRequest]:
        while (request := await self._requests.get()) is not None:
            yield request

    async def _read(self) -> None:
        await self._may_read.wait()
        try:
            async for response in self._call:
                self.message_bytes.append(response.ByteSize())
                self.assignments.extend(response.assignments)
                self.acknowledgements.update((one.sequence, one) for one in response.acknowledgements)
                self.directives.extend(response.directives)
        except grpc.aio.AioRpcError as error:
            self.error = error
        except asyncio.CancelledError:  # what a cancelled call raises
            pass
