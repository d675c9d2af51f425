"""The store on Redis and Valkey keeps the contract."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.contract.samples import created, load
from execution_server.store.port import Part
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


async def test_what_is_sent_in_one_round_of_the_loop_is_one_write(
    redis_store: RedisStore, server: Server
) -> None:
    """Each write wakes the store, and each answer of its own the server: that costs more than many a command."""
    ids = [(await created(redis_store)).record.id for _ in range(100)]
    before = reads(server)
    found = await asyncio.gather(*(load(redis_store, id_, Part.HEAD) for id_ in ids))
    assert [one.record.id for one in found] == ids
    assert reads(server) - before < 10, "and this one, and the look at the clock"


def reads(server: Server) -> int:
    """How often the server has read from its connections."""
    return int(server.command("INFO", "stats")["total_reads_processed"])
