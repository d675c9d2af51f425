"""Workers share a port, are replaced when they die, and stop together."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from execution_server import workers
from execution_server.config import Settings
from execution_server.ports import PortRefused

from .programs import DEADLINE_SECONDS, HERE, is_running, press_ctrl_c, program, run, wait_until

pytestmark = pytest.mark.skipif(
    not hasattr(socket, "SO_REUSEPORT"), reason="workers share a port by SO_REUSEPORT"
)

SUPERVISOR = HERE / "supervise_standins.py"


class Supervised:
    """A running supervisor, from outside."""

    def __init__(self, process: "subprocess.Popen[str]", address: str) -> None:
        host, _, port = address.rpartition(":")
        self.process = process
        self.address = (host, int(port))

    def answering(self) -> int:
        """The pid of the worker that answers a new connection; 0 while none does."""
        try:
            with socket.create_connection(self.address, timeout=5) as connection:
                return int(connection.recv(20) or 0)
        except OSError:
            return 0

    def workers(self, count: int, *, without: frozenset[int] = frozenset()) -> frozenset[int]:
        """The pids of *count* workers, none of them in *without*, once so many have answered."""
        seen: set[int] = set()

        def enough() -> bool:
            seen.update({self.answering()} - {0} - without)
            return len(seen) == count

        wait_until(enough, f"{count} workers have answered")
        return frozenset(seen)


@contextmanager
def supervised(folder: Path, **environ: str) -> Iterator[Supervised]:
    ready_file = folder / "ready"
    chosen = {
        "EXECUTION_LISTEN": "127.0.0.1:0",
        "EXECUTION_WORKERS": "2",
        "EXECUTION_STORE_URL": "redis://nowhere",
        "EXECUTION_READY_FILE": str(ready_file),
        "TEST_FOLDER": str(folder),
        "TMPDIR": str(folder),
    }
    with program(SUPERVISOR, **(chosen | environ)) as process:
        wait_until(ready_file.exists, "the workers serve")
        yield Supervised(process, ready_file.read_text().strip())


def test_workers_share_one_port_which_the_ready_file_tells(tmp_path: Path) -> None:
    """Port 0 is chosen once, by the supervisor, and the file comes when all of them serve."""
    with supervised(tmp_path) as server:
        assert server.address[1] != 0
        assert server.process.pid not in server.workers(2)


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    """Else the server would lose a core with every crash, and nobody would notice."""
    with supervised(tmp_path) as server:
        first = server.workers(2)
        victim = min(first)
        os.kill(victim, signal.SIGKILL)

        replaced = server.workers(1, without=first)

        assert server.workers(2, without=frozenset({victim})) == (first - {victim}) | replaced
        server.process.terminate()
        _, log = server.process.communicate(timeout=DEADLINE_SECONDS)
    assert f"(process {victim}) has ended with exit status -9; starting another one" in log


@pytest.mark.parametrize("stop", [subprocess.Popen.terminate, press_ctrl_c])
def test_a_stopping_supervisor_drains_all_workers(
    tmp_path: Path, stop: "Callable[[subprocess.Popen[str]], None]"
) -> None:
    """Each worker has calls under way. Ctrl-C means the same as SIGTERM, and comes to them from the supervisor only."""
    with supervised(tmp_path) as server:
        pids = server.workers(2)
        stop(server.process)

        assert server.process.wait() == 0
        assert not any(is_running(pid) for pid in pids)
        assert {file.name for file in tmp_path.glob("drained-*")} == {f"drained-{pid}" for pid in pids}


def test_a_worker_that_does_not_finish_is_killed(tmp_path: Path) -> None:
    """A hung worker must not outlive its server, and the exit status says that calls were cut."""
    hasty = {"EXECUTION_DRAIN_GRACE": "0", "TEST_MARGIN": "0.2", "TEST_BEHAVIOUR": "stubborn"}
    with supervised(tmp_path, **hasty) as server:
        pids = server.workers(2)
        server.process.terminate()

        assert server.process.wait() == 1
        wait_until(lambda: not any(is_running(pid) for pid in pids), "the workers are gone")


@pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere workers look for their parent, which the stand-in does not"
)
def test_workers_drain_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Without it nobody would restart them or stop them, and they would keep the port."""
    with supervised(tmp_path) as server:
        pids = server.workers(2)
        server.process.kill()

        wait_until(lambda: not any(is_running(pid) for pid in pids), "the workers are gone")
        assert {file.name for file in tmp_path.glob("drained-*")} == {f"drained-{pid}" for pid in pids}


@pytest.mark.parametrize("behaviour", ["broken", "one broken"])
def test_workers_that_cannot_start_end_the_supervisor(tmp_path: Path, behaviour: str) -> None:
    """A wrong setting is wrong again at every restart: the operator must be told, and a part of a server is none."""
    ended = run(
        SUPERVISOR,
        EXECUTION_LISTEN="127.0.0.1:0",
        EXECUTION_WORKERS="2",
        EXECUTION_READY_FILE=str(tmp_path / "ready"),
        TEST_FOLDER=str(tmp_path),
        TEST_BEHAVIOUR=behaviour,
    )

    assert ended.returncode == 1
    assert "has ended with exit status 3, before all workers have served." in ended.stderr
    assert not (tmp_path / "ready").exists()


@pytest.mark.parametrize("shared", [False, True])
def test_a_busy_port_is_refused_at_once(shared: bool) -> None:
    """Also when its owner would share it: two servers on one port would each get half of the calls."""
    with socket.socket() as other:
        if shared:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = Settings.load(None, {"EXECUTION_LISTEN": f"127.0.0.1:{port}", "EXECUTION_WORKERS": "2"})

        with pytest.raises(
            PortRefused, match=f"Port {port} is in use on 127.0.0.1: another server listens there."
        ):
            workers.supervise(settings, command=["/bin/false"])


@pytest.mark.parametrize(
    ("listen", "complaint"),
    [
        ("192.0.2.1:0", "cannot listen on 192.0.2.1:0: Cannot assign requested address"),
        ("no-such-host.invalid:0", "The host no-such-host.invalid to listen on is not known"),
    ],
)
def test_an_address_of_another_machine_is_refused(listen: str, complaint: str) -> None:
    """gRPC itself says only that it could not bind."""
    settings = Settings.load(None, {"EXECUTION_LISTEN": listen, "EXECUTION_WORKERS": "2"})

    with pytest.raises(PortRefused, match=complaint):
        workers.supervise(settings, command=["/bin/false"])
