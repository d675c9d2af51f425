"""Requests that parse and are odd: a proper one in which some fields have values that nobody should send, but may."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from tests.rpc.values import nested, nested_struct

TEXTS: Final = (
    *("", " ", "\0", "a\nb", "a\x7fb", "\u202eabc", "\N{ZERO WIDTH SPACE}", "\N{OLD ITALIC LETTER A}" * 64),
    *[
        "{",
        "}",
        "{p0}:x:1",
        "a}b{c",
        "*",
        "execution:{p0}:due",
        "../../etc/passwd",
        "%s%n%x",
        "${HOME}",
        "null",
        "NaN",
        "-1",
        "true",
    ],
    *("\r\n*1\r\n$8\r\nFLUSHALL\r\n", "'; return 1 --", "0190a3c4-5b6c-7d3e-8f00-112233445566"),
    *("x" * size for size in (63, 64, 128, 129, 256, 257, 513, 5_000, 70_000)),
    "é" * 256,
)
"""Empty, invisible, at and over the limits, and what would do harm to whoever puts texts together."""
NUMBERS: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 100.0, 100.5, 2.0**53, 2.0**53 + 2, 1e308, -1e308, 5e-324),
    *(float("nan"), float("inf"), float("-inf")),
)
WHOLE: Final = (
    *(0, 1, 2, -1, 3, 9, 10, 20, 100, 999, 1_000, 1_001),
    *(999_999_999, 1_000_000_000, 253_402_300_800),
)
EDGES: Final = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1, -62_135_596_801),
    FieldDescriptor.CPPTYPE_UINT32: (2**32 - 1,),
    FieldDescriptor.CPPTYPE_UINT64: (2**64 - 1,),
}
LEVELS: Final = (1, 5, 28, 29, 30, 31, 32)
"""Around the limit of 30. What is deeper than a parser goes is in ``inputs.py``: Python would not write it."""


class Odd:
    """Makes the values, by what *dice* says. *ids* are those of executions that are there."""

    def __init__(self, dice: random.Random, ids: list[str]) -> None:
        self._dice, self._ids = dice, ids

    def spoil(self, message: Any) -> None:
        """Give some fields of *message* another value, or one where they had none."""
        fields = list(message.DESCRIPTOR.fields)
        for field in self._dice.sample(fields, min(len(fields), self._dice.randint(1, 3))):
            self._set(message, field, room=3)

    def _set(self, message: Any, field: FieldDescriptor, room: int) -> None:
        """*room*: how many levels of messages may be made."""
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            self._fill(getattr(message, field.name), field.message_type, room)
        elif field.is_repeated:
            target = getattr(message, field.name)
            for _ in range(self._dice.choice((1, 2, 25, 150))):
                if field.message_type is None:
                    target.append(self._scalar(field))
                else:
                    self._message(target.add(), room - 1)
        elif field.message_type is None:
            setattr(message, field.name, self._scalar(field))
        else:
            self._message(getattr(message, field.name), room - 1)

    def _fill(self, target: Any, entry: Any, room: int) -> None:
        """Put entries into a map."""
        value = entry.fields_by_name["value"]
        for number in range(self._dice.choice((1, 2, 33, 101))):
            key = self._dice.choice((*TEXTS[:24], f"key {number}", f"{number}"))
            if value.message_type is None:
                target[key] = self._scalar(value)
            else:
                self._message(target[key], room - 1)

    def _message(self, message: Any, room: int) -> None:
        message.SetInParent()
        if isinstance(message, Value | Struct | ListValue):
            self._json(message)
        elif room > 0:
            for field in message.DESCRIPTOR.fields:
                if self._dice.random() < 0.5:
                    self._set(message, field, room)

    def _json(self, message: Value | Struct | ListValue) -> None:
        match message:
            case Value():
                message.CopyFrom(self._value())
            case Struct():
                message.CopyFrom(self._struct())
            case ListValue():
                message.CopyFrom(self._list())

    def _value(self) -> Value:
        levels = self._dice.choice(LEVELS)
        kinds: tuple[Callable[[], Value], ...] = (
            Value,
            lambda: Value(null_value=NULL_VALUE),
            lambda: Value(number_value=self._dice.choice(NUMBERS)),
            lambda: Value(string_value=self._dice.choice(TEXTS)),
            lambda: Value(struct_value=self._struct()),
            lambda: Value(list_value=self._list()),
            lambda: nested(levels),
            lambda: Value(struct_value=nested_struct(levels)),
        )
        return self._dice.choice(kinds)()

    def _struct(self) -> Struct:
        keys = self._dice.sample(TEXTS[:24], self._dice.randint(0, 4))
        return Struct(fields={key: self._leaf() for key in keys})

    def _list(self) -> ListValue:
        return ListValue(values=[self._leaf() for _ in range(self._dice.choice((0, 1, 3, 2_000)))])

    def _leaf(self) -> Value:
        return self._dice.choice(
            (
                Value(bool_value=True),
                Value(number_value=self._dice.choice(NUMBERS)),
                Value(string_value="leaf"),
            )
        )

    def _scalar(self, field: FieldDescriptor) -> Any:
        match field.cpp_type:
            case FieldDescriptor.CPPTYPE_STRING if field.type == FieldDescriptor.TYPE_BYTES:
                return self._dice.randbytes(self._dice.choice((0, 1, 100)))
            case FieldDescriptor.CPPTYPE_STRING if field.name == "id" and self._dice.random() < 0.6:
                return self._dice.choice(self._ids)
            case FieldDescriptor.CPPTYPE_STRING:
                return self._dice.choice(TEXTS)
            case FieldDescriptor.CPPTYPE_BOOL:
                return self._dice.random() < 0.5
            case FieldDescriptor.CPPTYPE_ENUM:
                return self._dice.choice((0, 1, 2, 3, 7, 8, 99, -1, 2**31 - 1, -(2**31)))
            case FieldDescriptor.CPPTYPE_DOUBLE | FieldDescriptor.CPPTYPE_FLOAT:
                return self._dice.choice(NUMBERS)
            case kind:
                edges = EDGES[kind]
                least, most = min(edges), max(edges)
                return self._dice.choice([one for one in (*WHOLE, *edges) if min(least, 0) <= one <= most])
