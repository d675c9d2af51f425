"""Containers as production has them: not root, a root that cannot be written to, no capabilities."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.process.programs import wait_until
from tests.servers import Server

# runc with limits that it can set: crun asks for more than a container that is itself in one may have.
PODMAN: Final = ("podman", "--runtime", "runc", "--cgroup-manager", "cgroupfs")
LOCKED: Final = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
)
LIMITS: Final = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4000:4000")
SLOW_SECONDS: Final = 300.0
"""Without an engine's storage driver every container is a copy of the image."""


def podman(*words: str, check: bool = True) -> str:
    """What podman says on standard output."""
    done = subprocess.run(
        [*PODMAN, *words], capture_output=True, text=True, timeout=SLOW_SECONDS, check=False
    )
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


def run(image: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the image with *words* to its end."""
    command = [*PODMAN, "run", "--rm", "--network", "host", *LOCKED, *LIMITS, image, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=SLOW_SECONDS, check=False)


class Container:
    """A container that serves, seen from the machine that it runs on."""

    def __init__(self, name: str) -> None:
        self.name = name
        pid = podman("inspect", "--format", "{{.State.Pid}}", name)
        self.proc = Path("/proc") / pid

    def status(self, field: str) -> list[str]:
        """A line of its first process' ``/proc/PID/status``."""
        lines = (self.proc / "status").read_text().splitlines()
        return next(line.split()[1:] for line in lines if line.startswith(f"{field}:"))

    @property
    def root_options(self) -> list[str]:
        """How its root is mounted."""
        mounts = [line.split() for line in (self.proc / "mountinfo").read_text().splitlines()]
        return next(words[5] for words in mounts if words[4] == "/").split(",")

    @property
    def log(self) -> str:
        """What it has said on standard error, where the log goes."""
        done = subprocess.run([*PODMAN, "logs", self.name], capture_output=True, text=True, check=True)
        return done.stderr

    def wait(self) -> int:
        """Wait for its end; its exit status."""
        return int(podman("wait", self.name))


@contextmanager
def serving(image: str, store: Server, address: str) -> Iterator[Container]:
    """A container that serves *store* on *address*."""
    # The container's user is nobody on this machine, and its store is one of the tests.
    folder = Path(store.socket).parent
    folder.chmod(0o755)
    Path(store.socket).chmod(0o777)
    name = f"execution-{uuid.uuid4().hex[:8]}"
    settings = ("--env", "EXECUTION_STORE_URL=unix:///store/s", "--env", f"EXECUTION_LISTEN={address}")
    words = ("--name", name, "--network", "host", "--volume", f"{folder}:/store", *settings, *LOCKED, *LIMITS)
    podman("run", "--detach", *words, image)
    try:
        container = Container(name)
        wait_until(lambda: '"serving"' in container.log, "the container serves")
        yield container
    finally:
        podman("rm", "--force", "--time", "0", name)
