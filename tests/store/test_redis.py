"""The store on Redis and Valkey keeps the contract."""

from collections.abc import AsyncIterator

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.redis import RedisStore, open_store

from tests.servers import Server


class TestRedisStore(StoreContract):
    @pytest.fixture
    def store(self, redis_store: RedisStore) -> RedisStore:
        return redis_store


class TestRedisStoreOfOnePartition(StoreContract):
    """Where everything is in one place: the smallest deployment, and the other end of every merge over partitions."""

    @pytest.fixture
    async def store(self, server: Server) -> AsyncIterator[RedisStore]:
        store = await open_store(server.url, partitions=1)
        yield store
        await store.close()
