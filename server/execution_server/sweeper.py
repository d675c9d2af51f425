"""
Makes visible what time has done: settles what the server owes executions, without waiting for a call on them.

It runs in every process, over the partitions in shuffled order, and none of them is special: two sweepers on one
execution are harmless because the commit decides. Correctness never waits for it; a call settles what it finds due.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import Final, NamedTuple

from .domain.problems import StoreUnavailable
from .manager import Manager
from .store.port import ExecutionStore
from .terms import Terms

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 0.2
"""The mean pause between rounds; each is drawn at random around it, so that processes do not march in step."""
BATCH: Final = 100
"""How many executions of a partition are settled together."""
SECONDS_PER_ROUND: Final = 10.0
LOOK_SECONDS: Final = 1.0
"""How long a look at a partition may take: those of a cluster's other primaries wait for it with their next one."""


class Counts(NamedTuple):
    """What a round has done."""

    settled: int
    forestalled: int
    """Executions that others settled, changed or deleted first."""


class Sweeper:
    """Settles what is due."""

    def __init__(self, store: ExecutionStore, manager: Manager) -> None:
        self._store, self._manager = store, manager
        self.completed_at = time.monotonic()
        """When the last round was complete, in monotonic seconds; before the first, when the sweeper was made."""

    async def run_forever(self) -> None:
        """Round after round; a store that is away ends the round, not the sweeper."""
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) * EVERY_SECONDS)
            try:
                counts = await self.run_once()
            except StoreUnavailable:
                continue
            except Exception:
                log.exception("a sweep failed")
                continue
            if counts.settled:
                log.debug("swept", extra={"fields": counts._asdict()})

    async def run_once(self) -> Counts:
        """Settle everything that is due now."""
        deadline = asyncio.get_running_loop().time() + SECONDS_PER_ROUND
        partitions = random.sample(range(self._store.partitions), self._store.partitions)
        counts = await asyncio.gather(*(self._sweep(number, deadline) for number in partitions))
        self.completed_at = time.monotonic()
        return Counts(*map(sum, zip(*counts, strict=True)))

    async def _sweep(self, partition: int, deadline: float) -> Counts:
        """Settle what is due in a partition, however much that is."""
        settled = forestalled = 0
        now = asyncio.get_running_loop().time
        while True:
            ids = await self._store.due(partition, BATCH, deadline=min(deadline, now() + LOOK_SECONDS))
            done = sum(await asyncio.gather(*(self._settle(id_, deadline) for id_ in ids)))
            settled, forestalled = settled + done, forestalled + len(ids) - done
            if len(ids) < BATCH or not done:
                return Counts(settled, forestalled)

    async def _settle(self, execution_id: str, deadline: float) -> bool:
        return await self._manager.settle(execution_id, Terms(method="settle", deadline=deadline))
