"""How evenly partitions fall on the primaries of a cluster whose slots are in equal ranges; computed, not measured."""

from __future__ import annotations

from collections import Counter
from typing import Final

from execution_server.store.redis.keys import Keys
from execution_server.store.redis.slots import SLOTS, slot_of

from .report import table
from .scale import Scale

PARTITIONS: Final = (16, 64, 256, 1024)
PRIMARIES: Final = (3, 6, 12, 24)


async def measure(scale: Scale) -> None:
    """Print a row per number of primaries."""
    rows = [
        [f"{primaries}", *(_busiest(count, primaries) for count in PARTITIONS)] for primaries in PRIMARIES
    ]
    columns = ["primaries", *(f"{count:,} partitions" for count in PARTITIONS)]
    table("Partitions of the busiest primary / an even share; primaries without any", columns, rows)


def _busiest(partitions: int, primaries: int) -> str:
    keys = Keys("execution", partitions)
    owners = Counter(slot_of(keys.due(number)) * primaries // SLOTS for number in range(partitions))
    return f"{max(owners.values()) * primaries / partitions:.2f}; {primaries - len(owners)}"
