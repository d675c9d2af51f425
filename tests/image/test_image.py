"""The container image as it runs in production, called from outside."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_client import ExecutionClient, ExecutionStatus

from tests import servers, service
from tests.image.containers import Container, podman, run, serving
from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import refusal_of

MEGABYTE = 1_000_000
LARGEST = 80 * MEGABYTE
"""What the service may add to the image with Python that it is built on."""


@pytest.fixture(scope="module")
def store() -> Iterator[servers.Server]:
    with servers.running("valkey9") as running:
        yield running


@pytest.fixture
def address() -> str:
    """Where nothing listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.fixture
def container(image: str, store: servers.Server, address: str) -> Iterator[Container]:
    with serving(image, store, address) as started:
        yield started


def test_it_serves_without_any_privilege_and_stops_when_told(container: Container, address: str) -> None:
    """In one test, since without an engine a container takes long to start."""
    assert container.status("NSpid")[-1] == "1"
    assert container.status("Uid") == ["10001"] * 4
    assert {int(container.status(field)[0], 16) for field in ("CapEff", "CapPrm", "CapBnd")} == {0}
    assert container.status("NoNewPrivs") == ["1"]
    assert "ro" in container.root_options

    with ExecutionClient(address) as client:
        created = client.create("report", payload={"album": 7})
        attempt = client.start(created.id).attempts
        client.complete(created.id, result="done", attempt=attempt)
        assert client.get(created.id).status == ExecutionStatus.COMPLETED
        waiting = client.create("report")

    with service.channel(address) as channel:
        stub = ExecutionServiceStub(channel)
        watch = stub.WatchExecution(api.WatchExecutionRequest(id=waiting.id), timeout=DEADLINE_SECONDS)
        next(watch)
        podman("kill", "--signal", "TERM", container.name)
        with pytest.raises(grpc.RpcError) as raised:
            next(watch)
    assert refusal_of(raised.value).reason == "SERVER_DRAINING"
    assert container.wait() == 0
    assert '"stopped"' in container.log
    assert "Traceback" not in container.log
    print(
        "\nserves: uid 10001, no capabilities, no new privileges, root read-only; on SIGTERM drained, exit status 0"
    )


def test_another_container_can_ask_how_it_is(image: str, container: Container, address: str) -> None:
    """The command of an exec probe."""
    asked = run(image, "health", "--listen", address)
    assert (asked.returncode, asked.stdout) == (0, f"{address}: SERVING\n"), container.log
    print(f"\nhealth: {asked.stdout.strip().rpartition(' ')[2]}, asked from a second container")


def test_without_a_store_it_says_so_and_ends(image: str) -> None:
    """It has no disk that lasts; an embedded store in it would lose everything with the container."""
    done = run(image)
    assert done.returncode == 2
    assert "EXECUTION_STORE_URL" in done.stderr
    assert "Traceback" not in done.stderr
    print(f"\nwithout a store: exit status 2: {done.stderr.strip()}")


def test_it_is_small(image: str, python_image: str) -> None:
    """Beside the Python it is built on; no compiler, no pip, no tests, no source of the repository."""
    whole, base = (
        int(podman("image", "inspect", "--format", "{{.Size}}", name)) for name in (image, python_image)
    )
    assert whole - base < LARGEST
    print(f"\nsize: {(whole - base) // MEGABYTE} MB on top of the image with Python")
