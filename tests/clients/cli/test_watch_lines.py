"""``execution watch`` without a terminal: lines for logs, and objects for programs."""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import ExecutionClient

from tests.clients.cli.conftest import COMMAND, Run
from tests.clients.cli.terminal import DEADLINE_SECONDS
from tests.clients.python.scripted_server import Fault, ScriptedServer
from tests.service import serving

FIELDS: Final = {"id", "revision", "event", "change", "execution"}


class Piped:
    """The command with pipes for its output, whose lines are there as they come."""

    def __init__(self, words: tuple[str, ...], environ: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, *words], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.out: list[str] = []
        self.err: list[str] = []
        pipes = ((self.process.stdout, self.out), (self.process.stderr, self.err))
        self._readers = [threading.Thread(target=_collect, args=pipe, daemon=True) for pipe in pipes]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> "Piped":
        return self

    def __exit__(self, *raised: object) -> None:
        self.process.kill()
        self.ended()

    def wait_for(self, count: int, lines: list[str] | None = None) -> None:
        """Return when there are ``count`` lines."""
        lines = self.out if lines is None else lines
        deadline = time.monotonic() + DEADLINE_SECONDS
        while len(lines) < count:
            assert time.monotonic() < deadline, f"waited in vain for {count} lines: {self.out} {self.err}"
            time.sleep(0.005)

    def ended(self) -> int:
        """Wait for the end, and for all the lines, and answer the exit status."""
        status = self.process.wait(DEADLINE_SECONDS)
        for reader in self._readers:
            reader.join(DEADLINE_SECONDS)
        return status

    @property
    def objects(self) -> list[Any]:
        """The lines as JSON."""
        return [json.loads(line) for line in self.out]


def _collect(pipe: Any, lines: list[str]) -> None:
    with pipe:
        lines.extend(iter(pipe.readline, ""))


@pytest.fixture
def watching(environ: Mapping[str, str]) -> Iterator[Callable[..., Piped]]:
    """Starts ``execution watch``, which ends with the test."""
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(Piped(("watch", *words), environ))


def test_a_program_reads_every_change_through_a_restart(
    watching: Callable[..., Piped], tmp_path: Path
) -> None:
    """One object a line, with the contract's names; the state of the connection is said on stderr only."""
    with (
        serving(tmp_path, "--data-dir", str(tmp_path / "data")) as service,
        ExecutionClient(service.address) as client,
    ):
        id = client.create("import").id
        watch = watching(id, "--json", "--target", service.address)
        watch.wait_for(1)
        client.start(id)
        watch.wait_for(2)

        service.kill9()
        watch.wait_for(1, watch.err)
        service.start()
        watch.wait_for(2, watch.err)
        client.complete(id, {"n": 1})

        assert watch.ended() == 0
    messages = watch.objects
    assert [message["event"] for message in messages] == ["snapshot", "status_changed", "status_changed"]
    assert [message["revision"] for message in messages] == [1, 2, 3]
    assert [message["change"]["to"] for message in messages[1:]] == ["running", "completed"]
    assert messages[2]["change"]["from"] == "running"
    assert messages[2]["execution"]["status"] == "completed"
    assert all(message.keys() <= FIELDS for message in messages)
    assert watch.err[0] == f"Reconnecting to {service.address} …\n"
    assert watch.err[-1] == f"Connected to {service.address} again.\n"


def test_people_read_a_line_for_each_event(watching: Callable[..., Piped], client: ExecutionClient) -> None:
    """What a log of a nightly script shows the next morning."""
    id = client.create("import").id
    client.start(id)
    watch = watching(id)
    watch.wait_for(2)
    client.update_progress(id, 3, 12, message="Reading")
    watch.wait_for(3)
    client.fail(id, "No such file", retryable=False)

    assert watch.ended() == 1
    assert [re.sub(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z  ", "", line) for line in watch.out] == [
        "pending  created\n",
        "running  attempt 1 of 3\n",
        "running  25 %  3 of 12  Reading\n",
        "failed  attempt 1 failed for good: No such file\n",
    ]
    assert watch.err == []


def test_many_executions_are_told_as_lines_and_as_objects(
    watching: Callable[..., Piped], client: ExecutionClient
) -> None:
    """Every line says which execution it is about."""
    id = client.create("told").id
    lines, objects = watching("--type", "told"), watching("--type", "told", "--json")
    lines.wait_for(1)
    objects.wait_for(2)
    client.start(id)
    lines.wait_for(2)
    client.complete(id)
    client.delete(id)
    lines.wait_for(4)
    objects.wait_for(5)

    assert [line.split("  ", 1)[1] for line in lines.out] == [
        f"{id}  told  pending\n",
        f"{id}  told  running  attempt 1 of 3\n",
        f"{id}  told  completed  attempt 1 succeeded\n",
        f"{id}  told  deleted\n",
    ]
    events = ["snapshot", "bookmark", "status_changed", "status_changed", "deleted"]
    assert [message["event"] for message in objects.objects] == events


def test_a_watch_of_what_is_deleted_ends_with_the_problem(
    watching: Callable[..., Piped], client: ExecutionClient
) -> None:
    """It did not end in any way that a status could say."""
    id = client.create("t").id
    watch = watching(id)
    watch.wait_for(1)

    client.delete(id)

    assert watch.ended() == 5
    assert "  reason  EXECUTION_NOT_FOUND\n" in watch.err


def test_a_stream_that_breaks_behind_a_proxy_is_noticed_too(execution_here: Run) -> None:
    """There the connection, which is one to the proxy, stays as it is."""
    running = nouns.Execution(id="e1", status=nouns.EXECUTION_STATUS_RUNNING, revision=2)
    completed = nouns.Execution(id="e1", status=nouns.EXECUTION_STATUS_COMPLETED, revision=4)
    updated = verbs.WatchExecutionResponse(revision=3, event=verbs.WATCH_EVENT_UPDATED, execution=running)
    ended = verbs.WatchExecutionResponse(revision=4, event=verbs.WATCH_EVENT_UPDATED, execution=completed)
    server = ScriptedServer()
    server.script("GetExecution", verbs.GetExecutionResponse(execution=running))
    server.script("WatchExecution", [updated, Fault(grpc.StatusCode.UNAVAILABLE)], [ended])

    result = execution_here("watch", "e1", "--target", server.target)
    server.stop()

    assert result.returncode == 0
    assert result.stderr.splitlines() == [
        f"Reconnecting to {server.target} …",
        f"Connected to {server.target} again.",
    ]


def test_a_reader_that_has_gone_ends_the_command_in_silence(
    client: ExecutionClient, environ: Mapping[str, str]
) -> None:
    """As ``execution watch --json | head -1`` does."""
    id = client.create("piped").id
    command = [*COMMAND, "watch", id, "--json"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        assert watch.stderr is not None
        assert b"snapshot" in watch.stdout.readline()

        watch.stdout.close()
        client.start(id)

        assert watch.wait(DEADLINE_SECONDS) == 141
        assert watch.stderr.read() == b""
