"""
What happens around every call: it is counted, bounded in time, timed, and its problems are told.

The generated ``add_…_to_server`` is not used. It registers each method, and a server with registered methods waits on
every one of them for each call (docs/benchmarks.md); a generic handler does not. And it parses requests before anybody
can say what is wrong with one that does not parse: see ``parsing.py``.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import inf
from re import compile as regex
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from ..counts import Histogram
from ..domain.problems import QuotaExceeded, ServerDraining
from ..places import Limits as PlaceLimits
from ..places import Places
from ..terms import Terms
from . import validate
from .access import Access
from .endings import Context, code_of_end, log_call, problem_of, refuse
from .parsing import Sized, check_parsed, parser, sized

MARGIN_SECONDS: Final = 0.1
"""By how much a call ends before its caller's deadline (or a tenth of what is left): the refusal has to travel."""

TRACE_PARENT: Final = regex(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header; what is none is passed over, as that page asks for."""

Handler = Callable[[Any, Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What calls may take."""

    default_seconds: float
    """The deadline of a call that brings none."""
    most_seconds: float
    """The latest deadline of a unary call."""
    slow_seconds: float
    """A call that takes longer is logged."""
    unary: PlaceLimits
    """How many unary calls may be under way."""
    unary_bytes: int
    """How large their requests may be together, as they came."""


class Call(NamedTuple):
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
        fields = validate.shared_fields(request.DESCRIPTOR)
        has_revision = "expected_revision" in fields and request.HasField("expected_revision")
        from_worker = "attempt" in fields
        return Terms(
            method=self.method,
            deadline=self.deadline,
            request_id=request.request_id,
            expected_revision=request.expected_revision if has_revision else None,
            attempt=request.attempt if from_worker and request.HasField("attempt") else None,
            from_worker=from_worker,
            actor=self.caller,
        )


WAITING: Final = frozenset({"WaitExecution", "ClaimExecutions"})
"""The unary calls that take long on purpose. They have places of their own, and take none from others."""


class Calls:
    """
    Makes gRPC handlers of servicer methods.

    Attributes:
        places: those of unary calls.
        bytes: of the requests of unary calls that are under way.
        seen: how long calls took that have ended, in seconds, by the method's path and the code.
        under_way: unary calls that have not ended, whether they have a place or not.
        arrived: how many unary calls there were.
        draining: take no more.
    """

    def __init__(
        self,
        limits: Limits,
        access: Access | None = None,
        around: Callable[[str, Handler], Handler] | None = None,
    ) -> None:
        """
        Args:
            access: decides who may call what; without it everybody may everything.
            around: makes of each unary method's path and handler the handler to use in its place.
        """
        self._limits, self._access, self._around = limits, access, around
        self.places = Places("calls", limits.unary, QuotaExceeded)
        self.bytes = 0
        self.seen: defaultdict[tuple[str, str], Histogram] = defaultdict(Histogram)
        self.under_way = 0
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
            parse: Callable[[bytes], object] = parser(method)
            make: Any = grpc.unary_unary_rpc_method_handler
            wrap: Callable[[str, Any], Any] = self._unary
            if method.server_streaming:
                make, wrap = grpc.unary_stream_rpc_method_handler, self._stream
            else:
                parse = sized(parse)
            if method.client_streaming:
                make = grpc.stream_stream_rpc_method_handler
            methods[method.name] = make(
                wrap(f"/{service.full_name}/{method.name}", implementation),
                request_deserializer=parse,
                response_serializer=_serialised,
            )
        return grpc.method_handlers_generic_handler(service.full_name, methods)

    def _unary(
        self, path: str, implementation: Callable[[Any, Call], Awaitable[Message]]
    ) -> Callable[..., Any]:
        name = _name(path)
        needs_place = name not in WAITING
        slow_seconds = self._limits.slow_seconds if needs_place else inf

        async def handle(received: Sized, context: Context) -> Any:
            request, size = received
            loop = asyncio.get_running_loop()
            began, code = loop.time(), "OK"
            self.arrived += 1
            self.under_way += 1
            try:
                if self.draining:
                    raise ServerDraining
                call = self._call(path, name, context, began)
                if needs_place:
                    self._take_place(call.peer, size)
                try:
                    check_parsed(request)
                    validate.terms(request)
                    return await implementation(request, call)
                finally:
                    if needs_place:  # before the answer is sent: whoever has it may call again
                        self._give_place_back(call.peer, size)
            except BaseException as error:
                problem = problem_of(error)
                code = code_of_end(problem, context)
                return await refuse(context, name, request, problem, error)
            finally:
                self.under_way -= 1
                seconds = loop.time() - began
                self.seen[path, code].observe(seconds)
                if seconds > slow_seconds:
                    log_call(logging.INFO, "slow call", name, request, seconds=round(seconds, 3))

        return self._around(path, handle) if self._around is not None else handle

    def _stream(
        self, path: str, implementation: Callable[[Any, Call], AsyncIterator[Message]]
    ) -> Callable[..., Any]:
        name = _name(path)

        async def handle(request: Any, context: Context) -> Any:
            loop = asyncio.get_running_loop()
            began, code = loop.time(), "OK"
            try:
                call = self._call(path, name, context, began)
                check_parsed(request)
                async for response in implementation(request, call):
                    yield response
            except BaseException as error:
                problem = problem_of(error)
                code = code_of_end(problem, context)
                await refuse(context, name, request, problem, error)
            finally:
                self.seen[path, code].observe(loop.time() - began)

        return handle

    def _take_place(self, connection: str, size: int) -> None:
        """Take a place among the unary calls, if there is room for the request too. A single one always finds room."""
        if self.bytes and self.bytes + size > self._limits.unary_bytes:
            raise QuotaExceeded(
                self._limits.unary_bytes, "This server has all the bytes of requests that it takes"
            )
        self.places.take(connection)
        self.bytes += size

    def _give_place_back(self, connection: str, size: int) -> None:
        self.bytes -= size
        self.places.give_back(connection)

    def _call(self, path: str, name: str, context: Context, now: float) -> Call:
        caller = self._access.admit(path, context) if self._access else ""
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


def _serialised(response: Message | bytes) -> bytes:
    """Bytes are a message that was serialised once for many receivers."""
    return response if isinstance(response, bytes) else response.SerializeToString()
