"""What goes wrong is a sentence and an exit status, never a traceback."""

import json
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest
from croco.execution.v1.execution_service_pb2 import CountExecutionsResponse
from execution_client import ExecutionClient

from tests.clients.python.scripted_server import ScriptedServer
from tests.process.programs import environment

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_refused_call_says_the_sentence_and_the_reason(execution: Run, client: ExecutionClient) -> None:
    """Whoever reads it knows what to do; the status is one that says nothing about an execution."""
    id = client.create("t").id

    result = execution("complete", id)

    assert (result.returncode, result.stdout) == (5, "")
    assert result.stderr.splitlines() == [
        f"error: Execution {id} cannot go from pending to completed; what can follow is running, cancelled.",
        "  reason  INVALID_STATE_TRANSITION",
    ]


def test_a_bad_field_is_named(execution: Run) -> None:
    """Of a command with ten options, the one to look at."""
    result = execution("create", "t", "--label", f"{'k' * 64}=v")

    assert result.returncode == 5
    assert "  reason  INVALID_FIELD" in result.stderr
    assert "  field   labels" in result.stderr


def test_with_json_a_problem_is_an_object_on_stderr(execution: Run) -> None:
    """A script branches on the reason, and its stdout holds answers only."""
    result = execution("get", "no-id", "--json")

    problem = json.loads(result.stderr)["problem"]
    assert (result.returncode, result.stdout) == (5, "")
    assert (problem["code"], problem["reason"]) == ("INVALID_ARGUMENT", "INVALID_FIELD")
    assert problem["metadata"] == {"field": "id"}
    assert [violation["field"] for violation in problem["field_violations"]] == ["id"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["create", "t", "--payload", "{no"], "is not JSON"),
        (["create", "t", "--payload", "[" * 100_000], "is not JSON that can be sent"),
        (["create", "t", "--payload", "NaN"], "is not JSON that can be sent"),
        (["create", "t", "--payload", "9007199254740993"], "beyond 2**53"),
        (["create", "t", "--payload", "@no-such-file"], "cannot be read"),
        (["create", "t", "--metadata", "[]"], "allowed is a JSON object"),
        (["create", "t", "--timeout", "90"], "with its unit"),
        (["create", "t", "--timeout", "0s"], "above 0"),
        (["create", "t", "--priority", "99999999999"], "Invalid value for '--priority': allowed is a whole"),
        (["create", "t", "--max-attempts", "2147483648"], "Invalid value for '--max-attempts'"),
        (["complete", "01a20000-0000-7000-8000-000000000000", "--attempt", "-1"], "for '--attempt'"),
        (
            ["retry", "01a20000-0000-7000-8000-000000000000", "--additional-attempts", "two"],
            "for '--additional-attempts'",
        ),
        (["create", "t", "--label", "team"], "allowed is KEY=VALUE"),
        (["list", "--status", "done"], "allowed is pending,"),
        (["list", "--created-from", "yesterday"], "allowed is a time"),
        (["update", "01a20000-0000-7000-8000-000000000000"], "Say what to replace"),
        (
            ["update", "01a20000-0000-7000-8000-000000000000", "--clear", "type"],
            "allowed is metadata, labels",
        ),
        (["get"], "Give an id or --key"),
        (["watch", "01a20000-0000-7000-8000-000000000000", "--type", "t"], "not both"),
        (["count", "--target", "192.0.2.1:50051"], "give tls too"),
        (["count", "--target", "http://127.0.0.1:50051"], "allowed is host:port"),
        (["count", "--tls-client-cert", "cert.pem"], "belong together"),
        (["count", "--tls-ca", __file__], "root_certificates must be PEM"),
    ],
    ids=lambda value: " ".join(word[:20] for word in value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_explained_and_exits_with_2(execution_here: Run, words: list[str], why: str) -> None:
    """Before anything is sent."""
    result = execution_here(*words, EXECUTION_TOKEN="secret", COLUMNS="500")

    assert (result.returncode, result.stdout) == (2, "")
    assert why in " ".join(result.stderr.split())
    assert "Traceback" not in result.stderr
    assert "secret" not in result.stderr


@pytest.mark.parametrize("words", [["count"], ["watch"], ["wait", "01a20000-0000-7000-8000-000000000000"]])
def test_a_service_that_cannot_be_reached_is_named(execution_here: Run, words: list[str]) -> None:
    """Also by the commands that wait: who mistyped the address must not wait for ever."""
    result = execution_here(*words, "--target", "127.0.0.1:1", "--deadline", "200ms")

    assert result.returncode == 5
    assert "127.0.0.1:1 gave no answer within 0.2 s" in result.stderr


def test_the_token_comes_from_a_file_or_the_environment(execution_here: Run, tmp_path: Path) -> None:
    """Never from an option: everybody on the machine can read the list of processes."""
    (tmp_path / "token").write_text("from-file\n")
    server = ScriptedServer()
    server.script("CountExecutions", CountExecutionsResponse(), CountExecutionsResponse())

    by_file = execution_here("count", "-t", server.target, "--token-file", str(tmp_path / "token"))
    by_name = execution_here("count", "-t", server.target, EXECUTION_TOKEN="from-environment")
    server.stop()

    assert (by_file.returncode, by_name.returncode) == (0, 0)
    sent = [call.metadata["authorization"] for call in server.received["CountExecutions"]]
    assert sent == ["Bearer from-file", "Bearer from-environment"]


def test_tls_options_reach_the_connection(execution_here: Run, tmp_path: Path) -> None:
    """With the client's own certificate, which the server asks for."""
    make_pair = shlex.split(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=execution.test"
        " -addext subjectAltName=DNS:execution.test -keyout key.pem -out certificate.pem"
    )
    subprocess.run(make_pair, cwd=tmp_path, check=True, capture_output=True)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    credentials = grpc.ssl_server_credentials(
        [(key.read_bytes(), certificate.read_bytes())], certificate.read_bytes(), require_client_auth=True
    )
    server = ScriptedServer(credentials=credentials)
    server.script("CountExecutions", CountExecutionsResponse(count=3))

    files = ("--tls-ca", certificate, "--tls-client-cert", certificate, "--tls-client-key", key)
    words = ("count", "-t", server.target, "--json", *map(str, files), "--tls-server-name", "execution.test")
    result = execution_here(*words)
    server.stop()

    assert json.loads(result.stdout)["count"] == 3


def test_without_its_packages_the_command_says_how_to_get_them() -> None:
    """The client installs without them: not everybody wants a command."""
    program = "import sys; sys.modules['typer'] = None; from execution_client.cli import main; main()"

    result = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True
    )

    assert result.returncode == 1
    assert result.stderr == (
        "execution: the package typer is missing: pip install 'croco-execution-client[cli]'\n"
    )
