"""The store on Redis or Valkey: port methods as commands and scripts. Lists and counts are in ``scan.py``."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Callable, Iterable, Sequence

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus

from ...domain.problems import StoreUnavailable
from ...domain.timers import due_ms
from ..index import sets_of
from ..port import (
    REMEMBERED_MS,
    Change,
    Claim,
    Committed,
    Conflict,
    Creation,
    Feed,
    Part,
    Query,
    Ready,
    Stored,
    StoreFacts,
    Swap,
    Taken,
    Told,
    key_claim,
)
from . import codec
from .batches import Batches
from .clock import StoreClock
from .cluster import ClusterLink
from .cluster_feed import ClusterFeed
from .commits import conflict, prepared
from .connect import LinkLost
from .feed import RedisFeed
from .keys import KNOWN_TYPES, Keys
from .link import ServerLink
from .scan import Scan
from .scripts import COMMIT, CREATE, DELETE, checked


class RedisStore:
    """An ``ExecutionStore``; made by ``open_store``."""

    def __init__(
        self, link: ServerLink | ClusterLink, clock: StoreClock, keys: Keys, facts: StoreFacts
    ) -> None:
        self.partitions = keys.partitions
        self.facts = facts
        self.now_ms = clock.now_ms
        self.traffic = link.traffic
        self._link, self._clock, self._keys = link, clock, keys
        self._publish = publish_command(link)
        self._sharded = self._publish == "SPUBLISH"
        self._scan = Scan(link, keys)
        self._batches = Batches(link, keys, self._publish, apart=self._sharded)

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        command = codec.read(self._keys.record(execution_id), part)
        (reply,) = checked([await self._link.call(*command, deadline=deadline)])
        return codec.stored(reply, part)

    async def load_all(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> list[Stored | StoreUnavailable | None]:
        return await self._batches.load_all(execution_ids, part, deadline=deadline)

    async def holder(self, name: str, *, deadline: float) -> str | None:
        (holder_id,) = checked([await self._link.call("GET", self._keys.claim(name), deadline=deadline)])
        return holder_id.decode() if holder_id else None

    async def create(self, after: Execution, claim: Claim | None, *, deadline: float) -> Committed | Taken:
        whole = Execution()
        whole.CopyFrom(after)
        put = codec.fresh(after)
        version = codec.new_version(after.revision)
        due, entered = due_ms(after), sets_of(after)
        partition = self._keys.partition(after.id)
        answer = await CREATE.run(
            self._link,
            [
                *self._record_keys(after.id, partition),
                self._keys.tombstone(after.id, partition),
                self._keys.claim(claim.name, partition) if claim else self._keys.record(after.id, partition),
                self._keys.types(partition),
                *self._index_keys(partition, entered),
            ],
            [
                version,
                self._not_after(deadline),
                after.id,
                "" if due is None else due,
                *self._addressed(partition),
                codec.notice(after.id, 0, version, codec.history(put)),
                ("" if claim.lifetime_ms is None else claim.lifetime_ms) if claim else "none",
                after.type,
                KNOWN_TYPES,
                *entered.values(),
                *codec.flat(put),
            ],
            deadline=deadline,
        )
        if answer.tag == "TAKEN":
            return Taken(answer.rest[0].decode())
        return Committed(Stored(after, version), whole)

    async def create_all(
        self, creations: Sequence[Creation], *, deadline: float
    ) -> list[Stored | Taken | StoreUnavailable]:
        return await self._batches.create_all(creations, self._not_after(deadline), deadline=deadline)

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        commit = prepared(Swap(before, after, part), self._keys, self._publish, self._not_after(deadline))
        answer = await COMMIT.run(self._link, *commit.run, deadline=deadline)
        return commit.outcome(*answer)

    async def commit_all(self, swaps: Sequence[Swap], told: Told, *, deadline: float) -> None:
        await self._batches.commit_all(swaps, told, self._not_after(deadline), deadline=deadline)

    async def delete(self, before: Stored, request: bytes, *, deadline: float) -> Conflict | None:
        record = before.record
        partition = self._keys.partition(record.id)
        answer = await DELETE.run(
            self._link,
            [
                *self._record_keys(record.id, partition),
                self._keys.tombstone(record.id, partition),
                self._keys.claim(key_claim(record.idempotency_key).name, partition)
                if record.idempotency_key
                else self._keys.record(record.id, partition),
                *self._index_keys(partition, sets_of(record)),
            ],
            [
                before.version,
                self._not_after(deadline),
                record.id,
                request,
                REMEMBERED_MS,
                *self._addressed(partition),
                codec.notice(record.id, record.revision, b""),
            ],
            deadline=deadline,
        )
        return None if answer.tag == "OK" else conflict(answer.tag, answer.rest)

    async def deleted_by(self, execution_id: str, *, deadline: float) -> bytes | None:
        key = self._keys.tombstone(execution_id)
        (request,) = checked([await self._link.call("GET", key, deadline=deadline)])
        return request if request is None else bytes(request)

    async def page(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        return await self._scan.page(query, after_id, limit, part, deadline=deadline)

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        return await self._scan.count(query, deadline=deadline)

    async def census(self, limit: int, *, deadline: float) -> dict[tuple[str, ExecutionStatus], int]:
        return await self._scan.census(limit, deadline=deadline)

    async def due(self, partition: int, limit: int, *, deadline: float) -> Sequence[str]:
        key, now = self._keys.due(partition), self.now_ms()
        command = ("ZRANGEBYSCORE", key, "-inf", now, "LIMIT", 0, limit)
        (ids,) = checked([await self._link.call(*command, deadline=deadline)])
        return [execution_id.decode() for execution_id in ids]

    async def ready(
        self, partition: int, types: Sequence[str], limit: int, *, deadline: float
    ) -> tuple[list[Ready], Ready | None]:
        return await self._scan.ready(partition, types, limit, self.now_ms(), deadline=deadline)

    def feed(self, on_change: Callable[[Change], None], missed: Callable[[int], None]) -> Feed:
        if isinstance(self._link, ClusterLink):
            return ClusterFeed(self._link, self._keys, on_change, missed)
        return RedisFeed(
            self._link.open_subscription,
            self._link,
            self._keys,
            on_change,
            missed,
            sharded=self._sharded,
        )

    async def ping(self, *, deadline: float) -> None:
        # Of a cluster one primary is enough: the others' executions are served while one fails over.
        replies = await self._link.call_each("PING", deadline=deadline)
        checked([reply for reply in replies.values() if not isinstance(reply, LinkLost)])

    async def close(self) -> None:
        await self._clock.close()
        await self._link.close()

    def _record_keys(self, execution_id: str, partition: int) -> list[str]:
        keys = self._keys
        return [keys.record(execution_id, partition), keys.due(partition), keys.sequence(partition)]

    def _index_keys(self, partition: int, names: Iterable[str]) -> list[str]:
        return [self._keys.index_set(partition, name) for name in names]

    def _addressed(self, partition: int) -> tuple[str, str]:
        return self._publish, self._keys.channel(partition)

    def _not_after(self, deadline: float) -> int:
        return self._clock.now_ms() + int((deadline - get_running_loop().time()) * 1000)


def publish_command(link: ServerLink | ClusterLink) -> str:
    """What tells of changes. A cluster would send what PUBLISH tells through all of its nodes."""
    return "SPUBLISH" if isinstance(link, ClusterLink) else "PUBLISH"
