"""The store on a primary with sentinels keeps the contract, and each change is on both replicas before."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.redis import RedisStore, open_store

from tests.sentinels import REPLICAS, Watched, watched
from tests.store.checker import check


@pytest.fixture(scope="module")
def deployment() -> Iterator[Watched]:
    """Servers of which none fails."""
    with watched("valkey9", durable=True) as deployment:
        yield deployment


@pytest.fixture
async def store(deployment: Watched) -> AsyncIterator[RedisStore]:
    """A store on an empty server. What it left behind is checked."""
    deployment.command("FLUSHALL")
    store = await open_store(deployment.url, durability="replicated", replicas=REPLICAS)
    yield store
    await store.close()
    with deployment.client() as client:
        assert check(client) == []


class TestRedisStoreWithSentinels(StoreContract):
    @pytest.fixture
    def store(self, store: RedisStore) -> RedisStore:
        return store


async def test_sentinels_that_are_gone_are_passed_over(store: RedisStore, deployment: Watched) -> None:
    """One that answers is enough to find the primary."""
    lost = deployment.sentinels[1:]
    for sentinel in lost:
        sentinel.kill9()
    try:
        other = await open_store(deployment.url)
        await other.close()
    finally:
        for sentinel in lost:
            sentinel.start()
