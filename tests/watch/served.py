"""A server in this process whose inside tests may look at, what they call it with, and how they read streams."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import grpc
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, Progress, Retention
from croco.execution.v1.execution_service_pb2 import ServerLimits
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.batches import Batches
from execution_server.dispatch import Dispatcher
from execution_server.domain.limits import CHECKPOINTS
from execution_server.domain.problems import QuotaExceeded
from execution_server.manager import Manager
from execution_server.places import Limits, Places
from execution_server.rpc.calls import Call, Calls
from execution_server.rpc.calls import Limits as CallLimits
from execution_server.rpc.execution_service import ExecutionService
from execution_server.rpc.health import Health
from execution_server.rpc.server import build
from execution_server.rpc.server_info import ServerInfo
from execution_server.rpc.worker_service import WorkerService
from execution_server.store.port import ExecutionStore
from execution_server.watch import Hub
from google.protobuf.message import Message
from google.rpc import error_details_pb2 as details
from google.rpc.status_pb2 import Status

from tests.service import aio_channel
from tests.waiting import DEADLINE_SECONDS
from tests.watch.validators import Stream

_types = itertools.count(1)
BOOKMARK_SECONDS: Final = 0.05
"""Short, so that a test of bookmarks takes no time."""
NEVER: Final = 3600.0
CALL_LIMITS: Final = CallLimits(
    default_seconds=10, most_seconds=30, slow_seconds=1, unary=Limits(1_000, 1_000), unary_bytes=2**30
)


@dataclass(frozen=True)
class Served:
    """A server and its parts."""

    address: str
    hub: Hub
    store: ExecutionStore
    service: ExecutionService
    channel: grpc.aio.Channel

    @property
    def stub(self) -> Any:
        """The calls. Any: the generated stub's types are those of the blocking one."""
        return ExecutionServiceStub(self.channel)


