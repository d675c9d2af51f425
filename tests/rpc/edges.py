"""Limits, each with the last value that is taken and the first that is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.rpc.refusals import answered, refused, unchanged
from tests.servers import Server


@dataclass(frozen=True)
class Edge:
    """A limit of one field."""

    name: str
    field: str
    """The path that the refusal names."""
    refused: Mapping[str, Any]
    """Fields of a request that is one too far."""
    taken: Mapping[str, Any] | None = None
    """Fields of a request that is just within; None: there is no such request."""
    reason: str = "INVALID_FIELD"

    def __str__(self) -> str:
        return self.name


def too_large(
    name: str, field: str, refused: Mapping[str, Any], taken: Mapping[str, Any] | None = None
) -> Edge:
    """The limit of a size in bytes."""
    return Edge(name, field, refused, taken, "PAYLOAD_TOO_LARGE")


def check(edge: Edge, method: Callable[..., Any], base: Any, store: Server) -> None:
    """
    Hold *edge* against the service: over it, the call is refused and changes nothing; within it, the call is taken.

    Args:
        base: a request that would be taken. The edge's fields replace those that it has.
    """
    with unchanged(store):
        refusal = refused(method, _with(base, edge.refused))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", edge.reason)
    assert (refusal.fields, refusal.metadata["field"]) == ([edge.field], edge.field)
    assert refusal.message.startswith(f"{edge.field}: ")
    assert refusal.domain == "execution.croco.dev"
    assert refusal.retry_ms is None
    if edge.reason == "PAYLOAD_TOO_LARGE":
        assert int(refusal.metadata["sizeBytes"]) > int(refusal.metadata["limitBytes"]) > 0
    if edge.taken is not None:
        answered(method, _with(base, edge.taken))


def _with(base: Any, fields: Mapping[str, Any]) -> Any:
    kept = {field.name: value for field, value in base.ListFields()}
    return type(base)(**{**kept, **fields})
