"""One server for all pages of the tutorial, as a user starts it: with the store that it brings along."""

from collections.abc import Iterator

import pytest
from execution_client import ExecutionClient

from tests import service


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Service]:
    folder = tmp_path_factory.mktemp("fundamentals")
    with service.serving(folder, "--data-dir", str(folder / "data")) as running:
        yield running


@pytest.fixture
def client(server: service.Service) -> Iterator[ExecutionClient]:
    """A client of the server; ``execution-server serve`` and ``ExecutionClient("localhost:50051")`` give the same."""
    with ExecutionClient(server.address) as connected:
        yield connected
