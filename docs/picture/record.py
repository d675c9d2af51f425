"""
Records docs/watch.svg: ``make picture``.

A real server, a real execution, and what ``execution watch`` really shows of it in a terminal. Only what would differ
from one recording to the next is replaced: the id, and the time of day.
"""

from __future__ import annotations

import math
import re
import sys
import tempfile
import time
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from execution_client import ExecutionClient, Progress

from docs.picture.svg import Line, Moment, Run, draw
from tests.clients.cli.terminal import Terminal
from tests.process.programs import environment
from tests.service import serving

PICTURE: Final = Path(__file__).parents[1] / "watch.svg"
COLUMNS: Final = 84
LINES: Final = 11
ID: Final = "019aafa0-6f2c-7c1e-9d05-3b8e51f7a240"
STARTED_AT: Final = "09:30:00"
ROWS: Final = 1000
ROWS_A_STEP: Final = 50
STEP_SECONDS: Final = 0.25
BEGIN_SECONDS: Final = 2
"""When, after the execution's creation, the recording begins: the command has to start first."""


class Recording:
    """Takes down what the terminal shows, at times that do not depend on how fast this machine is."""

    def __init__(self, terminal: Terminal, created_at: float) -> None:
        """``created_at``: when the execution was created, on the monotonic clock."""
        terminal.wait_for("pending")
        self._terminal = terminal
        self._begins_at = created_at + max(BEGIN_SECONDS, math.ceil(time.monotonic() - created_at))
        self._planned = 0.0
        self.moments: list[tuple[float, list[list[Any]]]] = []
        self._wait_until(0.0)

    def take(self, shows: str) -> None:
        """Take down what the terminal shows soon, a text among it, and let a step pass."""
        self._terminal.wait_for(shows)
        self._wait_until(self._planned + STEP_SECONDS / 2)  # the seconds that it counts are drawn by then
        self.moments.append((self._planned, self._terminal.cells))
        self._planned += STEP_SECONDS
        self._wait_until(self._planned)

    def _wait_until(self, seconds: float) -> None:
        time.sleep(max(0.0, self._begins_at + seconds - time.monotonic()))


def record(target: str) -> list[Moment]:
    """Watch an execution from its creation to its end, and answer what was seen."""
    environ = environment(TERM="xterm-256color", TZ="UTC", EXECUTION_TARGET=target)
    environ = {name: value for name, value in environ.items() if name != "NO_COLOR"}
    # Begin with a second, so that times that are rounded down are the same in every recording.
    time.sleep(1 - time.time() % 1)
    with ExecutionClient(target) as client:
        created_at, id = time.monotonic(), client.create("import-customers", {"file": "customers.csv"}).id
        command = [sys.executable, "-m", "execution_client.cli", "watch", id]
        with Terminal(command, environ, columns=COLUMNS, lines=LINES) as terminal:
            recording = Recording(terminal, created_at)
            _work(client, id, recording)
            assert terminal.ended() == 0
    return [Moment(seconds, _lines(cells, id)) for seconds, cells in recording.moments]


def _work(client: ExecutionClient, id: str, recording: Recording) -> None:
    """Import customers: an attempt that fails half-way, and one that goes on where its checkpoint says."""
    for _ in range(3):
        recording.take("not started")
    _attempt(client, id, recording, until=500)
    client.fail(
        id,
        "The CRM closed the connection",
        code="CRM_RESET",
        retryable=True,
        retry_delay=timedelta(seconds=2),
    )
    for _ in range(int(2 / STEP_SECONDS)):
        recording.take("next attempt in")
    _attempt(client, id, recording, until=ROWS)
    client.complete(id, {"imported": ROWS}, progress=Progress(ROWS, ROWS, "All customers imported"))
    recording.take("attempt 2 succeeded")


def _attempt(client: ExecutionClient, id: str, recording: Recording, *, until: int) -> None:
    attempt = client.start(id)
    first = attempt.checkpoints.get("rows", 0)
    recording.take(f"attempt {attempt.attempts} of 3")
    for rows in range(first + ROWS_A_STEP, until + 1, ROWS_A_STEP):
        says = f"Importing rows {rows - ROWS_A_STEP + 1} to {rows}"
        client.update_progress(id, rows, ROWS, message=says, attempt=attempt.attempts)
        if rows % 200 == 0:
            client.save_checkpoint(id, "rows", rows, attempt=attempt.attempts)
        recording.take(f"{rows:,} of {ROWS:,}")


def _lines(cells: list[list[Any]], id: str) -> tuple[Line, ...]:
    """Answer a screen as runs, with the id and the times of day that every recording has."""
    text = "\n".join("".join(cell.data for cell in line) for line in cells).replace(id, ID)
    lines = re.sub(r"^\d\d:\d\d:\d\d", _Clock(text), text, flags=re.MULTILINE).split("\n")
    return tuple(_runs(text, line) for text, line in zip(lines, cells, strict=True))


class _Clock:
    """Puts the first time of day of a text to STARTED_AT, and the others as much later as they were."""

    def __init__(self, text: str) -> None:
        found = re.search(r"^\d\d:\d\d:\d\d", text, re.MULTILINE)
        self._shift = _seconds(STARTED_AT) - _seconds(found[0]) if found else timedelta()

    def __call__(self, found: re.Match[str]) -> str:
        return str(_seconds(found[0]) + self._shift).rjust(8, "0")


def _seconds(clock: str) -> timedelta:
    hours, minutes, seconds = map(int, clock.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _runs(text: str, cells: list[Any]) -> Line:
    runs: list[Run] = []
    for (colour, bold), group in groupby(range(len(cells)), lambda x: (cells[x].fg, cells[x].bold)):
        columns = list(group)
        words = re.finditer(r"\S+(?: \S+)*", text[columns[0] : columns[-1] + 1])
        runs.extend(Run(columns[0] + word.start(), word[0], colour, bold) for word in words)
    return tuple(runs)


def main() -> None:
    """Record the picture."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), "--data-dir", f"{folder}/data") as service,
    ):
        moments = record(service.address)
    PICTURE.write_text(draw(f"execution watch {ID}", COLUMNS, moments))


if __name__ == "__main__":
    main()
