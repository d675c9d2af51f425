"""A feed that has lost its server finds the next one."""

from __future__ import annotations

import asyncio

from execution_server.store.contract.samples import Events, create, new
from execution_server.store.port import Stored
from execution_server.store.redis import RedisStore

from tests.waiting import until

AGAIN_SECONDS = 60.0
"""How long a feed may take to stand again. It is passed only when something is broken."""


async def created_in(store: RedisStore, partition: int) -> Stored:
    """The head of a new record in a partition."""
    record = new(store)
    while store._keys.partition(record.id) != partition:
        record = new(store)
    return (await create(store, record)).head


async def tells_again(store: RedisStore, events: Events, partition: int) -> None:
    """Change things in a partition until the feed tells of it; till then it must say each time that it missed some."""
    async with asyncio.timeout(AGAIN_SECONDS):
        while True:
            mark = len(events.seen)
            execution_id = (await created_in(store, partition)).record.id
            await until(
                lambda mark=mark, id_=execution_id: partition in events.seen[mark:] or events.of(id_),  # type: ignore[misc]
                "the change is told or missed",
            )
            if events.of(execution_id):
                return
