"""compose.yaml as it is, run by an engine and called from outside."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_client import ExecutionClient, ExecutionStatus

from tests import service
from tests.compose.containers import Container
from tests.compose.engine import Engine
from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.rpc.refusals import refusal_of
from tests.rpc.test_health import SERVING, status

ADDRESS: Final = "127.0.0.1:50051"
SERVICES: Final = ("server", "store")
KILLED: Final = 128 + signal.SIGKILL


@pytest.fixture(autouse=True)
def project(engine: Engine) -> Iterator[None]:
    """Both services, and a store that has nothing in it."""
    up(engine)
    yield
    engine.compose("down", "--volumes")


def up(engine: Engine) -> None:
    """The one command; it returns when both services' health checks have passed."""
    engine.compose("up", "--build", "--detach", "--wait")


def test_it_serves_this_machine_alone_without_any_privilege(engine: Engine) -> None:
    """What compose.yaml asks for is what the processes have."""
    server, store = (Container(engine, name) for name in SERVICES)
    with service.channel(ADDRESS) as channel:
        assert status(channel, "") == SERVING
    assert server.facts["NetworkSettings"]["Ports"] == {
        "50051/tcp": [{"HostIp": "127.0.0.1", "HostPort": "50051"}]
    }
    assert store.facts["NetworkSettings"]["Ports"] in ({}, {"6379/tcp": None})

    assert server.status("Uid") == ["10001"] * 4
    assert {int(server.status(field)[0], 16) for field in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert server.status("NoNewPrivs") == ["1"]
    assert server.facts["HostConfig"]["ReadonlyRootfs"]
    print(
        "\nup: both healthy, SERVING on 127.0.0.1 alone; uid 10001, no capabilities, no new privileges, root read-only"
    )


def test_what_was_acknowledged_outlives_both_containers(engine: Engine) -> None:
    """Killed both at once, with no time to write anything more."""
    with ExecutionClient(ADDRESS) as client:
        created = client.create("report", payload={"album": 7})
    engine.compose("kill")
    assert [Container(engine, name).state["ExitCode"] for name in SERVICES] == [KILLED, KILLED]

    up(engine)
    with ExecutionClient(ADDRESS) as client:
        found = client.get(created.id)
        assert (found.status, found.payload) == (ExecutionStatus.PENDING, {"album": 7})
        attempt = client.start(created.id).attempts
        client.complete(created.id, result="done", attempt=attempt)
    print("\nboth killed and up again: the execution is there, and goes on")


def test_the_engine_starts_again_what_died(engine: Engine) -> None:
    """Nobody has to be there."""
    containers = [Container(engine, name) for name in SERVICES]
    with ExecutionClient(ADDRESS) as client:
        created = client.create("report")
    for container in containers:
        os.kill(container.pid, signal.SIGKILL)
    wait_until(lambda: all(one.facts["RestartCount"] for one in containers), "both have been started again")

    engine.compose("up", "--detach", "--wait")
    with ExecutionClient(ADDRESS) as client:
        assert client.get(created.id).status == ExecutionStatus.PENDING
    assert [Container(engine, name).id for name in SERVICES] == [one.id for one in containers]
    print("\nboth died: started again by the engine, and the execution is there")


def test_down_drains_the_server_and_leaves_the_store_what_it_has(engine: Engine, tmp_path: Path) -> None:
    """The containers go, and with them all that is not in the volume."""
    server, store = (Container(engine, name) for name in SERVICES)
    log = tmp_path / "log"
    with service.channel(ADDRESS) as channel, server.logging_to(log):
        with ExecutionClient(ADDRESS) as client:
            created = client.create("report")
        request = api.WatchExecutionRequest(id=created.id)
        watch = ExecutionServiceStub(channel).WatchExecution(request, timeout=DEADLINE_SECONDS)
        next(watch)
        engine.compose("down")
        with pytest.raises(grpc.RpcError) as raised:
            next(watch)
    assert refusal_of(raised.value).reason == "SERVER_DRAINING"
    assert '"stopped"' in log.read_text()
    assert "Traceback" not in log.read_text()
    assert [one.exit_status for one in (server, store)] == [0, 0], log.read_text()
    assert engine.compose("ps", "--all", "--quiet") == ""

    up(engine)
    with ExecutionClient(ADDRESS) as client:
        assert client.get(created.id).status == ExecutionStatus.PENDING
    print("\ndown: the server drained, exit status 0, and so the store; up again: the execution is there")
