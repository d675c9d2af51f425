"""
What happens around every call: it is counted, bounded in time, timed, and its problems are told.

The generated ``add_…_to_server`` is not used. It registers each method, and a server with registered methods waits on
every one of them for each call (docs/benchmarks.md); a generic handler does not. And it parses requests before anybody
can say what is wrong with one that does not parse.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf
from re import compile as regex
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from ..domain.limits import MESSAGE_BYTES
from ..domain.problems import (
    InvalidField,
    PayloadTooLarge,
    Problem,
    QuotaExceeded,
    ServerDraining,
    StoreUnavailable,
    Unexpected,
)
from ..manager import Terms
from . import validate
from .access import Access
from .errors import code_of, message_of, trailers_of

log = logging.getLogger("execution_server.calls")

MARGIN_SECONDS: Final = 0.1
"""By how much a call ends before its caller's deadline (or a tenth of what is left): the refusal has to travel."""

LOGGED_CHARACTERS: Final = 128
"""How much of a caller's text a log line takes."""

TRACE_PARENT: Final = regex(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header; what is none is passed over, as that page asks for."""

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls may take."""

    default_seconds: float
    """The deadline of a call that brings none."""
    most_seconds: float
    """The latest deadline of a unary call."""
    slow_seconds: float
    """A call that takes longer is logged."""
    unary: int
    """How many unary calls may be under way in the process."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a servicer method is told of its call beside the request."""

    method: str
    deadline: float
    """When it has to be answered, on the event loop's clock."""
    latest: float
    """When its caller gives up, or never; for calls that wait on purpose."""
    peer: str
    """The connection it came on."""
    caller: str = ""
    """Whose credentials it carries; nobody's where callers are not known."""
    metadata: Callable[[], Iterable[tuple[str, str | bytes]] | None] = tuple
    """Reads the metadata that came with it, which costs a little."""

    @property
    def trace_parent(self) -> str:
        """The trace that its caller is in, as W3C Trace Context writes it; empty if it named none."""
        named = next((value for key, value in self.metadata() or () if key == "traceparent"), "")
        return named if isinstance(named, str) and TRACE_PARENT.fullmatch(named) else ""

    def terms(self, request: Any) -> Terms:
        """The terms that the fields shared by all changing requests set."""
        return Terms(
            method=self.method,
            deadline=self.deadline,
            request_id=request.request_id,
            expected_revision=request.expected_revision if _has(request, "expected_revision") else None,
            attempt=request.attempt if _has(request, "attempt") else None,
            from_worker="attempt" in request.DESCRIPTOR.fields_by_name,
            actor=self.caller,
        )


UNPARSED: Final = object()
"""Stands for a request that is no message of its type."""

WAITING: Final = frozenset({"WaitExecution", "ClaimExecutions"})
"""The unary calls that take long on purpose. They are bounded as watches are, and take no place from others."""


class Oversized(NamedTuple):
    """Stands for a request that is larger than one may be."""

    size: int


class Calls:
    """Makes gRPC handlers of servicer methods."""

    def __init__(self, limits: Limits, access: Access | None = None) -> None:
        """*access* decides who may call what; without it everybody may everything."""
        self._limits, self._access = limits, access
        self.under_way = 0
        self.places = 0
        self.arrived = 0
        self.draining = False

    def handler(self, service: ServiceDescriptor, servicer: object) -> grpc.GenericRpcHandler:
        """
        The handler of a whole service. *servicer* has a method per RPC, of the same name:
        ``async (request, Call) -> response``, or an async generator of responses for a stream.
        """
        methods = {}
        for method in service.methods:
            implementation = getattr(servicer, method.name)  # AttributeError: an RPC without its method
            make: Any = grpc.unary_unary_rpc_method_handler
            wrap: Callable[[str, Any], Any] = self._unary
            if method.server_streaming:
                make, wrap = grpc.unary_stream_rpc_method_handler, self._stream
            if method.client_streaming:
                make = grpc.stream_stream_rpc_method_handler
            methods[method.name] = make(
                wrap(f"/{service.full_name}/{method.name}", implementation),
                request_deserializer=_parser(method),
                response_serializer=_serialised,
            )
        return grpc.method_handlers_generic_handler(service.full_name, methods)

    def _unary(
        self, path: str, implementation: Callable[[Any, Call], Awaitable[Message]]
    ) -> Callable[..., Any]:
        limits, name = self._limits, _name(path)

        async def handle(request: Any, context: Context) -> Any:
            loop = asyncio.get_running_loop()
            began = loop.time()
            self.arrived += 1
            self.under_way += 1
            place = int(name not in WAITING)
            self.places += place
            try:
                if self.draining:
                    raise ServerDraining
                if place and self.places > limits.unary:
                    raise QuotaExceeded(limits.unary)
                call = self._call(path, context)
                _check(request)
                return await implementation(request, call)
            except BaseException as error:
                return await _refuse(context, name, request, error)
            finally:
                self.under_way -= 1
                self.places -= place
                if loop.time() - began > limits.slow_seconds and name not in WAITING:
                    _log(logging.INFO, "slow call", name, request, seconds=round(loop.time() - began, 3))

        return handle

    def _stream(
        self, path: str, implementation: Callable[[Any, Call], AsyncIterator[Message]]
    ) -> Callable[..., Any]:
        async def handle(request: Any, context: Context) -> Any:
            try:
                call = self._call(path, context)
                _check(request)
                async for response in implementation(request, call):
                    yield response
            except BaseException as error:
                await _refuse(context, _name(path), request, error)

        return handle

    def _call(self, path: str, context: Context) -> Call:
        name, caller = _name(path), self._access.admit(path, context) if self._access else ""
        now = asyncio.get_running_loop().time()
        remaining: float | None = context.time_remaining()
        if remaining is None:
            deadline, latest = now + self._limits.default_seconds, inf
        else:
            remaining -= min(MARGIN_SECONDS, remaining / 10)
            deadline, latest = now + min(remaining, self._limits.most_seconds), now + remaining
        return Call(name, deadline, latest, context.peer(), caller, context.invocation_metadata)


def _name(path: str) -> str:
    """The RPC's, without that of its service."""
    return path.rpartition("/")[2]


async def _refuse(context: Context, name: str, request: Any, error: BaseException) -> None:
    """Tell the caller why, or let a call end that nobody waits for any more."""
    if isinstance(error, Problem):
        problem, level = error, logging.INFO
    elif isinstance(error, GeneratorExit | grpc.aio.AbortError):
        raise error
    elif isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise error  # by the caller, its deadline, or the end of the server
        # Something that this call shared was cancelled. Without an answer the client would wait for ever.
        problem, level = StoreUnavailable(), logging.WARNING
    else:
        problem, level = Unexpected(secrets.token_hex(6)), logging.ERROR
    _log(
        level,
        "failed call",
        name,
        request,
        error,
        code=problem.code,
        reason=problem.reason,
        **problem.metadata,
    )
    await context.abort(code_of(problem), message_of(problem), trailers_of(problem))


def _log(
    level: int, event: str, name: str, request: Any, error: BaseException | None = None, **fields: object
) -> None:
    """One line, with ids and never a payload; with the traceback if the fault is ours."""
    for field in ("id", "request_id"):
        if getattr(request, field, ""):
            fields.setdefault(field, getattr(request, field)[:LOGGED_CHARACTERS])
    cause = error if level >= logging.ERROR else None
    log.log(level, event, exc_info=cause, extra={"fields": {"method": name, **fields}})


def check_parsed(request: Any) -> None:
    """Raise InvalidField for what came in place of a message."""
    if isinstance(request, Oversized):
        raise PayloadTooLarge("(request)", request.size, MESSAGE_BYTES)
    if request is UNPARSED:
        raise InvalidField("(request)", "is no message of the method's request type, or is nested too deeply")


def _check(request: Any) -> None:
    check_parsed(request)
    validate.terms(request)


def _parser(method: MethodDescriptor) -> Callable[[bytes], object]:
    parse = GetMessageClass(method.input_type).FromString

    def parser(data: bytes) -> object:
        if len(data) > MESSAGE_BYTES:
            return Oversized(len(data))
        try:
            request = parse(data)
        except DecodeError:
            return UNPARSED
        # A field that this version does not know has no limit here, so it is not kept.
        request.DiscardUnknownFields()
        return request

    return parser


def _serialised(response: Message | bytes) -> bytes:
    """Bytes are a message that was serialised once for many receivers."""
    return response if isinstance(response, bytes) else response.SerializeToString()


def _has(request: Any, field: str) -> bool:
    return field in request.DESCRIPTOR.fields_by_name and request.HasField(field)
