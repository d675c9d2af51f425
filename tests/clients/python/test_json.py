"""JSON values between Python and google.protobuf.Value."""

from collections import OrderedDict
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import pytest
from execution_client._json import from_value, to_struct, to_value
from google.protobuf.struct_pb2 import Value
from hypothesis import given
from hypothesis import strategies as st

EXACT = 2**53
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-EXACT, EXACT)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(JSON)
def test_what_is_sent_comes_back_as_it_was(json: Any) -> None:
    """A payload is the caller's own: the wire must not change it."""
    assert from_value(Value.FromString(to_value(json, "payload").SerializeToString())) == json


@pytest.mark.parametrize("number", [0, 1, -1, EXACT, -EXACT, 3.0, -0.0])
def test_an_integral_number_comes_back_as_an_int(number: float) -> None:
    """A list index or an id that comes back as 3.0 breaks the worker that reads it."""
    back = from_value(to_value(number, "x"))
    assert (back, type(back)) == (number, int)


@pytest.mark.parametrize("number", [0.5, 1e300, 2.0**53 + 2])
def test_other_numbers_come_back_as_floats(number: float) -> None:
    """Beyond 2**53 a double does not tell which integer was meant."""
    back = from_value(to_value(number, "x"))
    assert (back, type(back)) == (number, float)


@pytest.mark.parametrize("flag", [True, False])
def test_a_bool_stays_a_bool(flag: bool) -> None:
    """In Python a bool is an int too; in JSON it is not."""
    assert from_value(to_value(flag, "x")) is flag


class Colour(IntEnum):
    RED = 1


def test_tuples_other_mappings_and_number_enums_are_taken() -> None:
    """What has one obvious JSON form is not refused."""
    json = OrderedDict(a=(1, 2), b=Colour.RED, c={}, d=[])
    assert from_value(to_value(json, "x")) == {"a": [1, 2], "b": 1, "c": {}, "d": []}


@pytest.mark.parametrize(
    ("json", "error", "message"),
    [
        (
            {"items": [0, 1, 2, {"id": EXACT + 1}]},
            ValueError,
            r"payload\.items\[3\]\.id is an int beyond 2\*\*53",
        ),
        ([-EXACT - 1], ValueError, r"payload\[0\] is an int"),
        ({"a": float("nan")}, ValueError, r"payload\.a is nan"),
        ({"a": [float("-inf")]}, ValueError, r"payload\.a\[0\] is -inf"),
        ({"a": {1: 2}}, TypeError, r"payload\.a has the key 1"),
        ({"a": b"x"}, TypeError, r"payload\.a is of type bytes"),
        ({"a": {"x"}}, TypeError, r"payload\.a is of type set"),
        (datetime.now(UTC), TypeError, r"payload is of type datetime"),
        (Decimal(1), TypeError, r"payload is of type Decimal"),
        (["\ud800"], ValueError, r"payload\[0\] holds half of a surrogate pair"),
        ({"a": {"\ud800": 1}}, ValueError, r"A key of payload\.a holds half"),
    ],
)
def test_what_json_cannot_hold_is_refused_with_its_path(
    json: Any, error: type[Exception], message: str
) -> None:
    """Rounded, dropped or refused by a server far away, it would be found much later."""
    with pytest.raises(error, match=message):
        to_value(json, "payload")


def nested(levels: int) -> Any:
    """A scalar in ``levels`` lists."""
    json: Any = 1
    for _ in range(levels):
        json = [json]
    return json


def test_nesting_ends_where_protobuf_could_not_parse_it_any_more() -> None:
    """protobuf builds and sends deeper values than it can read: nobody could read the execution again."""
    assert from_value(to_value(nested(30), "x")) == nested(30)
    with pytest.raises(ValueError, match=r"x(\[0\]){30} is nested deeper than 30 levels"):
        to_value(nested(31), "x")


def test_a_list_that_holds_itself_is_refused() -> None:
    """It would never end."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="deeper than 30 levels"):
        to_value(endless, "x")


def test_free_data_must_be_a_dict() -> None:
    """Metadata is a Struct, not any Value."""
    with pytest.raises(TypeError, match="metadata must be a dict, not list"):
        to_struct([], "metadata")


def test_a_value_without_a_kind_is_none() -> None:
    """A newer protobuf may have a kind that this one does not know."""
    assert from_value(Value()) is None
