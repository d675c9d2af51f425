"""What the tests of the command line share: a server, a client to act with, and the command itself."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack

import pytest
from execution_client import ExecutionClient
from execution_client.cli.app import app
from typer.testing import CliRunner

from tests.clients.cli.terminal import DEADLINE_SECONDS, Terminal
from tests.process.programs import environment
from tests.service import Service, serving

COMMAND = [sys.executable, "-m", "execution_client.cli"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]
OpenTerminal = Callable[..., Terminal]


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that all tests share: leave it running."""
    folder = tmp_path_factory.mktemp("service")
    with serving(folder, "--data-dir", str(folder / "data")) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[ExecutionClient]:
    """Acts behind the back of the command."""
    with ExecutionClient(service.address) as client:
        yield client


@pytest.fixture
def environ(service: Service) -> Mapping[str, str]:
    """What the command finds in its environment."""
    settings = {"EXECUTION_TARGET": service.address, "TERM": "xterm-256color", "TZ": "UTC"}
    inherited = environment(**settings)
    return {name: value for name, value in inherited.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}}


@pytest.fixture
def execution(environ: Mapping[str, str]) -> Run:
    """Runs the command to its end, without a terminal."""

    def run(*words: str, stdin: str = "", **extra: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *words],
            env={**environ, **extra},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )

    return run


@pytest.fixture
def execution_here(environ: Mapping[str, str]) -> Run:
    """Does as ``execution`` in this process: for the many small variations of one command."""

    def run(*words: str, **extra: str) -> "subprocess.CompletedProcess[str]":
        result = CliRunner().invoke(app, words, env={**environ, **extra}, prog_name="execution")
        return subprocess.CompletedProcess(words, result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def terminal(environ: Mapping[str, str]) -> Iterator[OpenTerminal]:
    """Runs the command in a terminal, until the test ends."""
    with ExitStack() as stack:

        def open_terminal(*words: str, columns: int = 100, lines: int = 30, **extra: str) -> Terminal:
            command = Terminal([*COMMAND, *words], {**environ, **extra}, columns=columns, lines=lines)
            return stack.enter_context(command)

        yield open_terminal
