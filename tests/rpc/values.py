"""JSON values at the edge of what is allowed: of an exact size, of an exact depth, and those that JSON has not."""

from __future__ import annotations

from typing import Final

from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import ListValue, Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

WIDEST: Final = "\N{OLD ITALIC LETTER A}"
"""A printable character of four bytes."""


def of_size(size: int) -> Value:
    """A text value that takes exactly *size* bytes as protobuf, which is what counts."""
    return next(value for value in _texts(size) if value.ByteSize() == size)


def _texts(size: int) -> list[Value]:
    # The length of the text is written with it, in one to four bytes.
    return [Value(string_value="x" * (size - overhead)) for overhead in range(2, 7)]


def struct_of_size(size: int) -> Struct:
    """A JSON object that takes exactly *size* bytes."""
    for overhead in range(2, 20):
        struct = Struct(fields={"k": Value(string_value="x" * (size - overhead))})
        if struct.ByteSize() == size:
            return struct
    raise AssertionError(size)


def nested(levels: int) -> Value:
    """Lists in lists, *levels* of them."""
    value = Value(list_value=ListValue())
    for _ in range(levels - 1):
        value = Value(list_value=ListValue(values=[value]))
    return value


def nested_struct(levels: int) -> Struct:
    """Objects in objects, *levels* of them: the form that is deepest on the wire."""
    struct = Struct()
    for _ in range(levels - 1):
        struct = Struct(fields={"k": Value(struct_value=struct)})
    return struct


def in_struct(value: Value) -> Value:
    """The value within an object within a list."""
    struct = Struct(fields={"k": value})
    return Value(list_value=ListValue(values=[Value(struct_value=struct)]))


NOT_JSON: Final = {
    "NaN": Value(number_value=float("nan")),
    "Infinity": Value(number_value=float("inf")),
    "-Infinity": Value(number_value=float("-inf")),
    "a value of no kind": Value(),
}


def milliseconds(count: int) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(count)
    return duration


NO_DURATIONS: Final = {
    "negative": Duration(seconds=-1),
    "negative by a little": Duration(nanos=-1_000_000),
    "with signs that differ": Duration(seconds=1, nanos=-1),
    "with too many nanoseconds": Duration(seconds=1, nanos=1_000_000_000),
    "longer than a Duration can be": Duration(seconds=2**62),
}
NO_TIMESTAMPS: Final = {
    "before the year 1": Timestamp(seconds=-62_135_596_801),
    "after the year 9999": Timestamp(seconds=253_402_300_800),
    "with negative nanoseconds": Timestamp(nanos=-1),
    "with too many nanoseconds": Timestamp(nanos=1_000_000_000),
}
