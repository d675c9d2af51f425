"""The real server, as a user starts it: several workers, its own store, and everything still there the next day."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from .programs import DEADLINE_SECONDS, press_ctrl_c, program, run, wait_until


@contextmanager
def serving(folder: Path, *, workers: int) -> "Iterator[tuple[subprocess.Popen[str], str]]":
    """A server and its address."""
    ready_file = folder / "ready"
    words = ("--data-dir", folder / "data", "--listen", "127.0.0.1:0", "--ready-file", ready_file)
    with program(
        "-m", "execution_server", "serve", *words, "--workers", str(workers), TMPDIR=str(folder)
    ) as server:
        wait_until(lambda: ready_file.exists() or server.poll() is not None, "the server serves")
        assert server.poll() is None, server.communicate()
        yield server, ready_file.read_text().strip()


@contextmanager
def stub(address: str) -> Iterator[ExecutionServiceStub]:
    with grpc.insecure_channel(address) as channel:
        yield ExecutionServiceStub(channel)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("stop", [subprocess.Popen.terminate, press_ctrl_c])
def test_executions_outlive_the_server(
    tmp_path: Path, workers: int, stop: "Callable[[subprocess.Popen[str]], None]"
) -> None:
    """What a user tries first: create something, stop the server either way, start it again, look for it."""
    with serving(tmp_path, workers=workers) as (server, address), stub(address) as service:
        assert run("-m", "execution_server", "health", "--listen", address).returncode == 0
        request = api.CreateExecutionRequest(type="report")
        created = service.CreateExecution(request, timeout=DEADLINE_SECONDS).execution
        stop(server)
        _, log = server.communicate(timeout=DEADLINE_SECONDS)
        assert server.returncode == 0, log
    assert not (tmp_path / "ready").exists()
    assert "Traceback" not in log

    with serving(tmp_path, workers=workers) as (_, address), stub(address) as service:
        found = service.GetExecution(
            api.GetExecutionRequest(id=created.id), timeout=DEADLINE_SECONDS
        ).execution
    assert found == created
