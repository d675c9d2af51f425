"""
Looks at a store from behind: does everything that it holds follow from its records, and does everything else end?

Index, due set and claims are built anew from the records and must be what the store holds, exactly. Every key must have
a time to live, or be one of the kinds that ``keys.py`` calls permanent. Run it at rest, as changes under way look like
faults: ``python -m tests.store.checker unix:///path/to/socket [prefix]``.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import redis
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain.ids import ID_PATTERN
from execution_server.domain.limits import HISTORY_ENTRIES
from execution_server.domain.timers import due_ms
from execution_server.store import parts
from execution_server.store.index import sets_of
from execution_server.store.port import REMEMBERED_MS, Part, key_claim
from execution_server.store.redis import codec
from execution_server.store.redis.keys import Keys

KEY: Final = r"%s:(?:\{p\d+\}:(x|claim|deleted|due|i|types|seq)(:.*)?|(fence)(:\d+)?)"
"""Every key but the partition count, behind the prefix; its first word tells its kind."""
NO_END: Final = -1
"""What PTTL answers for a key that never ends by itself."""


def check(
    client: redis.Redis | redis.RedisCluster, prefix: str = "execution", *, apart_ms: int = 0
) -> list[str]:
    """
    Everything that is wrong with the store under *prefix*, a sentence each.

    Args:
        apart_ms: how far the clocks of the store's servers are apart. What ends by one that is ahead ends that much
            later by the one that has taken its place.
    """
    found = sorted(key.decode() for key in client.scan_iter(count=1000))
    if not found:
        return []
    count = client.get(f"{prefix}:partitions")
    if count is None:
        return [f"the partition count is missing beside {found[0]}"]
    return list(_Checker(client, Keys(prefix, int(count)), found, REMEMBERED_MS + apart_ms).complaints())


class _Checker:
    def __init__(
        self, client: redis.Redis | redis.RedisCluster, keys: Keys, found: list[str], longest_ms: int
    ) -> None:
        """*longest_ms* is how long what ends by itself may have left."""
        self._client, self._keys, self._longest_ms = client, keys, longest_ms
        self._by_kind: defaultdict[str, list[str]] = defaultdict(list)
        pattern = re.compile(KEY % re.escape(keys.prefix), re.DOTALL)
        for key in found:
            match = pattern.fullmatch(key)
            self._by_kind[match[1] or match[3] if match else key].append(key)
        self._tombstones = [*self._by_kind["deleted"]]
        self._records: dict[str, Execution] = {}

    def complaints(self) -> Iterator[str]:
        checks: dict[str, Callable[[list[str]], Iterator[str]]] = {
            "x": self._check_records,
            "i": self._check_index,
            "due": self._check_due,
            "types": self._check_types,
            "claim": self._check_claims,
            "deleted": self._check_tombstones,
            "seq": self._check_sequences,
            "fence": self._check_permanent,
            self._keys.partition_count(): self._check_permanent,
        }
        for kind, check_kind in checks.items():
            yield from check_kind(self._by_kind.pop(kind, []))
        for unknown in self._by_kind.values():
            yield from (f"{key} is no key of keys.py" for key in unknown)

    def _check_permanent(self, keys: list[str]) -> Iterator[str]:
        for key in keys:
            if self._client.pttl(key) != NO_END:
                yield f"{key} would end by itself"

    def _check_records(self, keys: list[str]) -> Iterator[str]:
        yield from self._check_permanent(keys)
        for key in keys:
            fields: dict[bytes, bytes] = dict(self._client.hgetall(key))  # type: ignore[arg-type]  # it could decode
            record, version = codec.join_all([part for pair in fields.items() for part in pair])
            self._records[record.id] = record
            yield from (f"{key}: {complaint}" for complaint in _record_complaints(record, version, fields))
            if key != self._keys.record(record.id):
                yield f"{key} holds the record {record.id}"

    def _check_index(self, keys: list[str]) -> Iterator[str]:
        yield from self._check_permanent(keys)
        expected: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for record in self._records.values():
            for name, score in sets_of(record).items():
                expected[self._keys.index_set(self._keys.partition(record.id), name)][record.id] = score
        yield from self._compare(keys, expected)

    def _check_due(self, keys: list[str]) -> Iterator[str]:
        yield from self._check_permanent(keys)
        expected: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for record in self._records.values():
            due = due_ms(record)
            if due is not None:
                expected[self._keys.due(self._keys.partition(record.id))][record.id] = due
        yield from self._compare(keys, expected)

    def _check_types(self, keys: list[str]) -> Iterator[str]:
        """Types whose records are gone may be there still; none that has records may be missing."""
        yield from self._check_permanent(keys)
        for record in self._records.values():
            key = self._keys.types(self._keys.partition(record.id))
            if self._client.zscore(key, record.type) != 0:
                yield f"{key} lacks the type of record {record.id}"

    def _compare(self, keys: list[str], expected: dict[str, dict[str, float]]) -> Iterator[str]:
        """Hold sorted sets against the members and scores that they should have."""
        for key in {*keys, *expected}:
            pairs: Any = self._client.zrange(key, 0, -1, withscores=True)
            members = {member.decode(): score for member, score in pairs}
            if members != expected.get(key, {}):
                yield f"{key} holds {members}, and the records say {expected.get(key, {})}"

    def _check_claims(self, keys: list[str]) -> Iterator[str]:
        expected = {
            self._keys.claim(key_claim(record.idempotency_key).name): record.id
            for record in self._records.values()
            if record.idempotency_key
        }
        lasting = {}
        for key in keys:
            holder = _text(self._client.get(key))
            ends_ms = self._client.pttl(key)
            if ends_ms == NO_END:
                lasting[key] = holder
            elif ends_ms > self._longest_ms or not ID_PATTERN.fullmatch(holder):
                yield f"{key} = {holder} ends in {ends_ms} ms"
        if lasting != expected:
            yield f"the lasting claims are {lasting}, and the records say {expected}"

    def _check_tombstones(self, keys: list[str]) -> Iterator[str]:
        for key in keys:
            execution_id = _id_in(key)
            if not 0 < self._client.pttl(key) <= self._longest_ms:
                yield f"{key} does not end in time"
            if execution_id in self._records or key != self._keys.tombstone(execution_id):
                yield f"{key} is there beside its record, or in the wrong partition"

    def _check_sequences(self, keys: list[str]) -> Iterator[str]:
        """
        Each change counts once. A commit may add several revisions (what was owed, and what was asked for), so the
        records bound what their partition has counted: from above by their revisions, unless some were deleted.
        """
        yield from self._check_permanent(keys)
        least, most = Counter[str](), Counter[str]()
        for record in self._records.values():
            key = self._keys.sequence(self._keys.partition(record.id))
            least[key] += 1
            most[key] += record.revision
        deletions = Counter(
            self._keys.sequence(self._keys.partition(_id_in(key))) for key in self._tombstones
        )
        for key in {*keys, *least}:
            counted = int(self._client.get(key) or 0)
            if counted < least[key] + 2 * deletions[key]:
                yield f"{key} is {counted}: less than its records have changed"
            if not deletions[key] and counted > most[key]:
                yield f"{key} is {counted}: more than its records have changed"


def _text(value: bytes | str | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _id_in(key: str) -> str:
    return key.rpartition(":")[2]


def _record_complaints(record: Execution, version: bytes, fields: dict[bytes, bytes]) -> Iterator[str]:
    """What is wrong with one record and the fields that it is kept in."""
    head = Execution.FromString(fields[codec.HEAD.encode()])
    if head != parts.cut(Execution.FromString(fields[codec.HEAD.encode()]), Part.HEAD):
        yield "its head holds more than a head"
    if not version.startswith(b"%d." % record.revision):
        yield f"its version is {version!r} and its revision {record.revision}"
    if UUID(record.id).int >> 80 != record.created_at.ToMilliseconds():
        yield "its id tells another time of creation"
    sizes = {key: value.ByteSize() for key, value in record.checkpoints.items()}
    if sizes != dict(record.checkpoint_sizes):
        yield f"its checkpoints have sizes {sizes}, and its head says {dict(record.checkpoint_sizes)}"
    if (
        len(record.history) != min(record.status_changes, HISTORY_ENTRIES)
        or record.history[-1].to != record.status
    ):
        yield f"its history has {len(record.history)} of {record.status_changes} changes, or ends elsewhere"
    if any(getattr(later, "from") != earlier.to for earlier, later in pairwise(record.history)):
        yield "its history has a gap"


def main() -> int:
    """Check the store that the command line names; 1 if anything is wrong with it."""
    url, prefix = sys.argv[1], *(sys.argv[2:3] or ["execution"])
    with redis.Redis.from_url(url) as client:
        complaints = check(client, prefix)
    print("\n".join(complaints) or "all is well")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
