"""The engine of ``tools/compose_test.sh``, which runs these tests; without it they are skipped."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.engine import Engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    """An engine that has what compose.yaml and the Dockerfile take from a registry, and nothing else."""
    compose, folder = os.environ.get("COMPOSE_PROGRAM"), os.environ.get("COMPOSE_FOLDER")
    if not compose or not folder:
        pytest.skip(
            "COMPOSE_PROGRAM names no program: `make compose-test` makes all that is needed and runs these tests"
        )
    engine = Engine(Path(folder), compose)
    with engine.running():
        engine.make_images()
        yield engine
