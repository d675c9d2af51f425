"""The edges that fields of the same kind share, whatever message they are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from croco.execution.v1.execution_pb2 import Progress
from execution_server.domain import limits
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from tests.rpc.edges import Edge, too_large
from tests.rpc.values import (
    NO_DURATIONS,
    NO_TIMESTAMPS,
    NOT_JSON,
    in_struct,
    milliseconds,
    nested,
    nested_struct,
    of_size,
    struct_of_size,
)

Put: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""Makes the fields of a request from a value."""


def name(field: str, put: Put) -> list[Edge]:
    """1 to 256 printable characters."""
    return [
        Edge(f"{field}: missing", field, put("")),
        Edge(f"{field}: 256 characters", field, put("é" * 257), put("é" * 256)),
        Edge(f"{field}: printable", field, put("a\0b"), put("a b/c:d{e}")),
        Edge(f"{field}: no line feeds", field, put("a\nb")),
    ]


def whole(field: str, put: Put, least: int, most: int) -> list[Edge]:
    """A whole number from *least* to *most*."""
    return [
        Edge(f"{field}: at least {least}", field, put(least - 1), put(least)),
        Edge(f"{field}: at most {most}", field, put(most + 1), put(most)),
    ]


def timeout(field: str, put: Put) -> list[Edge]:
    """1 ms to 10 years in whole milliseconds."""
    over = milliseconds(limits.TIMEOUT_MS + 1)
    return [
        *(Edge(f"{field}: {what}", field, put(bad)) for what, bad in NO_DURATIONS.items()),
        Edge(f"{field}: at least 1 ms", field, put(milliseconds(0)), put(milliseconds(1))),
        Edge(f"{field}: whole milliseconds", field, put(type(over)(nanos=1_500_000))),
        Edge(f"{field}: 10 years", field, put(over), put(milliseconds(limits.TIMEOUT_MS))),
    ]


def pause(field: str, put: Put) -> list[Edge]:
    """0 to 10 years."""
    return [
        *(Edge(f"{field}: {what}", field, put(bad)) for what, bad in NO_DURATIONS.items()),
        Edge(
            f"{field}: 10 years",
            field,
            put(milliseconds(limits.TIMEOUT_MS + 1)),
            put(milliseconds(limits.TIMEOUT_MS)),
        ),
    ]


def timestamp(field: str, put: Put) -> list[Edge]:
    """What RFC 3339 can say."""
    return [Edge(f"{field}: {what}", field, put(bad)) for what, bad in NO_TIMESTAMPS.items()]


def value(field: str, put: Put, limit: int) -> list[Edge]:
    """A JSON value of up to *limit* bytes and 30 levels."""
    return [
        too_large(f"{field}: {limit} bytes", field, put(of_size(limit + 1)), put(of_size(limit))),
        Edge(f"{field}: 30 levels of lists", field, put(nested(31)), put(nested(30))),
        Edge(
            f"{field}: 30 levels of objects",
            field,
            put(Value(struct_value=nested_struct(31))),
            put(Value(struct_value=nested_struct(30))),
        ),
        *(Edge(f"{field}: not {what}", field, put(bad)) for what, bad in NOT_JSON.items()),
        *(Edge(f"{field}: not {what} within", field, put(in_struct(bad))) for what, bad in NOT_JSON.items()),
    ]


def many_values(field: str, put: Put) -> list[Edge]:
    """Up to 100,000 values, the whole counted, in a value that may be larger than that many are."""
    null = Value(null_value=NULL_VALUE)

    def of(count: int) -> Value:
        return Value(list_value=ListValue(values=[null] * (count - 1)))

    return [Edge(f"{field}: 100,000 values", field, put(of(100_001)), put(of(100_000)))]


def struct(field: str, put: Put, limit: int) -> list[Edge]:
    """A JSON object of up to *limit* bytes and 30 levels."""
    return [
        too_large(
            f"{field}: {limit} bytes", field, put(struct_of_size(limit + 1)), put(struct_of_size(limit))
        ),
        Edge(f"{field}: 30 levels", field, put(nested_struct(31)), put(nested_struct(30))),
        *(
            Edge(f"{field}: not {what}", field, put(Struct(fields={"k": bad})))
            for what, bad in NOT_JSON.items()
        ),
    ]


def text(field: str, put: Put, limit: int) -> list[Edge]:
    """A text of up to *limit* bytes."""
    within, over = "é" * (limit // 2), "é" * (limit // 2) + "x"
    return [too_large(f"{field}: {limit} bytes", field, put(over), put(within))]


def labels(field: str, put: Put) -> list[Edge]:
    """Up to 32 entries of up to 63 characters."""
    most = {f"k{number}": "v" for number in range(limits.LABELS)}
    long = "é" * limits.LABEL_CHARACTERS
    return [
        Edge(f"{field}: 32 entries", field, put({**most, "one more": "v"}), put(most)),
        Edge(
            f"{field}: key of 63 characters", f"{field}[{long!r}]", put({f"{long}x": "v"}), put({long: "v"})
        ),
        Edge(f"{field}: value of 63 characters", f"{field}['k']", put({"k": f"{long}x"}), put({"k": long})),
        Edge(f"{field}: empty key", f"{field}['']", put({"": "v"}), put({"k": ""})),
        Edge(f"{field}: printable key", f"{field}['a\\tb']", put({"a\tb": "v"})),
        Edge(f"{field}: printable value", f"{field}['k']", put({"k": "a\tb"})),
    ]


def progress(put: Put) -> list[Edge]:
    """Finite numbers that are not negative, and a short text."""

    def of(**fields: Any) -> Mapping[str, Any]:
        return put(Progress(**fields))

    return [
        *(
            Edge(
                f"progress.{field}: not {bad}", f"progress.{field}", of(**{field: bad}), of(**{field: 1e308})
            )
            for field in ("current", "total")
            for bad in (-1e-9, float("nan"), float("inf"))
        ),
        *(
            Edge(f"progress.percent: not {bad}", "progress.percent", of(percent=bad), of(percent=100))
            for bad in (-0.1, 100.1, float("nan"))
        ),
        *text("progress.message", lambda message: of(message=message), limits.TEXT_BYTES),
    ]


def checkpoints(put: Put) -> list[Edge]:
    """Keys of up to 256 characters with JSON values of up to 256 KiB."""
    one = Value(number_value=1)
    long = "é" * 256
    return [
        Edge("checkpoints: empty key", "checkpoints['']", put({"": one})),
        Edge(
            "checkpoints: key of 256 characters",
            f"checkpoints[{long[:64]!r}]",
            put({f"{long}x": one}),
            put({long: one}),
        ),
        Edge("checkpoints: printable key", "checkpoints['a\\tb']", put({"a\tb": one})),
        *value("checkpoints['k']", lambda given: put({"k": given}), limits.CHECKPOINT_BYTES),
    ]
