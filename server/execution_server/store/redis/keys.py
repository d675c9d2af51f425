"""
Every key, one function each.

All keys of one partition share the hash tag ``{pN}``, so every script touches one slot and a cluster needs no second
design. Only ``partitions`` and ``fence`` stand outside. "Permanent" keys are bounded in number or empty themselves with
the records.
"""

from hashlib import sha256
from typing import Final, NamedTuple

from ...domain.ids import partition_of, slice_of_text

KNOWN_TYPES: Final = 1_000
"""How many types of a partition are known by name; who makes more is counted, but not by type."""


class Keys(NamedTuple):
    """The keys of one deployment. Who knows a *partition* already saves what it takes to find it."""

    prefix: str
    partitions: int

    def partition(self, execution_id: str) -> int:
        """The partition of an id."""
        return partition_of(execution_id, self.partitions)

    def record(self, execution_id: str, partition: int | None = None) -> str:
        """Hash: version and fragments of a record (see codec.py). Lives until the record is deleted."""
        return (
            f"{self._tag(self.partition(execution_id) if partition is None else partition)}:x:{execution_id}"
        )

    def claim(self, name: str, partition: int | None = None) -> str:
        """String: the id of the record that holds a claim. Lives as long as the record, or for the claim's own time."""
        if partition is None:
            partition = slice_of_text(name) % self.partitions
        return f"{self._tag(partition)}:claim:{sha256(name.encode()).hexdigest()}"

    def tombstone(self, execution_id: str, partition: int | None = None) -> str:
        """String: the digest of the request that deleted a record. Lives for an hour."""
        partition = self.partition(execution_id) if partition is None else partition
        return f"{self._tag(partition)}:deleted:{execution_id}"

    def due(self, partition: int) -> str:
        """Sorted set: ids by the moment (ms) at which the server owes them something. Permanent."""
        return f"{self._tag(partition)}:due"

    def index_set(self, partition: int, name: str) -> str:
        """Sorted set, all scores 0: the ids in the set *name* of index.py. Gone when empty."""
        return f"{self._tag(partition)}:i:{name}"

    def types(self, partition: int) -> str:
        """
        Sorted set, all scores 0: the types of the partition's records, a thousand at most. Permanent.

        One that is gone stays until census.lua looks.
        """
        return f"{self._tag(partition)}:types"

    def sequence(self, partition: int) -> str:
        """Integer: how many changes the partition has seen; tells a feed that it missed some. Permanent."""
        return f"{self._tag(partition)}:seq"

    def channel(self, partition: int) -> str:
        """Pub/sub channel, no key: the partition's changes."""
        return f"{self._tag(partition)}:changes"

    def probe(self, partition: int, name: str) -> str:
        """Several kinds, and a channel: what ``permissions.lua`` tries commands on. Gone when it ends."""
        return f"{self._tag(partition)}:probe:{name}"

    def partition_count(self) -> str:
        """String: the partition count that the deployment was started with. Permanent."""
        return f"{self.prefix}:partitions"

    def fence(self) -> str:
        """
        String, empty: written only so that replicas can be waited for, see fence.py. Permanent.

        A cluster has several, each with ``:number`` behind it so that it belongs to the right primary.
        """
        return f"{self.prefix}:fence"

    def _tag(self, partition: int) -> str:
        return f"{self.prefix}:{{p{partition}}}"
