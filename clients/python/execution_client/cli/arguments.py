"""From the words of a command line to values; what cannot be read is a usage error that says what is allowed."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NoReturn

import typer

from .._model import ExecutionStatus

_LARGEST: Final = 2**31 - 1
_UNITS: Final = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value that was given; typer takes a bare None for one that was not. Its name stands in the help."""

    value: object


def to_given(text: str) -> Json:
    """Read a JSON value; see ``to_json``."""
    return Json(to_json(text))


def to_json(text: str) -> object:
    """Read a JSON value: ``text`` itself, the file after ``@``, or stdin for ``-``."""
    if text == "-":
        where, text = "stdin", sys.stdin.read()
    elif text.startswith("@"):
        where, text = text[1:], to_text(Path(text[1:]))
    else:
        where = "the value"
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise typer.BadParameter(f"{where} is not JSON: {error.msg} at {place}.") from None
    except (ValueError, RecursionError) as error:
        raise typer.BadParameter(f"{where} is not JSON that can be sent: {error}.") from None


def to_object(text: str) -> dict[str, object]:
    """Read a JSON object; see ``to_json``."""
    value = to_json(text)
    if not isinstance(value, dict):
        raise typer.BadParameter('allowed is a JSON object, such as \'{"team": "search"}\'.')
    return value


def to_number(text: str) -> int:
    """Read a whole number that has room in the contract's 32 bits."""
    if not re.fullmatch(r"[0-9]{1,10}", text) or int(text) > _LARGEST:
        raise typer.BadParameter(f"allowed is a whole number from 0 to {_LARGEST}.")
    return int(text)


def to_duration(text: str) -> timedelta:
    """Read a length of time with its unit, as the settings of the server are written."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h)", text)
    span = float(found[1]) * _UNITS[found[2]] if found else timedelta()
    if not span:
        raise typer.BadParameter(
            "allowed is a duration above 0 with its unit (ms, s, m or h), such as 1500ms or 2h."
        )
    return span


def to_moment(text: str) -> datetime:
    """Read a time in ISO 8601. Without an offset it is this machine's local time."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("allowed is a time such as 2026-11-23T09:30:00Z or 2026-11-23.") from None


def to_status(text: str) -> ExecutionStatus:
    """Read a status by its name."""
    allowed = [status for status in ExecutionStatus if status is not ExecutionStatus.UNKNOWN]
    if text not in allowed:
        raise typer.BadParameter(f"{text!r} is no status; allowed is {', '.join(allowed)}.")
    return ExecutionStatus(text)


def to_labels(pairs: Sequence[str]) -> dict[str, str]:
    """Read ``KEY=VALUE`` pairs."""
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise typer.BadParameter(f"{wrong[0]!r} is no label; allowed is KEY=VALUE.")
    return dict(pair.split("=", 1) for pair in pairs)


def to_text(file: Path) -> str:
    """Read a file of text."""
    try:
        return file.read_text("utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not UTF-8 text.") from None


def to_bytes(file: Path | None) -> bytes | None:
    """Read a file, if one is given."""
    try:
        return file.read_bytes() if file else None
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
