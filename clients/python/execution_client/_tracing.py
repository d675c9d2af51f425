"""
How calls take part in the traces of their program, where it has OpenTelemetry.

A program that has not loaded OpenTelemetry has no trace to go on with: then nothing is imported here and nothing done.
Where spans go to is the program's business.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ._problems import ExecutionProblem

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

_LOADED: Final = "opentelemetry.trace"
_NAME: Final = "execution_client"


def is_loaded() -> bool:
    """Tell whether the program has OpenTelemetry."""
    return _LOADED in sys.modules


def headers() -> tuple[tuple[str, str], ...]:
    """Answer what tells the server which trace a call belongs to."""
    if not is_loaded():
        return ()
    from opentelemetry import propagate

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return tuple((name.lower(), value) for name, value in carrier.items())


@contextmanager
def calling(request: Any) -> Iterator[None]:
    """Put a span around a call."""
    if not is_loaded():
        yield
        return
    from opentelemetry.trace import SpanKind, StatusCode

    package, _, message = request.DESCRIPTOR.full_name.rpartition(".")
    name = f"{package}/{message.removesuffix('Request')}"
    attributes = {"rpc.system.name": "grpc", "rpc.method": name}
    with tracer().start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False
    ) as span:
        try:
            yield
        except ExecutionProblem as problem:
            span.set_attribute("rpc.response.status_code", problem.code.name)
            span.set_status(StatusCode.ERROR, problem.message)
            raise


def tracer() -> Tracer:
    """Answer what makes spans; where ``is_loaded`` only."""
    from opentelemetry.trace import get_tracer

    return get_tracer(_NAME)
