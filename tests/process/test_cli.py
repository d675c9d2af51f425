"""The command line: what starts what, what is said when something is wrong, and with which exit status."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from .programs import DEADLINE_SECONDS, HERE, press_ctrl_c, program, run, wait_until

STANDIN = HERE / "serve_standin.py"
COMMAND = ("-m", "execution_server")


@contextmanager
def health_server(status: int) -> Iterator[int]:
    """A gRPC server whose health is *status*; yields its port."""
    with ThreadPoolExecutor(1) as threads:
        server = grpc.server(threads)
        servicer = health.HealthServicer()
        servicer.set("", status)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield port
        server.stop(None).wait()


def test_serve_runs_on_its_own_store_and_takes_it_along_when_it_stops(tmp_path: Path) -> None:
    """The whole zero-setup path: nothing configured, and nothing left behind."""
    ready_file = tmp_path / "ready"
    ready_file.write_text("of a server that was killed")
    words = (
        STANDIN,
        "serve",
        "--data-dir",
        tmp_path / "data",
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        ready_file,
    )
    with program(*words) as server:
        wait_until(lambda: ready_file.exists() and "unix" in ready_file.read_text(), "the server is ready")
        assert ready_file.read_text() == f"unix://{tmp_path}/data/store.sock?db=0\n"
        server.terminate()
        _, log = server.communicate(timeout=DEADLINE_SECONDS)

    assert server.returncode == 0
    assert not ready_file.exists()
    assert not (tmp_path / "data" / "store.sock").exists()
    assert "The embedded store, " in log


def test_serve_can_be_stopped_while_it_waits_to_start(tmp_path: Path) -> None:
    """As the first process of a container it would get no SIGTERM that it has no handler for."""
    words = (
        STANDIN,
        "serve",
        "--data-dir",
        tmp_path / "data",
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        tmp_path / "r",
    )
    with program(*words) as first:
        wait_until((tmp_path / "r").exists, "the first server is ready")
        other = (STANDIN, "serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0")
        with program(*other) as second:
            assert second.stderr
            lines = iter(second.stderr.readline, "")
            assert any("waiting for it to end" in line for line in lines)
            second.terminate()

            assert second.wait() == 0
        assert first.poll() is None


def test_what_keeps_the_server_from_starting_is_one_sentence() -> None:
    """Whatever refuses: a traceback would hide what the operator has to do."""
    ended = run(
        STANDIN, "serve", "--store-url", "memory://", "--listen", "127.0.0.1:0", TEST_BEHAVIOUR="refuse"
    )

    assert ended.returncode == 1
    assert ended.stderr == "execution-server: The store holds executions of somebody else.\n"


def test_a_busy_port_is_said_before_the_store_is_started(tmp_path: Path) -> None:
    """gRPC would only say that it could not bind."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        ended = run(STANDIN, "serve", "--data-dir", tmp_path / "data", "--listen", listen)

    assert ended.returncode == 1
    assert "is in use on 127.0.0.1: another server listens there." in ended.stderr
    assert not (tmp_path / "data").exists()


def test_a_wrong_setting_has_its_own_exit_status_and_no_traceback() -> None:
    """Service managers tell by it that a restart will not help."""
    ended = run(*COMMAND, "serve", EXECUTION_WORKERS="many")

    assert ended.returncode == 2
    assert ended.stderr == (
        "execution-server: EXECUTION_WORKERS is 'many'; allowed is a whole number from 1 to 256.\n"
    )


def test_a_ready_file_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Else the server would end the moment it is up."""
    ended = run(*COMMAND, "serve", "--data-dir", tmp_path / "data", "--ready-file", tmp_path / "no" / "ready")

    assert ended.returncode == 2
    assert f"ready_file {tmp_path}/no/ready cannot be written" in ended.stderr
    assert not (tmp_path / "data").exists()


def test_the_supervisor_loads_neither_grpc_nor_the_stores_client() -> None:
    """It would pay for them in memory, and grpc's threads have no place in a process that starts others."""
    ended = run("-c", "import sys, execution_server.cli, execution_server.embedded; print(*sys.modules)")

    assert ended.returncode == 0, ended.stderr
    assert not {"grpc", "redis", "google.protobuf"} & set(ended.stdout.split())


