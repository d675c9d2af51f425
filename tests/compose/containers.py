"""A container of the project, as the engine and this machine see it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.compose.engine import Engine
from tests.process.programs import wait_until


class Container:
    """The container of a service of compose.yaml."""

    def __init__(self, engine: Engine, service: str) -> None:
        self._engine = engine
        self.id = engine.compose("ps", "--all", "--quiet", service)

    @property
    def facts(self) -> dict[str, Any]:
        """What the engine knows of it."""
        facts: list[dict[str, Any]] = json.loads(self._engine.docker("inspect", self.id))
        return facts[0]

    @property
    def state(self) -> dict[str, Any]:
        """Whether it runs, how it is, how it ended."""
        state: dict[str, Any] = self.facts["State"]
        return state

    @property
    def pid(self) -> int:
        """Its first process, in the tests' eyes."""
        return int(self.state["Pid"])

    def status(self, field: str) -> list[str]:
        """A line of that process' ``/proc/PID/status``."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(line.split()[1:] for line in lines if line.startswith(f"{field}:"))

    @property
    def exit_status(self) -> int:
        """What it ended with last, even if it is gone."""
        filters = ("--filter", f"container={self.id}", "--filter", "event=die")
        words = (
            "events",
            "--since",
            "24h",
            "--until",
            "0s",
            *filters,
            "--format",
            "{{.Actor.Attributes.exitCode}}",
        )
        return int(self._engine.docker(*words).splitlines()[-1])

    @contextmanager
    def logging_to(self, file: Path) -> Iterator[None]:
        """Follow its log to its end in a block that ends it: afterwards it may be gone."""
        with file.open("wb") as log:
            command = ["docker", "logs", "--follow", self.id]
            follower = subprocess.Popen(
                command, env=self._engine.environment, stdout=log, stderr=subprocess.STDOUT
            )
        with follower:
            wait_until(file.read_text, f"{self.id} has said something")
            yield
