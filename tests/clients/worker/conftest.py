"""What the tests of the worker share: a real server on a real store, a client, and types that nobody else uses."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from execution_client import AsyncExecutionClient

from tests import servers
from tests.service import Service, serving


@pytest.fixture(scope="session")
def store() -> Iterator[servers.Server]:
    """The store of all servers of these tests: several on one store are one service."""
    with servers.running("valkey9") as running:
        yield running


@pytest.fixture(scope="session")
def server(store: servers.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A server that all tests share: leave it as it is."""
    with serving(tmp_path_factory.mktemp("worker"), "--store-url", store.url) as running:
        yield running


@pytest.fixture
async def client(server: Service) -> AsyncIterator[AsyncExecutionClient]:
    async with AsyncExecutionClient(server.address) as connected:
        yield connected


@pytest.fixture
def kind() -> str:
    """A type that no other test uses, so that its executions go to this test's workers."""
    return f"kind {uuid4()}"
