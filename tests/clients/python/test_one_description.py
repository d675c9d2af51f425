"""The two clients are one: the blocking one is made from the asyncio one, and both are all that is public."""

import inspect
import shutil
import subprocess
import sys
from pathlib import Path

import execution_client
import pytest
from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from execution_client import AsyncExecutionClient, ExecutionClient

ROOT = Path(__file__).parents[3]
VERBS = sorted(name for name in dir(ExecutionClient) if not name.startswith("_"))
METHOD_OF = {
    "batch_create": "BatchCreateExecutions",
    "batch_get": "BatchGetExecutions",
    "heartbeat": "Heartbeat",
    "get_by_idempotency_key": "GetExecutionByIdempotencyKey",
    "list_page": "ListExecutions",
    "save_checkpoint": "SaveCheckpoint",
    "save_checkpoints": "SaveCheckpoint",
    "server_info": "GetServerInfo",
    "time_out": "TimeOutExecution",
    "update_progress": "UpdateProgress",
    "watch_all": "WatchExecutions",
}
"""The method of a verb, where it is not the verb with Execution or Executions behind it."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the generator reads and writes."""
    for name in ("tools/unasync_client.py", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    package = "clients/python/execution_client"
    shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def generate(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the generator in a tree."""
    command = [sys.executable, str(tree / "tools/unasync_client.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_blocking_client_is_up_to_date(tree: Path) -> None:
    """Otherwise a change of the one would be missing in the other."""
    checked = generate(tree, "--check")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_is_out_of_date_is_told_and_mended(tree: Path) -> None:
    """A check that cannot fail checks nothing."""
    blocking = tree / "clients/python/execution_client/_sync"
    (blocking / "calls.py").write_text("")
    (blocking / "stale.py").write_text("x = 1\n")
    before = sorted(blocking.iterdir())
    checked = generate(tree, "--check")
    assert checked.returncode == 1
    assert "+class SyncCalls:" in checked.stdout
    assert "-x = 1" in checked.stdout
    assert sorted(blocking.iterdir()) == before
    assert generate(tree).returncode == 0
    assert not (blocking / "stale.py").exists()
    assert generate(tree, "--check").returncode == 0


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_the_same_arguments_in_both_clients(verb: str) -> None:
    """Whoever knows the one knows the other."""
    blocking = inspect.signature(getattr(ExecutionClient, verb)).parameters
    assert blocking == inspect.signature(getattr(AsyncExecutionClient, verb)).parameters
    assert getattr(ExecutionClient, verb).__doc__


def test_every_method_of_the_service_has_a_verb() -> None:
    """A method that is added to the contract must not be forgotten here."""
    services = (
        execution_service_pb2.DESCRIPTOR.services_by_name["ExecutionService"],
        worker_service_pb2.DESCRIPTOR.services_by_name["WorkerService"],
    )
    methods = {method.name for service in services for method in service.methods} - {"Work"}  # Worker's
    reached = set()
    for verb in VERBS:
        names = {METHOD_OF.get(verb, f"{verb.title()}Execution"), f"{verb.title()}Executions"}
        assert verb == "close" or names & methods, verb
        reached |= names & methods
    assert reached == methods


def test_what_is_public_is_named_and_documented() -> None:
    """The names that users may rely on."""
    public = {name for name in vars(execution_client) if not name.startswith("_")}
    modules = {name for name in public if inspect.ismodule(vars(execution_client)[name])}
    assert public - modules == set(execution_client.__all__)
    classes = [value for value in vars(execution_client).values() if inspect.isclass(value)]
    assert [kind.__name__ for kind in classes if not kind.__doc__] == []
