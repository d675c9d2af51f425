"""A look at the bytes of a JSON value instead of at each value in it passes nothing that a look at each refuses."""

from __future__ import annotations

import math
import random
from collections import Counter
from typing import Final

import pytest
from execution_server.domain import limits
from execution_server.domain.problems import InvalidField
from execution_server.rpc import json_values
from google.protobuf.struct_pb2 import ListValue, NullValue, Struct, Value

VALUES: Final = 20_000
NUMBERS: Final = (0.0, 1.0, -2.5, 88123.0, 5e-324, 1.7e308, math.inf, -math.inf, math.nan)
TEXTS: Final = ("", "EUR", "2026-12-01", "*", "\n\0", "\x12\0", "\x7f", "ÿ", "é" * 64)


def drawn(dice: random.Random, depth: int) -> Value:
    """Some value; one of no kind or no number now and then."""
    made = Value()
    match dice.choices(("text", "number", "bool", "null", "object", "list", "none"), (5, 4, 2, 2, 3, 3, 0.3))[
        0
    ]:
        case "text":
            made.string_value = dice.choice(TEXTS)
        case "number":
            made.number_value = dice.choice(NUMBERS[:6] if dice.random() < 0.95 else NUMBERS)
        case "bool":
            made.bool_value = dice.random() < 0.5
        case "null":
            made.null_value = NullValue.NULL_VALUE
        case "object":
            made.struct_value.CopyFrom(Struct())
            for _ in range(dice.randint(0, 3) if depth else 0):
                made.struct_value.fields[dice.choice(TEXTS)].CopyFrom(drawn(dice, depth - 1))
        case "list":
            made.list_value.CopyFrom(ListValue())
            for _ in range(dice.randint(0, 3) if depth else 0):
                made.list_value.values.add().CopyFrom(drawn(dice, depth - 1))
    return made


def nested(levels: int, *, in_objects: bool) -> Value:
    """A value with so many levels around it."""
    made = Value(string_value="odd")  # no length of a level is that of a tag then
    for _ in range(levels):
        outer = Value()
        (outer.struct_value.fields["a"] if in_objects else outer.list_value.values.add()).CopyFrom(made)
        made = outer
    return made


def refused(made: Value) -> str:
    """Why a look at each value refuses it, if it does."""
    try:
        json_values.walk("payload", [made])
    except InvalidField as problem:
        return problem.complaint
    return ""


def told(made: Value) -> str:
    """The same of the check that requests go through."""
    try:
        json_values.value("payload", made, limits.PAYLOAD_BYTES)
    except InvalidField as problem:
        return problem.complaint
    return ""


def test_both_looks_refuse_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of values of all kinds; most of those that are fine are known by their bytes."""
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    known = Counter[bool]()
    is_plain = json_values._is_plain

    def noting(data: bytes, depth: int = 0) -> bool:
        known[is_plain(data, depth)] += 1
        return is_plain(data, depth)

    monkeypatch.setattr(json_values, "_is_plain", noting)
    refusals = Counter[str]()
    for _ in range(VALUES):
        made = drawn(dice, 4)
        assert told(made) == refused(made), made
        refusals[refused(made).split()[-1] if refused(made) else ""] += 1
    assert len(refusals) >= 3, "a void run: nothing was refused"
    assert known[True] > VALUES / 4


@pytest.mark.parametrize("in_objects", [False, True])
def test_the_depth_is_that_of_the_deepest(in_objects: bool) -> None:
    """At the limit, one beyond it, and in the object that metadata is, which is a level itself."""
    deepest = nested(limits.NESTING, in_objects=in_objects)
    deeper = nested(limits.NESTING + 1, in_objects=in_objects)
    assert told(deepest) == refused(deepest) == ""
    assert told(deeper) == refused(deeper) == f"is nested deeper than {limits.NESTING} levels"

    metadata = Struct()
    metadata.fields["a"].CopyFrom(nested(limits.NESTING - 1, in_objects=in_objects))
    json_values.struct("metadata", metadata, limits.METADATA_BYTES)
    metadata.fields["a"].CopyFrom(deepest)
    with pytest.raises(InvalidField, match="nested deeper"):
        json_values.struct("metadata", metadata, limits.METADATA_BYTES)


def test_an_entry_that_came_without_its_value_is_of_no_kind() -> None:
    """On the wire it may be left out, unlike where the server writes it."""
    entry = b"\x0a\x03\x0a\x01a"
    made = Value.FromString(b"\x2a" + bytes([len(entry)]) + entry)
    assert told(made) == "holds a value of no kind; JSON null is null_value"
    assert told(Value()) == "holds a value of no kind; JSON null is null_value"


def test_more_values_than_there_may_be_are_counted() -> None:
    """However small they are."""
    made = Value()
    made.list_value.values.extend([Value(bool_value=False)] * (limits.VALUES + 1))
    assert told(made) == refused(made) == f"holds more than {limits.VALUES} values"
