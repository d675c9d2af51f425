"""The README is true: every snippet of it runs here as it stands there, but for addresses, ids and the store's URL."""

import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.process.programs import DEADLINE_SECONDS, environment
from tests.service import Service, serving

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
ADDRESS = "127.0.0.1:50051"
STORE = "redis://localhost:6379/0"
SCRIPTS = sysconfig.get_path("scripts")
SNIPPETS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [
    command
    for language, snippet in SNIPPETS
    if language == "sh"
    for command in snippet.replace("\\\n", "").splitlines()
]
BY_MAKE = [command for command in COMMANDS if command.startswith("make ")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service as `make serve` runs it, on another port."""
    folder = tmp_path_factory.mktemp("readme")
    with serving(folder, "--data-dir", str(folder / "data")) as service:
        yield service


def run(command: str) -> str:
    """What a command of the README prints; fails the test unless it succeeds."""
    here = re.sub(r"^\.venv/bin", SCRIPTS, command)
    done = subprocess.run(
        here, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def only(text: str) -> str:
    """The one command of the README that holds *text*."""
    (command,) = (str(command) for command in COMMANDS if text in command)
    return command


def test_the_python_snippet_runs_an_execution_to_its_end(service: Service) -> None:
    """It is the first code that a newcomer sees."""
    (code,) = (snippet for language, snippet in SNIPPETS if language == "python")

    printed = subprocess.run(
        [sys.executable, "-c", code.replace(ADDRESS, service.address)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )

    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.splitlines()[-1].endswith("completed")


def test_the_curl_snippet_creates_an_execution_and_watch_shows_it(service: Service) -> None:
    """Without any file of ours, by what the running server says of itself."""
    answer = run(only("buf curl").replace(ADDRESS, service.address))
    execution_id = re.search(r'"id": "([^"]+)"', answer)

    assert execution_id is not None
    cancel = f"execution --target {service.address} cancel {execution_id[1]}"
    run(f".venv/bin/{cancel}")
    watch = (
        only("execution watch")
        .partition("#")[0]
        .replace("watch ID", f"--target {service.address} watch {execution_id[1]}")
    )
    shown = subprocess.run(
        watch.replace(".venv/bin", SCRIPTS),
        shell=True,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert "cancelled" in shown.stdout


def test_the_server_runs_on_a_store_that_is_there_already(tmp_path: Path) -> None:
    """The command names a store by its URL and nothing else."""
    words = only("--store-url").split()
    assert words[:3] == [".venv/bin/execution-server", "serve", "--store-url"]
    assert words[3:] == [STORE]
    kind = next(kind for kind in servers.KINDS if servers.binary(kind))

    with servers.running(kind) as store, serving(tmp_path, *words[2:3], store.url) as service:
        assert service.is_running


@pytest.mark.parametrize("command", BY_MAKE)
def test_make_knows_what_the_readme_tells_to_make(command: str) -> None:
    """That they do what they say on a new machine is for CI, which runs them."""
    assert run(f"{command.partition('#')[0]} --dry-run")


def test_everything_that_the_readme_links_to_is_there() -> None:
    """A link that leads nowhere is a promise broken."""
    links = re.findall(r"\]\(([^)#]+)\)", README)

    assert [link for link in links if not (ROOT / link).exists()] == []
