"""Stores for tests. After every test that used a Redis store, the checker looks at what it left behind."""

from collections.abc import AsyncIterator, Iterator

import pytest
from execution_server.store.redis import RedisStore, open_store

from tests.servers import Server
from tests.store.checker import check


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """A server of each kind, empty and as it was configured. Checked at the end."""
    shared_server.command("FLUSHALL")
    yield shared_server
    with shared_server.client() as client:
        assert check(client) == []


@pytest.fixture
async def redis_store(server: Server) -> AsyncIterator[RedisStore]:
    """A store on an empty server of each kind."""
    store = await open_store(server.url)
    yield store
    await store.close()
