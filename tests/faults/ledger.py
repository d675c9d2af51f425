"""Clients who work through executions and note what they were told, to be held against what is there in the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import grpc
import grpc.aio
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from google.protobuf.struct_pb2 import Value

from tests.service import CHANNEL_OPTIONS
from tests.waiting import until

CLIENTS: Final = 16
CALL_SECONDS: Final = 10.0
PASSING: Final = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
"""What a caller sees of a server that has died, or has lost its store."""
RECONNECT: Final = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 200),
)


@dataclass
class Entry:
    """What was acknowledged of one execution."""

    key: str
    """Its idempotency key, by which it can be found even if its creation was never answered."""
    answers: list[Execution] = field(default_factory=list)
    """Each answer, the oldest first."""
    is_open: bool = False
    """Whether the last call has no answer: it took effect or did not."""


class Ledger:
    """Runs the clients. ``async with`` it."""

    def __init__(self, address: str, name: str) -> None:
        """*name*: no other ledger's on this store."""
        self._address = address
        self._name = name
        self._numbers = count()
        self._stack = AsyncExitStack()
        self._clients: list[asyncio.Task[None]] = []
        self._stopping = False
        self.entries: list[Entry] = []
        self.acknowledged = 0
        self.failed = 0

    async def __aenter__(self) -> Ledger:
        for _ in range(CLIENTS):
            channel = grpc.aio.insecure_channel(self._address, (*CHANNEL_OPTIONS, *RECONNECT))
            stub: Any = ExecutionServiceStub(await self._stack.enter_async_context(channel))
            self._clients.append(asyncio.create_task(self._work(stub)))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True
        await asyncio.gather(*self._clients)
        await self._stack.aclose()

    async def goes_on(self, calls: int = 200) -> None:
        """Return when so many more calls were acknowledged."""
        enough = self.acknowledged + calls
        await until(lambda: self.acknowledged >= enough, "calls are answered")

    async def notices(self, fault: Callable[[], object]) -> None:
        """Let *fault* happen, off the event loop, and return when a call has failed for it."""
        before = self.failed
        await asyncio.to_thread(fault)
        await until(lambda: self.failed > before, "a call fails for the fault")

    async def _work(self, stub: Any) -> None:
        while not self._stopping:
            entry = Entry(f"{self._name} {next(self._numbers)}")
            self.entries.append(entry)
            try:
                await self._live(stub, entry)
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    raise
                entry.is_open = True
                self.failed += 1

    async def _live(self, stub: Any, entry: Entry) -> None:
        """One execution's life. The first call that fails ends it."""

        async def call(method: Any, request: Any) -> str:
            response = await method(request, timeout=CALL_SECONDS, wait_for_ready=True)
            entry.answers.append(response.execution)
            self.acknowledged += 1
            return str(response.execution.id)

        created = api.CreateExecutionRequest(type="faults", idempotency_key=entry.key)
        id_ = await call(stub.CreateExecution, created)
        await call(stub.StartExecution, api.StartExecutionRequest(id=id_))
        for number in range(3):
            checkpoints = {f"k{number}": Value(number_value=number)}
            await call(stub.SaveCheckpoint, api.SaveCheckpointRequest(id=id_, checkpoints=checkpoints))
        done = api.CompleteExecutionRequest(id=id_, result=Value(string_value=entry.key))
        await call(stub.CompleteExecution, done)


async def missing(entries: list[Entry], address: str) -> list[str]:
    """What was acknowledged and is not there, a sentence each."""
    complaints = []
    async with grpc.aio.insecure_channel(address, CHANNEL_OPTIONS) as channel:
        stub: Any = ExecutionServiceStub(channel)
        for entry in entries:
            request = api.GetExecutionByIdempotencyKeyRequest(idempotency_key=entry.key)
            try:
                found = (await stub.GetExecutionByIdempotencyKey(request)).execution
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.NOT_FOUND:
                    raise
                if entry.answers:
                    complaints.append(f"{entry.key} is gone")
            else:
                complaints += [f"{entry.key}: {wrong}" for wrong in _differences(entry, found)]
    return complaints


def _differences(entry: Entry, found: Execution) -> list[str]:
    """Where the execution that is there contradicts what its client was told."""
    if not entry.answers:
        return [] if found.revision == 1 else ["was changed by nobody"]
    last = entry.answers[-1]
    wrong = []
    # Each answer tells of one revision more; one call may have taken effect without an answer.
    if found.revision not in (last.revision, last.revision + entry.is_open):
        wrong.append(f"is at revision {found.revision}; {last.revision} was acknowledged")
    if found.id != last.id or [answer.revision for answer in entry.answers] != list(
        range(1, last.revision + 1)
    ):
        wrong.append("is another execution, or a change happened twice")
    if found.revision == last.revision and (found.status, found.attempts) != (last.status, last.attempts):
        wrong.append("stands elsewhere than acknowledged")
    wrong += [f"checkpoint {key} is gone" for key in last.checkpoint_sizes if key not in found.checkpoints]
    if found.HasField("result") and found.result.string_value != entry.key:
        wrong.append("has another's result")
    if last.HasField("completed_at") and not found.HasField("result"):
        wrong.append("has lost its result")
    return wrong
