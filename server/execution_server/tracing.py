"""
Traces by OpenTelemetry: a span per unary call, which goes on with its caller's trace, and one per request to the store.

Where tracing is off this file is not loaded and nothing is asked on the way. Where it is on, it wraps the handlers of
calls and the methods of the store, so nobody else knows of it. Where spans go to, and how many of them, the SDK reads
from the environment's OTEL_* variables. Streams have no span: they last for hours, and a span is sent when it ends.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode

from .store.port import ExecutionStore
from .version import version

Handler = Callable[[Any, Any], Awaitable[Any]]
R = TypeVar("R")

STORE_METHODS: Final = (
    *("load", "load_all", "holder", "create", "create_all", "commit", "commit_all", "delete", "deleted_by"),
    *("page", "count"),
)
"""What calls ask of a store. The rest is asked by no call in particular."""
FAULTS: Final = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)
"""The codes that are a server's fault: https://opentelemetry.io/docs/specs/semconv/rpc/grpc/."""
LAST_SPANS_SECONDS: Final = 5.0
"""How long a server that stops waits for its last spans to be taken."""


class Tracing:
    """Makes spans of what happens, and sends them."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("execution_server", version())

    @classmethod
    def open(cls) -> Tracing:
        """Send spans to where the OTEL_* variables say; by default to a collector on this machine."""
        resource = Resource.create(
            {
                "service.name": os.environ.get("OTEL_SERVICE_NAME", "execution-server"),
                "service.version": version(),
            }
        )
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        for handler in logging.getLogger().handlers:
            handler.addFilter(_add_trace)
        return cls(provider)

    async def close(self) -> None:
        """Send what is left, for a while."""
        # A daemon: a collector that does not answer must not keep the process from ending.
        ending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, LAST_SPANS_SECONDS)

    def calls(self, path: str, handle: Handler) -> Handler:
        """The same handler of unary calls of the method *path*, with a span around each."""
        name = path.removeprefix("/")
        attributes = {"rpc.system.name": "grpc", "rpc.method": name}

        async def traced(received: Any, context: Any) -> Any:
            carrier = {
                key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)
            }
            with self._tracer.start_as_current_span(
                name,
                propagate.extract(carrier),
                SpanKind.SERVER,
                attributes,
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                _name_execution(span, received.request)
                try:
                    answer = await handle(received, context)
                except BaseException:
                    _set_code(span, getattr(context.code(), "name", "CANCELLED"))
                    raise
                _set_code(span, "OK")
                return answer

        return traced

    def store(self, store: ExecutionStore) -> ExecutionStore:
        """The same store, with a span around whatever a traced call asks of it."""
        for name in STORE_METHODS:
            setattr(store, name, self._around(f"store {name}", getattr(store, name)))
        return store

    def _around(self, name: str, method: Callable[..., Awaitable[R]]) -> Callable[..., Awaitable[R]]:
        @functools.wraps(method)
        async def traced(*arguments: Any, **options: Any) -> R:
            if not trace.get_current_span().is_recording():
                return await method(*arguments, **options)
            with self._tracer.start_as_current_span(name, kind=SpanKind.CLIENT) as span:
                answer = await method(*arguments, **options)
                span.set_attribute("execution.store.answer", type(answer).__name__)
                return answer

        return traced


def _name_execution(span: Span, request: Any) -> None:
    """Which execution it is about, if the request says so; never what is in it."""
    for attribute, field in (("execution.id", "id"), ("execution.request_id", "request_id")):
        value = getattr(request, field, "")
        if value:
            span.set_attribute(attribute, value[:128])


def _set_code(span: Span, code: str) -> None:
    span.set_attribute("rpc.response.status_code", code)
    if code in FAULTS:
        span.set_status(StatusCode.ERROR)


def _add_trace(record: logging.LogRecord) -> bool:
    """Let a log line name the trace that it belongs to."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        fields = getattr(record, "fields", None)
        named = {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
        record.fields = {**(fields if isinstance(fields, Mapping) else {}), **named}
    return True
