"""Redis may lose any notice without a word. Watches are late then, and never miss."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest
from execution_server.store.redis import RedisStore
from execution_server.store.redis.feed import RedisFeed

from tests.watch.served import Worker, served, watch
from tests.watch.validators import Watch, truth_of, violations

dice = random.Random(1)


def some(partition: int) -> bool:
    return dice.random() < 0.5


def every(partition: int) -> bool:
    return True


@pytest.mark.parametrize("lost", [some, every])
async def test_every_status_change_arrives_without_its_notice(
    redis_store: RedisStore, lost: Callable[[int], bool]
) -> None:
    """The next notice shows the gap; where there is none, the server's own count does."""
    async with served(redis_store) as server:
        workers = [await Worker.create(server.stub) for _ in range(10)]
        readers = [watch(server, worker.id) for worker in workers]
        for reader in readers:
            await reader.next()
        feed = server.hub._feed
        assert isinstance(feed, RedisFeed)
        feed.drop = lost

        async def work(worker: Worker) -> None:
            for _ in range(2):
                await worker.start()
                await worker.progress(1)
                await worker.fail(retryable=True)
            await worker.cancel()

        await asyncio.gather(*(work(worker) for worker in workers))

        for worker, reader in zip(workers, readers, strict=True):
            await reader.rest()
            truth = truth_of([*(await worker.get()).history])
            assert violations(Watch([reader.stream], complete=True), truth) == []


async def test_a_deletion_arrives_without_its_notice(redis_store: RedisStore) -> None:
    """What is gone cannot be seen in a revision; the partition's count shows it."""
    async with served(redis_store) as server:
        worker = await Worker.create(server.stub)
        reader = watch(server, worker.id)
        await reader.next()
        feed = server.hub._feed
        assert isinstance(feed, RedisFeed)
        feed.drop = every

        await worker.delete()

        assert await reader.rest() == []
        assert (await reader.refusal()).reason == "EXECUTION_NOT_FOUND"