def test_a_container_without_a_store_does_not_start() -> None:
    """Its own disk would be gone with it, and the executions too."""
    ended = run(*COMMAND, "serve", EXECUTION_REQUIRE_STORE_URL="1")

    assert ended.returncode == 2
    assert "EXECUTION_STORE_URL" in ended.stderr


def test_check_opens_the_store_that_serve_would(tmp_path: Path) -> None:
    """Before a roll-out: it says what would be used."""
    ended = run(*COMMAND, "check", "--data-dir", tmp_path / "data", "--listen", "[::1]:7")

    assert ended.returncode == 0, ended.stderr
    assert "the server would listen on [::1]:7" in ended.stdout
    assert "The store answers and can keep executions: " in ended.stdout
    assert str(tmp_path / "data") in ended.stdout


def test_check_beside_a_running_server_names_it(tmp_path: Path) -> None:
    """It cannot look into a store that is in use, and it need not wait to find out."""
    with program(HERE / "hold_store.py", tmp_path) as holder:
        assert holder.stdout
        assert holder.stdout.readline()
        ended = run(*COMMAND, "check", "--data-dir", tmp_path)

    assert ended.returncode == 1
    assert f"in use by the server with process id {holder.pid}" in ended.stderr
    assert "waiting" not in ended.stderr


def test_check_says_what_is_wrong_with_the_store(tmp_path: Path) -> None:
    """Here: it was first used with another number of partitions."""
    first = run(*COMMAND, "check", "--data-dir", tmp_path / "data")
    second = run(*COMMAND, "check", "--data-dir", tmp_path / "data", "--partitions", "8")

    assert (first.returncode, second.returncode) == (0, 1)
    assert "The store holds executions in 16 partitions, and this server is set to 8." in second.stderr


@pytest.mark.parametrize(
    ("status", "name", "exit_status"),
    [
        (health_pb2.HealthCheckResponse.SERVING, "SERVING", 0),
        (health_pb2.HealthCheckResponse.NOT_SERVING, "NOT_SERVING", 1),
    ],
)
def test_health_tells_a_probe_by_its_exit_status(status: int, name: str, exit_status: int) -> None:
    """For probes that can only run a program. The wildcard of the server's own setting is asked on loopback."""
    with health_server(status) as port:
        ended = run(
            *(*COMMAND, "health"),
            EXECUTION_LISTEN=f"0.0.0.0:{port}",
            # As in the container image.
            EXECUTION_REQUIRE_STORE_URL="1",
            http_proxy="http://127.0.0.1:1",
        )

    assert ended.returncode == exit_status
    assert ended.stdout == f"127.0.0.1:{port}: {name}\n"


def test_health_of_a_service_that_the_server_does_not_know_is_not_serving() -> None:
    """A misspelt service must not look healthy."""
    with health_server(health_pb2.HealthCheckResponse.SERVING) as port:
        ended = run(*COMMAND, "health", "--listen", f"127.0.0.1:{port}", "--service", "no.such.Service")

    assert ended.returncode == 1
    assert "NOT_FOUND" in ended.stdout


def test_health_without_a_server_says_so() -> None:
    """It must neither hang nor show a traceback."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        ended = run(*COMMAND, "health", "--listen", f"127.0.0.1:{unused.getsockname()[1]}")

    assert ended.returncode == 1
    assert "UNAVAILABLE" in ended.stdout
    assert ended.stderr == ""


def test_help_names_every_setting_with_its_variable_and_default() -> None:
    """The table is the documentation that is always at hand."""
    ended = run(*COMMAND, "serve", "--help")

    assert ended.returncode == 0
    text = " ".join(ended.stdout.split())
    assert "[EXECUTION_LISTEN, default 127.0.0.1:50051]" in text
    assert "--store-url-file PATH" in text
    assert "--log-level {debug,info,warning,error} The least" in text
    assert "--reflection {auto,on,off} Whether" in text
    assert "PARENT_PID" not in text


def test_ctrl_c_ends_without_a_traceback(tmp_path: Path) -> None:
    """People stop servers that way all day."""
    words = (
        STANDIN,
        "serve",
        "--data-dir",
        tmp_path / "data",
        "--listen",
        "127.0.0.1:0",
        "--ready-file",
        tmp_path / "r",
    )
    with program(*words) as server:
        wait_until((tmp_path / "r").exists, "the server is ready")
        press_ctrl_c(server)
        _, log = server.communicate(timeout=DEADLINE_SECONDS)

    assert server.returncode == 130
    assert "Traceback" not in log
