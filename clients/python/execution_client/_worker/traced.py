"""A task's span, where the program has OpenTelemetry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from .. import _tracing

if TYPE_CHECKING:
    from croco.execution.v1 import execution_pb2 as nouns
    from opentelemetry.trace import Link

_T = TypeVar("_T")


async def working(assignment: nouns.Execution, work: Callable[[], Awaitable[_T]]) -> _T:
    """Answer what *work* answers, with a span around it that is linked to the trace of the execution's creator."""
    if not _tracing.is_loaded():
        return await work()
    from opentelemetry.trace import SpanKind

    attributes: dict[str, str | int] = {
        "execution.id": assignment.id,
        "execution.type": assignment.type,
        "execution.attempt": assignment.attempts,
    }
    with _tracing.tracer().start_as_current_span(
        f"execute {assignment.type}",
        kind=SpanKind.CONSUMER,
        attributes=attributes,
        links=_links(assignment.trace_parent),
    ):
        return await work()


def _links(trace_parent: str) -> list[Link]:
    from opentelemetry.trace import Link, get_current_span
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    creator = get_current_span(TraceContextTextMapPropagator().extract({"traceparent": trace_parent}))
    context = creator.get_span_context()
    return [Link(context)] if trace_parent and context.is_valid else []
