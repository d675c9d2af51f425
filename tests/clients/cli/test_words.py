"""What is said about executions, piece by piece: the rest of the command only puts it in its place."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from execution_client import (
    Execution,
    ExecutionStatus,
    HistoryEntry,
    Progress,
    StatusReason,
    WatchEvent,
    WatchMessage,
)
from execution_client.cli import as_json, words
from execution_client.cli.app import options_first
from execution_client.cli.many import ManyDrawing
from execution_client.cli.one import OneDrawing
from execution_client.cli.render import STYLES
from rich.console import Console, RenderableType

START = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
ID = "01a20000-0000-7000-8000-000000000000"


def execution(**fields: object) -> Execution:
    """A running execution with these fields."""
    known: dict[str, object] = {
        "id": ID,
        "type": "import",
        "status": ExecutionStatus.RUNNING,
        "status_reason": StatusReason.STARTED,
        "attempts": 1,
        "max_attempts": 3,
        "created_at": START,
        "updated_at": START,
        "revision": 2,
    }
    return Execution(**known | fields)  # type: ignore[arg-type]  # checked by the tests themselves


def drawn(frame: RenderableType, width: int) -> list[str]:
    """The lines of a drawing on a terminal of ``width`` columns."""
    console = Console(file=StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(frame)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("status", ExecutionStatus)
def test_every_status_has_a_glyph_and_a_style(status: ExecutionStatus) -> None:
    """A new status must not fail the screen of whoever meets it first."""
    assert len(words.GLYPHS[status]) == 1
    assert status in STYLES


@pytest.mark.parametrize("reason", StatusReason)
def test_every_reason_is_said_and_by_whom(reason: StatusReason) -> None:
    """A new reason must not fail the screen of whoever meets it first."""
    change = HistoryEntry(3, START, ExecutionStatus.RUNNING, ExecutionStatus.RETRYING, reason, 1, "anna")

    said = words.change_text(change, None, 3)

    assert len(said) > len(" (by anna)")
    assert said.endswith(" (by anna)")
    assert "{" not in said


def test_an_attempt_that_did_not_count_raises_the_last_number() -> None:
    """The fourth attempt of three would look like a mistake."""
    assert words.attempt_text(execution(attempts=4, refunded_attempts=1)) == "attempt 4 of 4"


@pytest.mark.parametrize(
    ("status", "fields", "said"),
    [
        ("running", {"cancellation_requested_at": START}, "asked to stop"),
        ("retrying", {"next_attempt_at": START + timedelta(seconds=3.5)}, "next attempt in 0:00:04"),
        ("pending", {"scheduled_at": datetime(2027, 1, 1)}, "scheduled for 2027-01-01 00:00:00"),  # noqa: DTZ001
        ("retrying", {"next_attempt_at": START}, ""),
        ("running", {"next_attempt_at": START + timedelta(seconds=3.5)}, ""),
    ],
)
def test_what_is_waited_for_is_said(status: str, fields: dict[str, datetime], said: str) -> None:
    """Else a screen on which nothing moves looks broken."""
    local = {name: moment.astimezone() for name, moment in fields.items()}

    assert words.waiting_text(execution(status=ExecutionStatus(status), **local), START) == said


@pytest.mark.parametrize(
    ("progress", "percent", "said"),
    [
        (None, None, ""),
        (Progress(1, 3, "Now", 33.0), 33.0, "33 %  1 of 3  Now"),
        (Progress(2999, 3000, "", 99.97), 99.97, "99 %  2,999 of 3,000"),
        (Progress(5, 0, "", 0.0), None, "5 done"),
        (Progress(5, 0, "", 40.0), 40.0, "40 %  5 done"),
        (Progress(0.5, 1e300, "", 0.0), 0.0, "0 %  0.5 of 1e+300"),
    ],
)
def test_progress_is_said_as_far_as_it_is_known(
    progress: Progress | None, percent: float | None, said: str
) -> None:
    """An unknown total is no percentage, and what is nearly done is not done."""
    assert words.percent_of(execution(progress=progress)) == percent
    assert words.progress_text(execution(progress=progress)) == said


@pytest.mark.parametrize(
    ("now", "completed_at", "said"),
    [
        (timedelta(seconds=7.9), None, "0:00:07"),
        (timedelta(days=2, hours=5), None, "2d 05h"),
        (timedelta(hours=1), START + timedelta(minutes=2), "0:02:00"),
        (timedelta(seconds=-30), None, "0:00:00"),
    ],
    ids=["running", "for days", "ended", "the store's clock is ahead"],
)
def test_the_elapsed_time_ends_with_the_execution(
    now: timedelta, completed_at: datetime | None, said: str
) -> None:
    """And never runs backwards."""
    assert words.elapsed(execution(completed_at=completed_at), START + now) == said


@pytest.mark.parametrize("width", [*range(20, 60, 7), 80, 100, 119, 120, 200])
def test_no_drawing_is_wider_than_the_terminal(width: int) -> None:
    """A line that wraps is a line more than the program knows of: the next drawing would miss its place."""
    busy = execution(
        type="t" * 80,
        progress=Progress(123456789, 987654321, "m" * 300, 12.0),
        updated_at=START + timedelta(9),
    )
    message = WatchMessage(ID, 2, WatchEvent.SNAPSHOT, None, busy)
    for drawing in (OneDrawing("target:1"), ManyDrawing("target:1", ())):
        list(drawing.tell(message))
        for lost in (False, True):
            lines = drawn(drawing.frame(width, 20, START + timedelta(hours=30), lost=lost), width)
            assert len(lines) == (4 if isinstance(drawing, ManyDrawing) else 3 if width > 34 else 2)


def test_json_keeps_what_was_there_and_leaves_out_what_was_not() -> None:
    """Zero, false and null are values; an empty text is the absence of one."""
    empty = as_json.plain(execution(payload=None, has_payload=True, result=None, attempts=0))

    assert isinstance(empty, dict)
    assert empty["payload"] is None
    assert empty["attempts"] == 0
    assert not empty.keys() & {"result", "error", "labels", "idempotency_key", "has_payload", "completed_at"}


def test_json_has_no_character_that_a_terminal_obeys() -> None:
    """It is printed on terminals too."""
    line = as_json.line({"message": "\x1b[2J \x9b2J \x7f é"})

    assert line == '{"message":"\\u001b[2J \\u009b2J \\u007f é"}'


def test_options_that_move_keep_their_values() -> None:
    """And what only looks like one stays."""
    flags = {"--json": True, "--target": False, "-t": False}

    assert options_first(["get", "--json", "a", "-t", "b", "c"], flags) == [
        "--json",
        "-t",
        "b",
        "get",
        "a",
        "c",
    ]
    assert options_first(["get", "--target=b", "--", "--json"], flags) == [
        "--target=b",
        "get",
        "--",
        "--json",
    ]
    assert options_first(["get", "--target"], flags) == ["--target", "get"]
