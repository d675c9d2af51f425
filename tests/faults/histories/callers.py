"""
How a history's calls are made: by stubs that repeat nothing by themselves, and through the clients of two languages.

A call that fails without a reason that settles it has an unknown outcome: it took effect by its deadline, or never.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

import grpc
import grpc.aio
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import status_name
from google.protobuf.struct_pb2 import NullValue, Value

from tests.clients.scenario.languages import Driver, driving
from tests.faults.histories.contract import Answer
from tests.service import CHANNEL_OPTIONS
from tests.watch.served import Refusal

CALL_SECONDS: Final = 1.0
"""The deadline of each call."""
TYPE: Final = "histories"
UNSETTLED: Final = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "UNKNOWN")
"""The codes that leave open whether a call took effect. UNKNOWN is gRPC's word for a stream that broke."""
RECONNECT: Final = (
    ("grpc.initial_reconnect_backoff_ms", 20),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 200),
)
WHOLE: Final = ("create", "start", "get")
"""What answers with the checkpoints too."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to ask for; ``id`` is "" for a creation, whose idempotency key is ``key``."""

    verb: str
    id: str
    key: str
    request_id: str
    arguments: Mapping[str, Any]
    attempt: int | None = None
    expected_revision: int | None = None
    is_reported: bool = False
    """Whether it is for a worker's stream: what comes by a call is another request, whatever its name."""


@dataclass(frozen=True)
class Told:
    """What became of it."""

    answer: Answer | None
    id: str = ""


class Caller(Protocol):
    """Makes calls to one server."""

    name: str
    server: int
    late_seconds: float
    """How much longer than it waits itself, at most, the server goes on with what it has asked for."""

    async def call(self, wish: Wish, patience: float) -> Told:
        """Ask, and wait no longer than *patience* seconds."""


class StubCaller:
    """The bare stub: what it is told is what the server said."""

    late_seconds = 0.0

    def __init__(self, stub: Any, server: int) -> None:
        self.name, self.server = f"stub {server}", server
        self._stub = stub

    async def call(self, wish: Wish, patience: float) -> Told:
        method, request = request_of(wish)
        call = getattr(self._stub, method)(request, timeout=CALL_SECONDS)
        impatience = asyncio.get_running_loop().call_later(patience, call.cancel)
        try:
            response = await call
        except grpc.aio.AioRpcError as error:
            refusal = Refusal.of(error.code(), error.trailing_metadata() or ())
            return Told(refused_for(error.code().name, refusal.reason))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            return Told(None)
        finally:
            impatience.cancel()
        if wish.verb == "delete":
            return Told(Answer())
        return Told(_answer(wish.verb, response), response.execution.id)


class DriverCaller:
    """A client of some language, through its driver. It repeats by itself what may be repeated; one call at a time."""

    late_seconds = 0.0

    def __init__(self, driver: Driver, server: int) -> None:
        self.name, self.server = f"{driver.language} client", server
        self._driver = driver
        self._free = asyncio.Lock()

    @property
    def is_free(self) -> bool:
        """Whether it would not have to wait for another call."""
        return not self._free.locked()

    async def call(self, wish: Wish, patience: float) -> Told:
        async with self._free:
            told = await asyncio.to_thread(self._driver.ask, wish.verb, driven(wish))
        problem, found = told.get("problem"), told.get("ok")
        if problem is not None:
            return Told(refused_for(problem["code"], problem["reason"]))
        if found is None:
            return Told(Answer())
        checkpoints = tuple(sorted(found["checkpoints"].items())) if wish.verb in WHOLE else None
        created = found["created"] if wish.verb == "create" else None
        standing = (found["status"], found["attempts"], found["revision"])
        return Told(Answer("", *standing, created, checkpoints), found["id"])


@asynccontextmanager
async def callers(addresses: Sequence[str], languages: Sequence[str]) -> AsyncIterator[list[Caller]]:
    """Two stubs per server, each on its own connection, and a client of each language."""
    async with AsyncExitStack() as stack:
        made: list[Caller] = []
        for number, address in enumerate([*addresses, *addresses]):
            channel = grpc.aio.insecure_channel(address, (*CHANNEL_OPTIONS, *RECONNECT))
            stub = ExecutionServiceStub(await stack.enter_async_context(channel))
            made.append(StubCaller(stub, number % len(addresses)))
        for number, language in enumerate(languages):
            server = number % len(addresses)
            driver = stack.enter_context(driving(language, "--target", addresses[server]))
            made.append(DriverCaller(driver, server))
        yield made


