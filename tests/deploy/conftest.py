"""Programs that are built when they are first needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools.go_tools import built


def program(name: str) -> Path:
    """The program; skips the test if this machine cannot build it, or fails it where CI promises to have it."""
    try:
        return built(name)
    except FileNotFoundError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def helm() -> Path:
    return program("helm")


@pytest.fixture(scope="session")
def grpc_health_probe() -> Path:
    return program("grpc-health-probe")
