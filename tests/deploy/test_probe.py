"""The probe that Kubernetes and others bring along, against the server in each phase of its life."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest
from execution_server.rpc.health import LIVENESS, READINESS

from tests import servers, service
from tests.process.programs import wait_until
from tests.service import Service

SERVING, NO_CONNECTION, NOT_SERVING = 0, 2, 4
"""Exit statuses of grpc-health-probe."""
NAMES: Final = (LIVENESS, *READINESS)
ALIVE_AND_READY: Final = dict.fromkeys(NAMES, SERVING)
ALIVE_NOT_READY: Final = {LIVENESS: SERVING, **dict.fromkeys(READINESS, NOT_SERVING)}
NOT_THERE: Final = dict.fromkeys(NAMES, NO_CONNECTION)


class Probe:
    """Asks a server for each name that it answers for."""

    def __init__(self, program: Path, server: Service) -> None:
        self._program, self._server = program, server

    def __call__(self) -> dict[str, int]:
        return {name: self._ask(name) for name in NAMES}

    def becomes(self, answers: dict[str, int]) -> None:
        """Wait until the server is found so: it notices a store that goes or comes, but not at once."""
        wait_until(lambda: self() == answers, f"the probe finds {answers}")

    def _ask(self, name: str) -> int:
        patience = (
            "-connect-timeout",
            "1s",
            "-rpc-timeout",
            "20s",
        )  # it waits out the first where nobody listens
        command = [str(self._program), "-addr", self._server.address, "-service", name, *patience]
        return subprocess.run(command, capture_output=True, check=False).returncode


@pytest.fixture
def store() -> servers.Server:
    """A store whose address is known and that does not run."""
    made = servers.Server("valkey9")
    made.kill9()
    return made


def test_the_standard_probe_finds_the_server_as_it_is(
    tmp_path: Path, grpc_health_probe: Path, store: servers.Server
) -> None:
    """From before its store is there until after it has stopped."""
    with service.serving(tmp_path / "before", "--store-url", "memory://") as another:
        address = another.address  # where nothing listens from now on
    server = Service(tmp_path, "--store-url", store.url, "--drain-delay", "10m")
    server.address = address
    probe = Probe(grpc_health_probe, server)
    try:
        server.launch()  # starting: it waits for its store
        wait_until(lambda: "store" in server.log_text(), "it has looked for its store")
        assert probe() == NOT_THERE
        assert server.is_running

        store.start()
        probe.becomes(ALIVE_AND_READY)

        store.pause()
        probe.becomes(ALIVE_NOT_READY)
        store.resume()
        probe.becomes(ALIVE_AND_READY)

        server.terminate()
        probe.becomes(ALIVE_NOT_READY)  # draining: not to be called, and not to be killed

        server.kill9()
        assert probe() == NOT_THERE
    finally:
        server.stop()
        store.stop()


def test_the_standard_probe_fails_for_a_service_that_is_not_there(
    tmp_path: Path, grpc_health_probe: Path
) -> None:
    """A slip in a manifest must not look like a healthy server."""
    with service.serving(tmp_path, "--store-url", "memory://") as server:
        command = [str(grpc_health_probe), "-addr", server.address, "-service", "livness"]
        assert subprocess.run(command, capture_output=True, check=False).returncode not in (
            SERVING,
            NOT_SERVING,
        )
