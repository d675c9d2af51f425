"""Stores for tests. After every test that used a Redis store, the checker looks at what it left behind."""

from collections.abc import AsyncIterator, Iterator

import pytest
from execution_server.store.redis import RedisStore, open_store

from tests.servers import Server
from tests.store.checker import check
from tests.store.pairs import Pair, paired
from tests.stores import ALL


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


@pytest.fixture(scope="module", params=["valkey9", "redis7", "redis62"] if ALL else ["valkey9"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A pair that all tests of a file share: leave it as it was."""
    with paired(request.param) as pair:
        yield pair


@pytest.fixture
async def replicated_store(pair: Pair) -> AsyncIterator[RedisStore]:
    """A store whose changes are replicated. What it left behind is checked."""
    pair.primary.command("FLUSHALL")
    store = await open_store(pair.primary.url, durability="replicated")
    yield store
    await store.close()
    with pair.primary.client() as client:
        assert check(client) == []
