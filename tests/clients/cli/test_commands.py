"""Every command does what it says and exits with 0; ``--json`` prints what programs can rely on."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from execution_client import ExecutionClient, ExecutionStatus

from tests.service import Service

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def said(result: "subprocess.CompletedProcess[str]") -> str:
    """The stdout of a command that worked."""
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


def objects(result: "subprocess.CompletedProcess[str]") -> list[Any]:
    """The lines of JSON that a command that worked printed."""
    return [json.loads(line) for line in said(result).splitlines()]


def test_the_life_of_an_execution_from_a_shell(execution: Run) -> None:
    """What a script does: take the id, and hand it from command to command."""
    payload = {"album": 7, "nothing": None}
    id = said(execution("create", "resize", "--payload", json.dumps(payload), "--quiet")).strip()

    assert "running" in said(execution("start", id))
    assert "25 %  1 of 4  Resizing" in said(execution("progress", id, "1", "4", "--message", "Resizing"))
    assert "running" in said(execution("checkpoint", id, "last", '{"image": 12}', "--attempt", "1"))
    failed = said(
        execution("fail", id, "Disk full", "--code", "ENOSPC", "--details", '{"disk": "a"}', "--retryable")
    )
    assert "retrying" in failed
    assert "Disk full [ENOSPC]" in failed
    assert "attempt 2 of 3" in said(execution("start", id))
    assert "completed" in said(execution("complete", id, "--result", "[1, 2.5]"))

    (found,) = objects(execution("get", id, "--json"))
    card = said(execution("get", id))
    assert found["id"] == id
    assert found["payload"] == payload
    assert found["result"] == [1, 2.5]
    assert found["checkpoints"] == {"last": {"image": 12}}
    assert found["progress"]["percent"] == 25
    assert [entry["to"] for entry in found["history"]] == [
        "pending", "running", "retrying", "running", "completed",
    ]  # fmt: skip
    assert [entry["reason"] for entry in found["history"]][2] == "retryable_failure"
    for line in ('{"album":7,"nothing":null}', 'last = {"image":12}', "[1,2.5]", "attempt 2 succeeded"):
        assert line in card


def test_every_option_of_create_arrives(execution: Run, execution_here: Run, tmp_path: Path) -> None:
    """An option that is taken and forgotten is found out in production only."""
    (tmp_path / "payload.json").write_text('{"rows": [1, 2, 3]}')
    words = [
        "create",
        "import",
        "--payload",
        f"@{tmp_path}/payload.json",
        "--metadata",
        "-",
        "--key",
        "import-1",
    ]
    words += [
        "--parent",
        "01a20000-0000-7000-8000-000000000000",
        "--timeout",
        "1500ms",
        "--max-attempts",
        "5",
    ]
    words += ["--label", "team=search", "--label", "note=a=b", "--json"]

    (created,) = objects(execution(*words, stdin='{"from": "stdin"}'))
    (again,) = objects(execution(*words, stdin='{"from": "stdin"}'))
    (found,) = objects(execution_here("get", "--key", "import-1", "--json"))

    assert (created.pop("created"), again.pop("created")) == (True, False)
    assert created == again == found
    assert created["payload"] == {"rows": [1, 2, 3]}
    assert created["metadata"] == {"from": "stdin"}
    assert created["labels"] == {"team": "search", "note": "a=b"}
    assert created["timeout"] == "1.500s"
    assert created["max_attempts"] == 5
    assert created["parent_id"] == "01a20000-0000-7000-8000-000000000000"
    assert created["idempotency_key"] == "import-1"


def test_a_null_payload_is_told_from_none(execution_here: Run) -> None:
    """JSON has null; a script must not lose the difference."""
    (null,) = objects(execution_here("create", "t", "--payload", "null", "--json"))
    (none,) = objects(execution_here("create", "t", "--json"))

    assert null["payload"] is None
    assert "payload" not in none


def test_an_execution_is_updated_called_off_and_deleted(execution_here: Run, client: ExecutionClient) -> None:
    """The commands of its owner; a cleared field is gone."""
    id = client.create("t", metadata={"a": 1}, labels={"x": "y"}).id

    words = ("--metadata", '{"b": 2}', "--max-attempts", "7", "--timeout", "2h", "--clear", "labels")
    (updated,) = objects(execution_here("update", id, *words, "--json"))
    assert updated["metadata"] == {"b": 2}
    assert updated["max_attempts"] == 7
    assert updated["timeout"] == "7200s"
    assert "labels" not in updated
    assert "cancelled" in said(execution_here("cancel", id, "--reason", "No need"))
    assert client.get(id).cancellation_reason == "No need"
    assert said(execution_here("delete", id)) == f"{id} is deleted\n"
    assert execution_here("get", id).returncode == 5


def test_a_checkpoint_of_null_is_removed(execution_here: Run, client: ExecutionClient) -> None:
    """As the contract says; typer alone would take it for a missing word."""
    id = client.create("t").id
    client.start(id)
    client.save_checkpoint(id, "page", 4)

    said(execution_here("checkpoint", id, "page", "null"))

    assert client.get(id).checkpoints == {}


def test_an_attempt_times_out_and_is_retried(execution_here: Run, client: ExecutionClient) -> None:
    """``retry`` with more attempts revives what has used up its own."""
    id = client.create("t", max_attempts=1).id
    client.start(id)

    assert "timed_out" in said(execution_here("time-out", id))
    assert "retrying" in said(execution_here("retry", id, "--additional-attempts", "1"))
    assert client.get(id).max_attempts == 2


def test_lists_and_counts_take_the_same_filters(execution_here: Run, client: ExecutionClient) -> None:
    """What is counted can be listed."""
    ids = [client.create("listed").id for _ in range(3)]
    client.cancel(ids[0])
    waiting = ("--type", "listed", "--status", "pending", "--created-from", "2020-01-01")
    both = ("--type", "listed", "--status", "pending", "--status", "cancelled")

    newest, oldest = (
        execution_here("list", "-q", *waiting),
        execution_here("list", "-q", "--oldest-first", *waiting),
    )
    assert said(newest).split() == ids[:0:-1]
    assert said(oldest).split() == ids[1:]
    assert [one["id"] for one in objects(execution_here("list", "--json", *both))] == ids[::-1]
    assert objects(execution_here("count", *both, "--json")) == [
        {"count": 3, "by_status": {"pending": 2, "cancelled": 1}}
    ]
    assert "in all" in said(execution_here("count", "--parent", ids[0]))
    assert said(execution_here("list", "--created-before", "2020-01-01T00:00:00Z")) == ""


def test_a_server_says_what_it_is(execution_here: Run, client: ExecutionClient) -> None:
    """Before one relies on a deployment one wants to know what it promises."""
    info = client.server_info()
    told = said(execution_here("info"))
    assert (info.version in told, info.store_kind in told, "4,194,304 bytes" in told) == (True,) * 3
    (as_json,) = objects(execution_here("info", "--json"))
    assert as_json["version"] == info.version
    assert as_json["store_kind"] == info.store_kind
    assert as_json["limits"]["batch_size"] == 500
    assert as_json["limits"]["default_deadline"] == "10s"


def test_a_list_in_a_pipe_is_uncut_and_says_when_there_is_more(
    execution: Run, client: ExecutionClient
) -> None:
    """Fields apart by tabs, for cut and awk; the note goes to stderr, where it is in nobody's way."""
    long_type = "piped " + "x" * 150
    ids = [client.create(long_type).id for _ in range(2)]

    result = execution("list", "--type", long_type, "--limit", "1")

    assert result.stdout.split("\t")[:4] == [ids[1], long_type, "pending", "0/3"]
    assert "--limit" in result.stderr


