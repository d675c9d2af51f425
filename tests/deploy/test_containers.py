"""What container engines are given: the Dockerfile and compose.yaml."""

from __future__ import annotations

import subprocess
import sysconfig
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.config_table import SETTINGS

from tests import servers, service
from tests.rpc.subjects import create, get
from tests.test_project import ROOT

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
SERVICES: Final[dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
KNOWN: Final = {one.env for one in SETTINGS}


def test_hadolint_finds_nothing_to_complain_about() -> None:
    """Not even what it calls style."""
    hadolint = Path(sysconfig.get_path("scripts")) / "hadolint"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_and_compose_know_the_settings() -> None:
    """A variable with a slip in its name has no effect, and nobody is told."""
    set_by_image = {word.partition("=")[0] for word in DOCKERFILE.split() if word.startswith("EXECUTION_")}
    assert set_by_image - {"EXECUTION_STORE_URL"} == {"EXECUTION_LISTEN", "EXECUTION_REQUIRE_STORE_URL"}
    assert set_by_image | set(SERVICES["server"]["environment"]) <= KNOWN


def test_compose_gives_the_server_no_privileges_and_the_time_to_stop() -> None:
    """The same as the chart does."""
    server = SERVICES["server"]
    assert (server["read_only"], server["cap_drop"]) == (True, ["ALL"])
    waits = [_seconds(one.default) for one in SETTINGS if one.name == "drain_grace"]
    assert _seconds(server["stop_grace_period"]) >= 5 + sum(waits)


def test_the_store_of_compose_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    """It writes through to the disk, and the server has nothing against it: here the package's Valkey, set so."""
    words = SERVICES["store"]["command"][1:]
    given = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=True)}
    assert (given["appendonly"], given["appendfsync"]) == ("yes", "always")
    with servers.running("valkey9") as store:
        for name, value in given.items():
            assert store.command("CONFIG", "SET", name, value) == b"OK"
        with (
            service.serving(tmp_path, "--store-url", store.url) as server,
            service.channel(server.address) as channel,
        ):
            stub = ExecutionServiceStub(channel)
            created = create(stub)
            assert get(stub, created.id) == created


def _seconds(text: str) -> float:
    return timedelta(seconds=float(text.removesuffix("s"))).total_seconds()
