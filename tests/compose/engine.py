"""A Docker of the tests' own, and the project of compose.yaml on it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests import servers
from tests.process.programs import environment, wait_until
from tests.test_project import ROOT

SLOW_SECONDS: Final = 900.0
"""How long one command may take; a build fetches packages."""
PYTHON_IMAGE: Final = "python:3.13-slim"
STORE_IMAGE: Final = "valkey/valkey:9-alpine"
OWN_FOLDERS: Final = (
    "cp -a /etc {0}/etc",
    "mount --bind {0}/etc /etc",
    "mount -t tmpfs tmpfs /run",
    "mount -t tmpfs tmpfs /opt",
)
"""Where it writes outside its folder: there it has what is its own, and finds nothing of another engine."""
NAMESERVER: Final = "10.0.2.3"
"""slirp4netns's, whatever this machine's are."""


class Engine:
    """A daemon whose files are all in *folder*, and that ends with the tests."""

    def __init__(self, folder: Path, compose: str) -> None:
        self._folder = folder
        self._compose = compose
        self._log = folder / "log"
        self._socket = folder / "socket"

    def run(self, *words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command against it."""
        done = subprocess.run(
            list(map(str, words)),
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SLOW_SECONDS,
            check=False,
        )
        assert done.returncode == 0 or not check, f"{done.stdout}{done.stderr}\n{self._log.read_text()}"
        return done

    def docker(self, *words: str | Path) -> str:
        """What docker says on standard output."""
        return self.run("docker", *words).stdout.strip()

    def compose(self, *words: str) -> str:
        """What Compose says of the project in the root of the repository."""
        command = (self._compose, "--project-name", "execution")
        done = self.run(*command, *words, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{self.run(*command, 'logs', check=False).stdout}"
        return done.stdout.strip()

    @property
    def environment(self) -> Mapping[str, str]:
        """For programs that talk to it; with no settings of the one who runs the tests."""
        own = {"DOCKER_HOST": f"unix://{self._socket}", "DOCKER_CONFIG": str(self._folder / "config")}
        return environment(**own)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it and wait until it answers; stop it, and its containers, at the end."""
        places = (
            f"--data-root {self._folder}/data --exec-root {self._folder}/exec --pidfile {self._folder}/pid"
        )
        apart = (
            f"--cgroup-parent /{self._folder.name} --exec-opt native.cgroupdriver=cgroupfs --dns {NAMESERVER}"
        )
        start = f"exec dockerd --log-level warn {places} {apart} --host unix://{self._socket}"
        script = " && ".join([*(step.format(self._folder) for step in OWN_FOLDERS), start])
        with self._log.open("wb") as log:
            daemon = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=log, stderr=log)
        try:
            wait_until(
                lambda: self.run("docker", "info", check=False).returncode == 0 or daemon.poll() is not None,
                "the engine answers",
            )
            assert daemon.poll() is None, self._log.read_text()
            yield
        finally:
            daemon.terminate()
            daemon.wait()

    def make_images(self) -> None:
        """What compose.yaml and the Dockerfile take from a registry, made here."""
        self.docker("import", self._folder / "root.tar", PYTHON_IMAGE)
        context = self._folder / "store"
        context.mkdir()
        shutil.copy(Path(__file__).with_name("store.Dockerfile"), context / "Dockerfile")
        shutil.copy(servers.required("valkey9").path, context / "valkey-server")
        self.docker("build", "--tag", STORE_IMAGE, context)