def test_the_order_of_the_words_does_not_matter(
    execution_here: Run, client: ExecutionClient, service: Service
) -> None:
    """Global options stand where one thinks of them; what follows ``--`` is none."""
    id = client.create("ordered").id
    client.start(id)
    for words in (
        ("--json", "-t", service.address, "get", id),
        ("get", id, "--json", "-t", service.address),
        ("get", f"--target={service.address}", "--json", id),
    ):
        assert objects(execution_here(*words, EXECUTION_TARGET="192.0.2.1:1"))[0]["id"] == id
    assert "--json" in said(execution_here("fail", id, "--", "--json"))


@pytest.mark.parametrize(
    ("end", "exit_status"),
    [
        (lambda client, id: client.complete(id, {"n": 1}), 0),
        (lambda client, id: client.fail(id, "No", retryable=False), 1),
        (lambda client, id: client.time_out(id), 3),
        (lambda client, id: client.cancel(id), 4),
    ],
    ids=["completed", "failed", "timed_out", "cancelled"],
)
def test_wait_exits_with_how_the_execution_ended(
    execution: Run, client: ExecutionClient, end: Callable[[ExecutionClient, str], Any], exit_status: int
) -> None:
    """So that a script can go on with ``&&``."""
    id = client.create("t").id
    client.start(id)
    end(client, id)

    result = execution("wait", id, "--json")

    assert result.returncode == exit_status
    assert json.loads(result.stdout)["status"] == client.get(id).status


def test_wait_gives_up_after_its_timeout(execution: Run, client: ExecutionClient) -> None:
    """That nothing has ended yet is no problem of the service's, and no end of the execution's."""
    id = client.create("t").id

    result = execution("wait", id, "--timeout", "50ms")

    assert result.returncode == 6
    assert client.get(id).status is ExecutionStatus.PENDING


@pytest.mark.parametrize("command", ["checkpoint", "create", "get", "progress", "watch"])
def test_help_is_for_people(execution_here: Run, command: str) -> None:
    """Not in the words of the program, and not in two pairs of brackets."""
    result = execution_here(command, "--help", COLUMNS="200")
    assert result.returncode == 0
    assert not re.search(r"<Given>|\(\d+\)|\[\[", result.stdout)