@asynccontextmanager
async def served(
    store: ExecutionStore,
    *,
    per_process: int = 1_000,
    per_connection: int = 1_000,
    bookmark_seconds: float = NEVER,
) -> AsyncIterator[Served]:
    """Serve *store*, put together as ``app.py`` does it."""
    hub = Hub(store, Limits(per_process, per_connection), bookmark_seconds=bookmark_seconds)
    health = Health(store)
    manager = Manager(store)
    places = Places("work streams", Limits(per_process, per_connection), QuotaExceeded)
    info = ServerInfo("test", ServerLimits(checkpoints=CHECKPOINTS), store)
    service = ExecutionService(manager, Batches(store, manager), hub, info, Retention())
    work = WorkerService(manager, Dispatcher(store, manager, hub), hub, places, CHECKPOINTS)
    server = build(
        service,
        work,
        Calls(CALL_LIMITS),
        health,
        streams_per_connection=2_000,
        reuse_port=False,
        reflection_on=False,
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await health.run_once()
    await server.start()
    address = f"127.0.0.1:{port}"
    try:
        async with aio_channel(address) as channel:
            yield Served(address, hub, store, service, channel)
    finally:
        hub.drain()
        await server.stop(None)
        await hub.close()


class Worker:
    """Changes one execution, as its worker and its owner do."""

    def __init__(self, stub: Any, execution: Execution) -> None:
        self._stub = stub
        self.id = execution.id
        self.revision = execution.revision
        self.record = execution

    @classmethod
    async def create(cls, stub: Any, **fields: Any) -> Worker:
        """Create an execution, of a type of its own if none is given."""
        fields.setdefault("type", f"watched-{next(_types)}")
        answer = await stub.CreateExecution(api.CreateExecutionRequest(**fields), timeout=DEADLINE_SECONDS)
        return cls(stub, answer.execution)

    async def start(self) -> Worker:
        return await self._call("Start")

    async def progress(self, current: float) -> Worker:
        request = api.UpdateProgressRequest(id=self.id, progress=Progress(current=current, total=100))
        return self._took(await self._stub.UpdateProgress(request, timeout=DEADLINE_SECONDS))

    async def fail(self, *, retryable: bool = False) -> Worker:
        return await self._call("Fail", error=ExecutionError(message="no luck", retryable=retryable))

    async def complete(self, **fields: Any) -> Worker:
        return await self._call("Complete", **fields)

    async def retry(self, additional_attempts: int = 1) -> Worker:
        return await self._call("Retry", additional_attempts=additional_attempts)

    async def cancel(self) -> Worker:
        return await self._call("Cancel")

    async def time_out(self) -> Worker:
        return await self._call("TimeOut")

    async def delete(self) -> None:
        request = api.DeleteExecutionRequest(id=self.id, force=True)
        await self._stub.DeleteExecution(request, timeout=DEADLINE_SECONDS)

    async def get(self) -> Execution:
        """The execution as it is."""
        answer = await self._stub.GetExecution(api.GetExecutionRequest(id=self.id), timeout=DEADLINE_SECONDS)
        record: Execution = answer.execution
        return record

    async def _call(self, verb: str, **fields: Any) -> Worker:
        request = getattr(api, f"{verb}ExecutionRequest")(id=self.id, **fields)
        return self._took(await getattr(self._stub, f"{verb}Execution")(request, timeout=DEADLINE_SECONDS))

    def _took(self, answer: Any) -> Worker:
        self.record = answer.execution
        self.revision = self.record.revision
        return self


class Pulled:
    """
    A stream without gRPC in between, which buffers: the server makes a message when it is asked for the next, and not
    before. The slowest reader there is.
    """

    def __init__(self, served: Served, request: Any, after_revision: int | None = None) -> None:
        method = served.service.WatchExecution if hasattr(request, "id") else served.service.WatchExecutions
        call = Call("Watch", asyncio.get_running_loop().time() + DEADLINE_SECONDS, inf, "pulled")
        self._messages: Any = method(request, call)
        self.stream = Stream(after_revision)

    async def next(self) -> Any:
        """The next message, or what ends the stream raises here."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            made = await anext(self._messages)
        message = api.WatchExecutionResponse.FromString(made) if isinstance(made, bytes) else made
        self.stream.messages.append(message)
        return message

    async def close(self) -> None:
        """Go away."""
        await self._messages.aclose()


class Reader:
    """Reads a stream message by message; nothing is asked for before it is wanted."""

    def __init__(self, call: Any, after_revision: int | None = None) -> None:
        self._call = call
        self.stream = Stream(after_revision)

    async def next(self) -> Any:
        """The next message; fails the test when none comes."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            message = await self._call.read()
        assert message is not grpc.aio.EOF, await self.status()
        self.stream.messages.append(message)
        return message

    async def next_but_bookmarks(self) -> Any:
        """The next message that is none."""
        while (message := await self.next()).event == api.WATCH_EVENT_BOOKMARK:
            pass
        return message

    async def rest(self) -> list[Any]:
        """All messages up to the end of the stream, and its end must come."""
        messages = []
        async with asyncio.timeout(DEADLINE_SECONDS):
            with suppress(grpc.aio.AioRpcError):  # see ``status``
                while (message := await self._call.read()) is not grpc.aio.EOF:
                    messages.append(message)
        self.stream.messages += messages
        return messages

    async def status(self) -> grpc.StatusCode:
        """The code with which the stream ended."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            code: grpc.StatusCode = await self._call.code()
        return code

    async def refusal(self) -> Refusal:
        """The error with which the stream ended."""
        return Refusal.of(await self.status(), await self._call.trailing_metadata())

    def cancel(self) -> None:
        """Go away."""
        self._call.cancel()


def watch(served: Served, execution_id: str, after_revision: int | None = None, **fields: Any) -> Reader:
    """Begin to watch one execution."""
    request = api.WatchExecutionRequest(id=execution_id, after_revision=after_revision, **fields)
    return Reader(served.stub.WatchExecution(request), after_revision)


def watch_all(served: Served, *, snapshot: bool = False, **filter_fields: Any) -> Reader:
    """Begin to watch many."""
    request = api.WatchExecutionsRequest(filter=api.ExecutionFilter(**filter_fields), snapshot=snapshot)
    return Reader(served.stub.WatchExecutions(request))


@dataclass(frozen=True)
class Refusal:
    """An error as a client sees it."""

    code: grpc.StatusCode
    reason: str
    metadata: dict[str, str]
    has_retry_info: bool

    @classmethod
    def of(cls, code: grpc.StatusCode, trailers: Any) -> Refusal:
        """From the status details in the trailing metadata."""
        info, retry = details.ErrorInfo(), details.RetryInfo()
        for key, value in trailers:
            if key == "grpc-status-details-bin":
                for detail in Status.FromString(value).details:
                    _unpack(detail, info)
                    _unpack(detail, retry)
        return cls(code, info.reason, dict(info.metadata), retry.HasField("retry_delay"))


async def refusal_of(call: Any) -> Refusal:
    """The error with which a unary call ends; fails the test if it does not."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            answer = await call
    except grpc.aio.AioRpcError as error:
        return Refusal.of(error.code(), error.trailing_metadata())
    raise AssertionError(f"was answered: {answer}")


def _unpack(detail: Any, into: Message) -> None:
    if detail.Is(into.DESCRIPTOR):
        detail.Unpack(into)
