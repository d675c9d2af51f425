"""
What scenario.json may say in place of values.

Given and expected: ``$name`` is a saved value and ``${name}`` a part of a text; ``{"$repeat": text, "times": n}``,
``{"$nested": levels}`` and ``{"$keys": n}`` are values too large to write.

Expected only: an object matches one that has at least its keys; ``$any`` is anything but null, ``$equals`` the very
value, ``$contains`` a part of a text, ``$one_of`` any of these, ``$has`` an item of a list, ``$ids`` exactly these
executions in order of creation, ``$told`` the statuses that a watch tells, in rising order of revisions.
"""

from __future__ import annotations

import re
from typing import Any

Json = Any


def filled(value: Json, names: dict[str, Json]) -> Json:
    """*value* with what stands for other values replaced by them."""
    match value:
        case str():
            if re.fullmatch(r"\$\w+", value):
                return names[value[1:]]
            return re.sub(r"\$\{(\w+)\}", lambda found: str(names[found[1]]), value)
        case list():
            return [filled(item, names) for item in value]
        case {"$repeat": str(text), "times": int(times)}:
            return text * times
        case {"$nested": int(levels)}:
            return _nested(levels)
        case {"$keys": int(keys)}:
            return {f"k{at}": at for at in range(keys)}
        case dict():
            return {key: filled(item, names) for key, item in value.items()}
        case _:
            return value


def _nested(levels: int) -> Json:
    value: Json = "x"
    for _ in range(levels):
        value = [value]
    return value


def mismatches(expected: Json, found: Json, path: str = "answer") -> list[str]:
    """What differs, each as a sentence; empty if *found* is as expected."""
    match expected:
        case {"$any": True}:
            return [] if found is not None else [f"{path} is null"]
        case {"$equals": value}:
            return _unless(found == value and _same_types(found, value), path, found, value)
        case {"$contains": text}:
            return _unless(text in str(found), path, found, f"something with {text!r}")
        case {"$one_of": values}:
            return _unless(found in values, path, found, f"one of {values}")
        case {"$has": item}:
            return _unless(
                any(not mismatches(item, one) for one in found), path, found, f"a list with {item}"
            )
        case {"$ids": ids, "newest_first": bool(newest_first)}:
            return _unless(
                [one["id"] for one in found] == sorted(ids, reverse=newest_first), path, found, ids
            )
        case {"$told": statuses}:
            return _mistold(statuses, found, path)
        case dict():
            if not isinstance(found, dict):
                return [f"{path} is {_short(found)} and no object"]
            return [
                wrong
                for key, item in expected.items()
                for wrong in mismatches(item, found.get(key, "(missing)"), f"{path}.{key}")
            ]
        case list():
            if not isinstance(found, list) or len(found) != len(expected):
                return [f"{path} is {_short(found)} and no list of {len(expected)}"]
            pairs = enumerate(zip(expected, found, strict=True))
            return [wrong for at, pair in pairs for wrong in mismatches(*pair, f"{path}[{at}]")]
        case _:
            return _unless(found == expected and _same_types(found, expected), path, found, expected)


def told_status(message: Json) -> str:
    """The status that a message of a watch tells."""
    return str(message["change"]["to"] if message["change"] else message["execution"]["status"])


def _mistold(statuses: list[str], messages: list[Json], path: str) -> list[str]:
    revisions = [message["revision"] for message in messages]
    if revisions != sorted(set(revisions)):
        return [f"{path} has the revisions {revisions}"]
    telling = [message for message in messages if message["event"] in ("snapshot", "status_changed")]
    told = [told_status(message) for message in telling]
    return _unless(told == statuses, path, told, statuses)


def _same_types(one: Json, other: Json) -> bool:
    """Whether no truth value stands for a number: Python takes True for 1."""
    return isinstance(one, bool) == isinstance(other, bool)


def _unless(right: bool, path: str, found: Json, expected: Json) -> list[str]:
    return [] if right else [f"{path} is {_short(found)} instead of {_short(expected)}"]


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 2000 else f"{text[:2000]}…"
