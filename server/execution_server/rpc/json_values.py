"""
Checks of JSON values, which come as ``google.protobuf.Value`` and may be of no kind, too deep or no number.

To look at each value costs as much as the rest of a call. Most can do no harm, which a look at their bytes proves: see
``_is_plain``.
"""

from __future__ import annotations

from collections.abc import Collection
from math import isfinite

from google.protobuf.struct_pb2 import ListValue, Struct, Value

from ..domain import limits
from ..domain.problems import InvalidField, PayloadTooLarge

HARMLESS = frozenset(("string_value", "bool_value", "null_value"))
"""The kinds of values that are JSON whatever they hold."""


def value(field: str, given: Value, limit: int) -> None:
    """A value of *limit* bytes at most in its protobuf form."""
    data = _sized(field, given, limit)
    if not data or not _is_plain(data):
        walk(field, [given])


def struct(field: str, given: Struct, limit: int) -> None:
    """An object, as ``value``."""
    data = _sized(field, given, limit)
    if not _is_plain(data, depth=1):
        walk(field, _values(given), depth=1)


def walk(field: str, given: Collection[Value], depth: int = 0, most: int = limits.VALUES) -> int:
    """Look at each value, and at those inside: *most* together; answers how many there are."""
    count = 0
    level: list[Collection[Value]] = [given]
    while level:
        if depth > limits.NESTING:
            raise InvalidField(field, f"is nested deeper than {limits.NESTING} levels")
        deeper: list[Collection[Value]] = []
        for values in level:
            count += len(values)
            if count > most:
                raise InvalidField(field, f"holds more than {limits.VALUES} values")
            for one in values:
                kind = one.WhichOneof("kind")
                if kind in HARMLESS:
                    continue
                if kind == "number_value":
                    if not isfinite(one.number_value):
                        raise InvalidField(field, f"holds the number {one.number_value}, which JSON has not")
                elif kind == "struct_value":
                    deeper.append(_values(one.struct_value))
                elif kind == "list_value":
                    deeper.append(_values(one.list_value))
                elif kind is None:
                    raise InvalidField(field, "holds a value of no kind; JSON null is null_value")
        level = deeper
        depth += 1
    return count


def _sized(field: str, given: Value | Struct, limit: int) -> bytes:
    data = given.SerializeToString()
    if len(data) > limit:
        raise PayloadTooLarge(field, len(data), limit)
    return data


def _is_plain(data: bytes, depth: int = 0) -> bool:
    """
    Whether nothing that ``walk`` refuses can be in these bytes; if not, it may be all the same.

    What would be refused cannot be without certain bytes (https://protobuf.dev/programming-guides/encoding/): a value
    of no kind is the tag of an entry's value or of a list's element with a length of 0, a number that is not finite
    ends with 7F or FF, and each level of nesting begins with the tag of an object, ``*``, or of a list, ``2``. A value
    takes two bytes at least.
    """
    return (
        b"\x12\x00" not in data
        and b"\x0a\x00" not in data
        and b"\x7f" not in data
        and b"\xff" not in data
        and depth + data.count(b"*") + data.count(b"2") <= limits.NESTING
        and len(data) <= limits.VALUES
    )


def _values(given: Struct | ListValue) -> Collection[Value]:
    """The values inside. A map's own ``values()`` is generic Python, at several times the cost of looking each up."""
    if isinstance(given, ListValue):
        return given.values
    fields = given.fields
    return [fields[key] for key in fields]