def request_of(wish: Wish) -> tuple[str, Any]:
    """The RPC and its request."""
    method, fill = _RPCS[wish.verb]
    request = getattr(api, f"{method}Request")()
    if wish.verb == "update":
        request.execution.id = wish.id
    elif wish.verb != "create":
        request.id = wish.id
    if wish.verb != "get":
        request.request_id = wish.request_id
    if wish.attempt is not None:
        request.attempt = wish.attempt
    if wish.expected_revision is not None:
        request.expected_revision = wish.expected_revision
    fill(request, wish)
    return method, request


def driven(wish: Wish) -> dict[str, Any]:
    """The arguments of the driver's command."""
    given: dict[str, Any] = {"deadline_ms": int(CALL_SECONDS * 1_000), **wish.arguments}
    if wish.verb == "create":
        given |= {"type": TYPE, "idempotency_key": wish.key}
    else:
        given["id"] = wish.id
    if wish.verb == "fail":
        given["error"] = {"message": "again", "retryable": given.pop("retryable")}
    if wish.verb != "get":
        given["request_id"] = wish.request_id
    for name in ("attempt", "expected_revision"):
        if getattr(wish, name) is not None:
            given[name] = getattr(wish, name)
    return given


def refused_for(code: str, reason: str) -> Answer | None:
    """What a failed call tells. Only UNAVAILABLE and its like leave its outcome open, and a contention that went on."""
    return None if code in UNSETTLED or reason == "CONTENTION" else Answer(reason or code)


def _answer(verb: str, response: Any) -> Answer:
    record: Execution = response.execution
    checkpoints = None
    if verb in WHOLE:
        checkpoints = tuple(sorted((key, value.number_value) for key, value in record.checkpoints.items()))
    created = response.created if verb == "create" else None
    return Answer("", status_name(record.status), record.attempts, record.revision, created, checkpoints)


def _fill_create(request: api.CreateExecutionRequest, wish: Wish) -> None:
    request.type, request.idempotency_key = TYPE, wish.key
    request.payload.number_value = wish.arguments["payload"]
    if "timeout_ms" in wish.arguments:
        request.timeout.FromMilliseconds(wish.arguments["timeout_ms"])


def _fill_fail(request: api.FailExecutionRequest, wish: Wish) -> None:
    request.error.CopyFrom(ExecutionError(message="again", retryable=wish.arguments["retryable"]))


def _fill_checkpoints(request: api.SaveCheckpointRequest, wish: Wish) -> None:
    for key, value in wish.arguments["checkpoints"].items():
        request.checkpoints[key].CopyFrom(value_of(value))


def value_of(checkpoint: float | None) -> Value:
    """A checkpoint's value as a message; without one its key goes."""
    return Value(null_value=NullValue.NULL_VALUE) if checkpoint is None else Value(number_value=checkpoint)


def _fill_retry(request: api.RetryExecutionRequest, wish: Wish) -> None:
    request.additional_attempts = wish.arguments["additional_attempts"]


def _fill_update(request: api.UpdateExecutionRequest, wish: Wish) -> None:
    request.execution.labels.update(wish.arguments["labels"])
    request.update_mask.paths.append("labels")


def _fill_delete(request: api.DeleteExecutionRequest, wish: Wish) -> None:
    request.force = wish.arguments["force"]


def _fill_nothing(request: Any, wish: Wish) -> None:
    """It has all that it needs."""


_RPCS: Final[Mapping[str, tuple[str, Callable[[Any, Wish], None]]]] = {
    "create": ("CreateExecution", _fill_create),
    "get": ("GetExecution", _fill_nothing),
    "start": ("StartExecution", _fill_nothing),
    "complete": ("CompleteExecution", _fill_nothing),
    "fail": ("FailExecution", _fill_fail),
    "retry": ("RetryExecution", _fill_retry),
    "cancel": ("CancelExecution", _fill_nothing),
    "time_out": ("TimeOutExecution", _fill_nothing),
    "save_checkpoints": ("SaveCheckpoint", _fill_checkpoints),
    "update": ("UpdateExecution", _fill_update),
    "delete": ("DeleteExecution", _fill_delete),
}
