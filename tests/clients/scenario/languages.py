"""The languages that have a client, and their drivers: programs that do as they are told on stdin (../scenario.md)."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.process.programs import environment

Json = Any
ROOT: Final = Path(__file__).parents[3]
LANGUAGES: Final = ("python", *sorted(path.parent.name for path in ROOT.glob("clients/*/Makefile")))
CHOSEN: Final = tuple(os.environ.get("CLIENTS", "python").split())
"""Those to hold to the scenario: `make test-clients` names all whose toolchain is there, and builds them first."""
ANSWER_SECONDS: Final = 120.0
"""How long a driver may take to answer. It is passed only when something is broken."""


def driver_command(language: str) -> list[str]:
    """What starts the driver of a language."""
    if language == "python":
        return [sys.executable, str(ROOT / "tests/clients/python/driver.py")]
    return [str(ROOT / "clients" / language / "build/driver")]


class Driver:
    """A driver that runs."""

    def __init__(self, language: str, *options: str) -> None:
        """
        Args:
            options: its command line.
        """
        self.language = language
        self._asked = 0
        self._rest = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the driver
        self._process = subprocess.Popen(
            [*driver_command(language), *options],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    def ask(self, do: str, arguments: dict[str, Json]) -> Json:
        """Its answer to a command: an object with ``ok`` or with ``problem``."""
        self._asked += 1
        line = json.dumps({"n": self._asked, "do": do, "with": arguments})
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pytest.fail(f"The driver has ended: {self._complaint()}")
        answer = json.loads(self._line(do))
        assert answer.pop("n") == self._asked, "the driver answers another command"
        assert set(answer) in ({"ok"}, {"problem"}), f"the driver answers {answer}"
        return answer

    def finish(self) -> None:
        """Let it end by itself, or fail the test if it does not."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        status = self._process.wait(ANSWER_SECONDS)
        assert status == 0, f"the driver ends badly: {self._complaint()}"

    def close(self) -> None:
        """End it if it still runs."""
        self._process.kill()
        with self._errors, self._process:
            pass

    def _line(self, do: str) -> bytes:
        out = self._process.stdout
        assert out is not None
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(ANSWER_SECONDS):
                    pytest.fail(f"The driver does not answer {do}: {self._complaint()}")
                read = os.read(out.fileno(), 1 << 20)
                if not read:
                    pytest.fail(f"The driver ended instead of answering {do}: {self._complaint()}")
                self._rest += read
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def _complaint(self) -> str:
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:]


@contextmanager
def driving(language: str, *options: str) -> Iterator[Driver]:
    """A driver for as long as the context lasts; fails the test if it does not end by itself."""
    driver = Driver(language, *options)
    try:
        yield driver
        driver.finish()
    finally:
        driver.close()
