"""What the tests of watches share: a store of each kind, and a server on it."""

from collections.abc import AsyncIterator, Iterator

import pytest
from execution_server.store.memory import MemoryStore
from execution_server.store.port import ExecutionStore
from execution_server.store.redis import RedisStore, open_store

from tests import stores
from tests.watch.served import BOOKMARK_SECONDS, Served, served


@pytest.fixture(scope="session")
def redis_server() -> Iterator[stores.Store]:
    """One store for all these tests; the suite of stores has the other kinds."""
    with stores.shared() as server:
        yield server


@pytest.fixture
async def redis_store(redis_server: stores.Store) -> AsyncIterator[RedisStore]:
    store = await open_store(redis_server.url)
    yield store
    await store.close()


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[ExecutionStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    store = await open_store(request.getfixturevalue("redis_server").url)
    yield store
    await store.close()


@pytest.fixture
async def server(store: ExecutionStore) -> AsyncIterator[Served]:
    """On each kind of store."""
    async with served(store) as server:
        yield server


@pytest.fixture
async def chatty(store: ExecutionStore) -> AsyncIterator[Served]:
    """One that sends bookmarks all the time."""
    async with served(store, bookmark_seconds=BOOKMARK_SECONDS) as server:
        yield server
