"""
What ``--json`` prints: one object a line, with the field names of the contract in snake case.

Statuses, reasons and events are the contract's names in lower case without their prefix; times are RFC 3339 in UTC, to
the millisecond; lengths of time are ``"30s"``. What there is none of is left out; numbers and flags never are. Maps
come in the order of their keys, for the wire keeps none.
"""

import dataclasses
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final

from .._model import Count, Execution
from . import words

_EXACT: Final = 2**53
_RENAMED: Final = {"from_status": "from", "to_status": "to"}
_INTERNAL: Final = {"has_payload", "has_result"}
_FREE: Final = {"payload", "result"}
"""Any JSON value, null included: only the flags of the model tell whether there is one."""
_UNSAFE: Final = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}
"""Control characters that JSON allows as they are and a terminal may obey."""


def line(value: object) -> str:
    """Answer a line of JSON, without its end."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)


def plain(value: object) -> object:
    """Answer what JSON has for a value of the model."""
    match value:
        case Count():
            return {"count": value.total, "by_status": plain(value.by_status)}
        case Enum():
            return value.value
        case datetime():
            return words.stamp(value)
        case float() if value.is_integer() and abs(value) <= _EXACT:
            return int(value)
        case timedelta():
            return words.span(value)
        case Mapping():
            return {str(plain(key)): plain(item) for key, item in sorted(value.items())}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value):
            return {_RENAMED.get(name, name): plain(item) for name, item in _present(value)}
        case _:
            return value


def _present(value: Any) -> list[tuple[str, object]]:
    """Answer the fields that say something."""
    fields = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
    return [(name, item) for name, item in fields if _says_something(value, name, item)]


def _says_something(value: object, name: str, item: object) -> bool:
    if name in _INTERNAL:
        return False
    if name in _FREE and isinstance(value, Execution):
        return bool(getattr(value, f"has_{name}"))
    return item is not None and not (isinstance(item, str | Mapping | tuple) and not item)
