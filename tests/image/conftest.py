"""The images of ``tools/image_test.sh``, which runs these tests; without them they are skipped."""

import os

import pytest


@pytest.fixture(scope="session")
def image() -> str:
    """The service's image."""
    return _named("EXECUTION_IMAGE")


@pytest.fixture(scope="session")
def python_image() -> str:
    """The image that it is built on."""
    return _named("PYTHON_IMAGE")


def _named(variable: str) -> str:
    name = os.environ.get(variable)
    if not name:
        pytest.skip(f"{variable} names no image: `make image-test` makes them and runs these tests")
    return name
