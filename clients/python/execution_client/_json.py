"""
JSON values between Python and ``google.protobuf.Value``.

A Value holds every number as a double. So that what was sent comes back as it was, an integral double of up to 2**53
is an int in Python, and an int beyond that is refused instead of being rounded without a word. Everything else that a
Value cannot hold is refused too, with the path of the culprit, before anything is sent.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import NULL_VALUE, Struct, Value

_EXACT: Final = 2**53
_LEVELS: Final = 30
"""More levels of lists and dicts than the contract allows cannot be parsed: protobuf stops at 100 nested messages, and
a level takes three."""


def to_value(json: object, path: str) -> Value:
    """
    Convert what Python has for a JSON value: None, bool, int, float, str, list or tuple, and dict with str keys.

    Args:
        path: what to call ``json`` in an error, as in ``payload``.

    Raises:
        TypeError: something is of another type; the message says where.
        ValueError: an int is beyond 2**53, a number is not finite, a text is not Unicode, or the nesting is deeper
            than 30 levels; the message says where.
    """
    value = Value()
    _fill(value, json, path, _LEVELS)
    return value


def to_struct(json: object, path: str) -> Struct:
    """Convert a dict; see ``to_value``."""
    if not isinstance(json, Mapping):
        raise TypeError(f"{path} must be a dict, not {type(json).__name__}.")
    return to_value(json, path).struct_value


def to_values(json: object, path: str) -> dict[str, Value]:
    """Convert the values of a dict, each for itself; see ``to_value``."""
    if not isinstance(json, Mapping):
        raise TypeError(f"{path} must be a dict, not {type(json).__name__}.")
    return {_key(key, path): to_value(item, f"{path}.{key}") for key, item in json.items()}


def from_value(value: Value) -> Any:
    """Convert to None, bool, int, float, str, list or dict. A Value without a kind is None."""
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return _from_number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return from_struct(value.struct_value)
        case "list_value":
            return [from_value(item) for item in value.list_value.values]
        case _:
            return None


def from_struct(struct: Struct) -> dict[str, Any]:
    """Convert to a dict; see ``from_value``."""
    return {key: from_value(item) for key, item in struct.fields.items()}


def _fill(value: Value, json: object, path: str, levels: int) -> None:
    match json:
        case None:
            value.null_value = NULL_VALUE
        case bool():
            value.bool_value = json
        case int() | float():
            value.number_value = _number(json, path)
        case str():
            value.string_value = _text(json, path)
        case list() | tuple():
            value.list_value.SetInParent()
            for index, item in enumerate(json):
                _fill(value.list_value.values.add(), item, f"{path}[{index}]", _below(levels, path))
        case Mapping():
            value.struct_value.SetInParent()
            for key, item in json.items():
                _fill(value.struct_value.fields[_key(key, path)], item, f"{path}.{key}", _below(levels, path))
        case _:
            raise TypeError(f"{path} is of type {type(json).__name__}, which JSON does not have.")


def _number(number: int | float, path: str) -> float:
    if isinstance(number, int):
        if abs(number) > _EXACT:
            raise ValueError(f"{path} is an int beyond 2**53, which JSON numbers cannot hold exactly.")
    elif not math.isfinite(number):
        raise ValueError(f"{path} is {number}, which JSON does not have.")
    return float(number)


def _text(text: str, path: str) -> str:
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{path} holds half of a surrogate pair, which is not Unicode text.") from None
    return text


def _key(key: object, path: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{path} has the key {key!r}; JSON has only str keys.")
    return _text(key, f"A key of {path}")


def _below(levels: int, path: str) -> int:
    if levels == 0:
        raise ValueError(f"{path} is nested deeper than {_LEVELS} levels.")
    return levels - 1


def _from_number(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) <= _EXACT else number
