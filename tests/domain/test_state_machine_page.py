"""docs/state-machine.md says what the code does: its diagram, its tables, and a word on everything there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import execution_client as client
from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason
from execution_server.domain.status import ALLOWED, DELETABLE, ENDED, FINAL

from tests.domain.steps import steps

PAGE: Final = (Path(__file__).parents[2] / "docs/state-machine.md").read_text()


def status(number: ExecutionStatus) -> str:
    return ExecutionStatus.Name(number).removeprefix("EXECUTION_STATUS_")


def reason(number: StatusReason) -> str:
    return StatusReason.Name(number).removeprefix("STATUS_REASON_")


def section(title: str) -> str:
    """What stands under a heading."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


def rows(title: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def told_of(title: str) -> list[str]:
    """What has a paragraph of its own under a heading."""
    return re.findall(r"^\*\*(\w+)\*\*: \w", section(title), re.MULTILINE)


EDGES: Final = {(status(origin), status(to)) for origin, following in ALLOWED.items() for to in following}
CREATION: Final = {("(none)", "PENDING")}


def test_the_diagram_has_the_edges_of_the_table_in_the_code() -> None:
    """A picture is what most people remember."""
    drawn = set(re.findall(r"^    (\w+) --> (\w+): \w", PAGE, re.MULTILINE))
    assert drawn == EDGES
    assert set(re.findall(r"^    (\w+) --> \[\*\]$", PAGE, re.MULTILINE)) == {status(one) for one in FINAL}


def test_the_diagram_and_the_table_name_the_same_calls() -> None:
    """They are two views of one thing."""
    drawn = re.findall(r"^    (\S+) --> (\w+): (.+)$", PAGE, re.MULTILINE)
    listed = [
        (origin.replace("(none)", "[*]"), to, re.sub("Executions?", "", bys).replace("server", "deadline"))
        for origin, to, bys, _ in rows("Transitions")
    ]
    assert drawn == listed


def test_the_table_names_who_does_each_transition_and_why() -> None:
    """Held against the matrix that the transitions themselves are tested with."""
    expected: dict[tuple[str, str], tuple[set[str], set[str]]] = {
        ("(none)", "PENDING"): ({"CreateExecution"}, {"CREATED"})
    }
    for by, origin, to, why in steps():
        bys, reasons = expected.setdefault((status(origin), status(to)), (set(), set()))
        bys.add(by)
        reasons.add(reason(why))
    listed = {
        (origin, to): (set(bys.split(", ")), set(reasons.split(", ")))
        for origin, to, bys, reasons in rows("Transitions")
    }
    assert listed == expected
    assert listed.keys() == EDGES | CREATION


def test_every_status_and_every_reason_has_its_paragraph() -> None:
    """Someone who finds one in a record must find it here."""
    statuses = [name.removeprefix("EXECUTION_STATUS_") for name in ExecutionStatus.keys()]  # noqa: SIM118 - no dict
    reasons = [name.removeprefix("STATUS_REASON_") for name in StatusReason.keys()]  # noqa: SIM118 - no dict
    assert ["UNSPECIFIED", *told_of("Statuses")] == statuses
    assert ["UNSPECIFIED", *told_of("Reasons")] == reasons


def test_final_at_rest_and_deletable_are_what_the_code_takes_them_for() -> None:
    """Three words that are easily taken for one, and clients answer ``at_rest``."""
    defined = {word: set(statuses.split(", ")) for word, _, statuses in rows("Final, at rest, deletable")}
    in_code = {"final": FINAL, "at rest": ENDED, "deletable": DELETABLE}
    assert defined == {word: {status(one) for one in statuses} for word, statuses in in_code.items()}
    assert defined["at rest"] == {one.name for one in client.ExecutionStatus if one.at_rest}
