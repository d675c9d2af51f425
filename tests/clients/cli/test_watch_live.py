"""``execution watch`` in a terminal: what a person sees, and how the terminal is left."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from execution_client import ExecutionClient

from tests.clients.cli.conftest import OpenTerminal
from tests.clients.cli.terminal import Terminal
from tests.service import serving


def running(client: ExecutionClient, type: str = "import") -> str:
    """The id of an execution that runs."""
    id = client.create(type).id
    client.start(id)
    return id


def colours(terminal: Terminal) -> set[str]:
    """The foreground colours on the screen."""
    return {cell.fg for line in terminal.cells for cell in line}


def lines_of(terminal: Terminal) -> list[str]:
    """What is shown, blank lines left out."""
    return [line for line in terminal.shown.splitlines() if line]


def test_an_execution_is_shown_from_its_start_to_its_end(
    terminal: OpenTerminal, client: ExecutionClient
) -> None:
    """The history with its reasons, the bar, the message, the attempt: all of it while it happens."""
    id = client.create("import").id
    watch = terminal("watch", id)

    watch.wait_for("○ pending    created")
    client.start(id)
    client.update_progress(id, 250, 1000, message="Reading")
    watch.wait_for("attempt 1 of 3 · 250 of 1,000 · Reading")
    assert "25 %" in watch.shown
    client.fail(id, "The other side hung up.", code="RESET", retryable=True)
    watch.wait_for("↻ retrying   attempt 1 failed: The other side hung up. [RESET]")
    client.start(id)
    client.update_progress(id, 700, 1000, message="Writing")
    watch.wait_for("attempt 2 of 3 · 700 of 1,000 · Writing")
    client.complete(id)

    assert watch.ended() == 0
    assert watch.is_clean
    told = [line.split("  ", 1)[1] for line in lines_of(watch)[1:-2]]
    assert lines_of(watch)[0] == f"import  {id}"
    assert told == [
        "○ pending    created",
        "● running    attempt 1 of 3",
        "↻ retrying   attempt 1 failed: The other side hung up. [RESET]",
        "● running    attempt 2 of 3",
        "✓ completed  attempt 2 succeeded",
    ]
    assert "✓ completed  ━━━" in lines_of(watch)[-2]
    assert lines_of(watch)[-1].strip() == "attempt 2 of 3 · 700 of 1,000 · Writing"


@pytest.mark.parametrize(
    ("end", "exit_status", "shown"),
    [
        (
            lambda client, id: client.fail(id, "No.", retryable=False),
            1,
            "✗ failed     attempt 1 failed for good: No.",
        ),
        (lambda client, id: client.time_out(id), 3, "◔ timed_out  attempt 1 was reported to be out of time"),
        (lambda client, id: client.cancel(id, "Not needed."), 4, "■ cancelled  called off: Not needed."),
    ],
    ids=["failed", "timed_out", "cancelled"],
)
def test_the_exit_status_says_how_it_ended(
    terminal: OpenTerminal,
    client: ExecutionClient,
    end: Callable[[ExecutionClient, str], Any],
    exit_status: int,
    shown: str,
) -> None:
    """So that a script can go on with ``&&`` while a person looks on."""
    id = running(client)
    watch = terminal("watch", id)
    watch.wait_for("running")

    end(client, id)

    assert watch.ended() == exit_status
    assert shown in watch.shown
    assert watch.is_clean


def test_the_past_of_an_execution_that_has_ended_is_shown(
    terminal: OpenTerminal, client: ExecutionClient
) -> None:
    """Whoever comes late sees the same."""
    id = running(client)
    client.fail(id, "Too late.", retryable=False)

    watch = terminal("watch", id)

    assert watch.ended() == 1
    assert [line[10:21].rstrip() for line in lines_of(watch)[1:-2]] == ["○ pending", "● running", "✗ failed"]
    assert "attempt 1 failed for good: Too late." in watch.shown


def test_ctrl_c_leaves_the_terminal_as_it_was(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """The cursor is there, the prompt comes on a line of its own, and what was seen is still to be read, once."""
    watch = terminal("watch", running(client))
    watch.wait_for("attempt 1 of 3\n\n")

    watch.press_ctrl_c()

    assert watch.ended() == 130
    assert watch.is_clean
    assert len(lines_of(watch)) == 5
    assert "Traceback" not in watch.shown


def test_sigterm_gives_the_cursor_back(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """``kill`` must not leave a terminal in which one cannot see where one types."""
    watch = terminal("watch", running(client))
    watch.wait_for("running    ━")

    watch.process.send_signal(signal.SIGTERM)

    assert watch.ended() == 143
    assert watch.is_clean


def test_a_watch_goes_on_after_a_restart_of_the_server(terminal: OpenTerminal, tmp_path: Path) -> None:
    """It says that it waits, and misses nothing."""
    with (
        serving(tmp_path, "--data-dir", str(tmp_path / "data")) as service,
        ExecutionClient(service.address) as client,
    ):
        id = running(client)
        watch = terminal("watch", id, "--target", service.address)
        watch.wait_for("running    ━")

        service.kill9()
        watch.wait_for(f"reconnecting to {service.address}")
        service.start()
        client.update_progress(id, 1, 2, message="Back")
        watch.wait_for("Back")
        assert "reconnecting" not in watch.shown
        client.complete(id)

        assert watch.ended() == 0
        assert [line[10:21].rstrip() for line in lines_of(watch)[1:-2]] == [
            "○ pending",
            "● running",
            "✓ completed",
        ]
        assert watch.is_clean


def test_many_executions_are_a_table_that_follows_them(
    terminal: OpenTerminal, client: ExecutionClient
) -> None:
    """Counts, bars and messages, those under way first; what leaves the filter leaves the table."""
    first, second, third = (running(client, "many") for _ in range(3))
    client.cancel(third)
    client.create("others")
    client.update_progress(first, 1, 4, message="Reading")
    watch = terminal("watch", "--type", "many", "--status", "running", "--status", "failed", columns=150)

    watch.wait_for("2 executions  ● 2 running")
    watch.wait_for("25 %      1/3")
    client.fail(first, "Gone wrong.", retryable=False)
    client.update_progress(second, 3, 4, message="Writing")
    watch.wait_for("2 executions  ● 1 running  ✗ 1 failed")
    watch.wait_for("Writing")
    assert [line.split("  ")[0] for line in lines_of(watch)[2:]] == [second, first]
    assert [line.split()[-1] for line in lines_of(watch)[2:]] == ["Writing", "wrong."]
    client.complete(second)
    client.delete(first)
    watch.wait_for("0 executions")
    watch.press_ctrl_c()

    assert watch.ended() == 130
    assert watch.is_clean
    assert lines_of(watch) == ["0 executions"]


def test_more_than_fits_is_counted_and_never_scrolls(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """A screen that scrolls while it is drawn again and again becomes a mess."""
    for _ in range(12):
        running(client, "crowd")
    watch = terminal("watch", "--type", "crowd", lines=10, columns=70)

    watch.wait_for("12 executions")
    client.create("crowd")
    watch.wait_for("13 executions")
    watch.wait_for("… and 8 more")
    watch.press_ctrl_c()

    assert watch.ended() == 130
    assert watch.shown.count("executions") == 1
    assert watch.is_clean


def test_no_color_takes_the_colours_away(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """https://no-color.org: for those who cannot tell them apart, or do not want them. The words say the same."""
    id = running(client)
    client.complete(id)
    coloured, plain = terminal("watch", id), terminal("watch", id, NO_COLOR="1")

    assert (coloured.ended(), plain.ended()) == (0, 0)

    assert coloured.shown == plain.shown
    assert {"green", "brightblack"} <= colours(coloured)
    assert colours(plain) == {"default"}
    assert b"\x1b[3" not in plain.written


def test_what_others_wrote_cannot_reach_the_terminal(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """A message is text: neither control sequences nor markup in it are obeyed."""
    id = client.create("type [red]").id
    client.start(id)
    client.update_progress(id, 1, 2, message="\x1b[2J\x1b[31m[bold]new\nline\x9b2J")
    client.fail(id, "\x1b]0;title\x07 done [/]", retryable=False)

    watch = terminal("watch", id)

    assert watch.ended() == 1
    assert "type [red]" in watch.shown
    assert "[2J [31m[bold]new line 2J" in watch.shown
    assert "failed for good:  ]0;title  done [/]" in watch.shown
    for obeyed in (b"\x1b[2J", b"\x1b]0;", b"\x9b"):
        assert obeyed not in watch.written


def test_a_dumb_terminal_gets_lines(terminal: OpenTerminal, client: ExecutionClient) -> None:
    """Editors run commands in terminals that cannot move the cursor."""
    id = running(client)
    client.complete(id)

    watch = terminal("watch", id, TERM="dumb")

    assert watch.ended() == 0
    assert len(lines_of(watch)) == 3
    assert b"\x1b" not in watch.written
