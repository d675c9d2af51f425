"""Programs that are built when they are first needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.missing import missing
from tools.go_tools import built


def program(name: str) -> Path:
    """The program; skips the test if this machine cannot build it, or fails it where CI promises to have it."""
    try:
        return built(name)
    except FileNotFoundError as error:
        missing(str(error))


@pytest.fixture(scope="session")
def helm() -> Path:
    return program("helm")


@pytest.fixture(scope="session")
def grpc_health_probe() -> Path:
    return program("grpc-health-probe")
