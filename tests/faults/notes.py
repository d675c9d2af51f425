"""What the workers have noted, held against what the server remembers."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, HistoryEntry
from execution_server.domain.status import RUNNING, reason_name

UNDELIVERED: Final = {"lease_expired", "released"}
"""How an attempt may end that no worker has begun."""


class Note(NamedTuple):
    """One line. What does not belong to its kind is empty."""

    what: str
    worker: str
    id: str
    attempt: int
    kind: str = ""
    step: int = 0
    done: int = 0
    revision: int = 0
    reason: str = ""
    cause: str = ""


class Window(NamedTuple):
    """An attempt, as the server's history tells of it."""

    start: int
    """The revision that began it."""
    end: int
    """The revision that ended it."""
    cause: str
    """Why it ended."""


def read(folder: Path) -> list[Note]:
    """All that was noted by anybody; the last line of a life may be cut short."""
    lines = [
        line for path in sorted(folder.glob("*.notes")) for line in path.read_text().splitlines(keepends=True)
    ]
    return [Note(**json.loads(line)) for line in lines if line.endswith("\n")]


def windows(execution: Execution) -> dict[int, Window]:
    """The attempts of an execution, by number."""
    found = {}
    begun: HistoryEntry | None = None
    for entry in execution.history:
        if entry.to == RUNNING:
            begun = entry
        elif begun is not None and getattr(entry, "from") == RUNNING:
            found[begun.attempt] = Window(begun.revision, entry.revision, reason_name(entry.reason))
    return found


def disagreements(executions: Mapping[str, Execution], notes: list[Note]) -> Iterator[str]:
    """Everything that workers and server tell differently, or that two workers cannot both have done."""
    known = {id_: windows(execution) for id_, execution in executions.items()}
    begun = defaultdict[tuple[str, int], list[Note]](list)
    completed = defaultdict[str, list[Note]](list)
    for note in notes:
        window = known[note.id].get(note.attempt)
        if window is None:
            yield f"{note}: the server knows of no such attempt"
            continue
        match note.what:
            case "begin":
                begun[note.id, note.attempt].append(note)
                if note.revision != window.start:
                    yield f"{note}: it began at {window}"
            case "taken":
                if not window.start < note.revision <= window.end:
                    yield f"{note}: taken outside of {window}"
                if note.kind == "complete":
                    completed[note.id].append(note)
            case "refused" if note.reason != "ERROR_REASON_ATTEMPT_FENCED" or note.cause != window.cause:
                yield f"{note}: the attempt ended otherwise: {window}"
            case "lost" if note.cause != window.cause:
                yield f"{note}: the attempt ended otherwise: {window}"
    for (id_, attempt), who in begun.items():
        if len(who) > 1:
            yield f"attempt {attempt} of {id_} was begun {len(who)} times: {who}"
    for id_, ends in completed.items():
        if len(ends) > 1 or executions[id_].status != ExecutionStatus.EXECUTION_STATUS_COMPLETED:
            yield f"{id_} was completed {len(ends)} times, and is {executions[id_].status}"
    for id_, attempts in known.items():
        for number, window in attempts.items():
            if (id_, number) not in begun and window.cause not in UNDELIVERED:
                yield f"attempt {number} of {id_} was begun by nobody and ended: {window}"
    yield from _not_resumed(begun, notes)


def _not_resumed(begun: Mapping[tuple[str, int], list[Note]], notes: list[Note]) -> Iterator[str]:
    """Attempts that did not go on from what had been saved before them."""
    saved = defaultdict[str, list[Note]](list)
    for note in notes:
        if note.what == "taken" and note.kind == "checkpoint":
            saved[note.id].append(note)
    for (id_, _), (beginning, *_) in begun.items():
        steps = [note.step for note in saved[id_] if note.revision < beginning.revision]
        if beginning.done < max(steps, default=0):
            yield f"{beginning}: step {max(steps)} had been saved"
