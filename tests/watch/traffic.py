"""Executions that keep changing while servers come and go, and the truth about them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import grpc
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, HistoryEntry, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests.service import CHANNEL_OPTIONS, Service
from tests.watch.validators import truth_of

PASSING: Final = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
)
"""What a caller sees of a server that dies, stops or has lost its store. UNKNOWN without a reason: a broken stream."""
CALL_SECONDS: Final = 5.0
FILLER: Final = "x" * 2_000
"""In each record, so that a reader's buffers hold a few messages only."""
QUICK: Final = (
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 500),
    ("grpc.max_reconnect_backoff_ms", 500),
)
SMALL: Final = (("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1024))


class Servers:
    """The servers and connections to them: one for calls, one for watches, one for watches that are read slowly."""

    def __init__(self, services: list[Service], dice: random.Random) -> None:
        self.services = services
        self._dice = dice
        self._channels = [
            [self._open(service, options) for options in ((), (), SMALL)] for service in services
        ]

    def stub(self, purpose: int) -> Any:
        """Calls to any server: 0 for unary ones, 1 for watches, 2 for slow ones."""
        return ExecutionServiceStub(self._dice.choice(self._channels)[purpose])

    def address(self) -> str:
        """Of any server."""
        return self._dice.choice(self.services).address

    async def call(self, method: str, request: Any) -> Any:
        """Call until some server answers; repeats are known by their request_id."""
        while True:
            try:
                return await getattr(self.stub(0), method)(request, timeout=CALL_SECONDS)
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    raise
                await asyncio.sleep(self._dice.uniform(0, 0.2))

    async def close(self) -> None:
        for channels in self._channels:
            for channel in channels:
                await channel.close()

    @staticmethod
    def _open(service: Service, options: tuple[tuple[str, int], ...]) -> grpc.aio.Channel:
        return grpc.aio.insecure_channel(service.address, (*CHANNEL_OPTIONS, *QUICK, *options))


@dataclass
class Subject:
    """
    An execution and what is known of it.

    Attributes:
        record: as it was last answered.
        truth: every status change.
        rests: it will not change any more.
    """

    record: Execution
    truth: dict[int, HistoryEntry] = field(default_factory=dict)
    rests: bool = False

    def learn(self, record: Execution) -> None:
        """Take an answer in; a FULL one tells the truth."""
        self.record = record
        self.truth |= truth_of([*record.history])


async def created(servers: Servers) -> Subject:
    """A subject without traffic."""
    request = api.CreateExecutionRequest(type="faults", max_attempts=1_000_000, request_id=str(uuid4()))
    request.metadata["filler"] = FILLER
    subject = Subject(Execution())
    subject.learn((await servers.call("CreateExecution", request)).execution)
    return subject


async def keep_changing(
    servers: Servers, subject: Subject, stopping: Callable[[], bool], pause: Callable[[], float]
) -> None:
    """Start, report, fail, retry, again and again, until stopped; then complete."""
    change = Changes(servers, subject)
    number = 0
    while True:
        number += 1
        await change("Start")
        for current in range(number % 5):
            await asyncio.sleep(pause())
            await change("UpdateProgress", progress=Progress(current=current, total=5))
        await asyncio.sleep(pause())
        if stopping():
            break
        await change("Fail", error=ExecutionError(message="again", retryable=number % 4 != 0))
        if number % 4 == 0:  # it rests for a while
            await asyncio.sleep(pause())
            await change("Retry")
    await change("Complete")
    subject.learn(
        (await servers.call("GetExecution", api.GetExecutionRequest(id=subject.record.id))).execution
    )
    subject.rests = True


class Changes:
    """Makes changes to one execution."""

    def __init__(self, servers: Servers, subject: Subject) -> None:
        self._servers, self._subject = servers, subject

    async def __call__(self, verb: str, **fields: Any) -> None:
        method = verb if verb == "UpdateProgress" else f"{verb}Execution"
        request = getattr(api, f"{method}Request")(
            id=self._subject.record.id, request_id=str(uuid4()), **fields
        )
        self._subject.learn((await self._servers.call(method, request)).execution)
