"""
What a store must do. ``store/contract`` holds every *must* against every store, a third party's included.

A store keeps records by id, an index over them, one claim per creator's key, and for each record the moment at which
the server owes it something. It knows no statuses' meaning and decides nothing: it compares versions and swaps.

Rules for every method:

* It must answer from what is committed, and a caller must see all that was committed before it asked.
* It must raise ``StoreUnavailable`` if it cannot answer by *deadline* (the event loop's clock, in seconds), and never
  another error for a store that is away, slow, restarting or failing over. It must try again by itself until then.
* A change whose caller got ``StoreUnavailable``, or was cancelled, must have taken effect before *deadline* or never.
* A change that the store or its transport repeats by itself must take effect once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple, Protocol

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus
from croco.execution.v1.execution_service_pb2 import DurabilityClass, StoreKind

from ..counts import Traffic
from ..domain import timers
from ..domain.problems import StoreUnavailable
from ..domain.status import STATUSES

__all__ = [
    "REMEMBERED_MS",
    "Change",
    "Claim",
    "Committed",
    "Conflict",
    "Creation",
    "ExecutionStore",
    "Feed",
    "Part",
    "Query",
    "Ready",
    "StoreFacts",
    "Stored",
    "Swap",
    "Taken",
    "Told",
    "key_claim",
    "request_claim",
]

REMEMBERED_MS = 3_600_000
"""How long it is known which request created a record without a key, or deleted one."""


class Part(Enum):
    """How much of a record to read."""

    HEAD = "head"
    """Everything small, which is all that a decision needs: see ``domain/transitions.py``."""
    BASIC = "basic"
    """The head, metadata and labels."""
    FULL = "full"
    """All."""


@dataclass(slots=True)
class Stored:
    """A record as it was read, with the version that a commit must find. Not to be changed."""

    record: Execution
    version: bytes
    _due_ms: int | None = field(default=-1, compare=False, repr=False)
    """What ``due_ms`` has found; -1: nobody has asked."""

    @property
    def due_ms(self) -> int | None:
        """When the server owes it something, or None. Every decision asks, and every commit."""
        if self._due_ms == -1:
            self._due_ms = timers.due_ms(self.record)
        return self._due_ms


class Claim(NamedTuple):
    """A name that at most one record holds at a time: a creator's idempotency key or request."""

    name: str
    """Unique in the deployment among claims of the same kind."""
    lifetime_ms: int | None
    """None: as long as the record lives, which then ends it. Else it ends by itself."""


def key_claim(idempotency_key: str) -> Claim:
    """The claim of a creator's idempotency key. It is the lasting claim of the record that has this key."""
    return Claim(f"key:{idempotency_key}", None)


def request_claim(request: bytes) -> Claim:
    """The claim of a request to create something without a key: long enough to repeat it."""
    return Claim(f"request:{request.hex()}", REMEMBERED_MS)


class Committed(NamedTuple):
    """A change that took effect."""

    head: Stored
    """The head that stands now: what the next change may be decided on."""
    record: Execution
    """As much of the record as was asked for. May be the head's own object: it must not be changed."""


class Swap(NamedTuple):
    """A commit as one of many: see ``ExecutionStore.commit``."""

    before: Stored
    after: Execution
    part: Part


class Creation(NamedTuple):
    """A new record as one of many: *common*, which many share, merged with what is its *own*."""

    common: Execution
    """As ``transitions.create`` makes it. All that its index entries and its due time follow from."""
    own: Execution
    """Its id, and of payload, metadata, labels, idempotency key and applied requests what it has."""
    claim: Claim | None


class Conflict(NamedTuple):
    """Somebody else was first. *current* is the head that stands now, None if the record is gone."""

    current: Stored | None


class Taken(NamedTuple):
    """The claim, or the id, belongs to a record already."""

    holder_id: str


Told = Callable[[int, Committed | Conflict | StoreUnavailable], None]
"""Is called with the number of a swap and what has become of it."""


@dataclass(frozen=True)
class Query:
    """Which records, in which order: those that match all that is given. No status or type is given twice."""

    statuses: tuple[ExecutionStatus, ...] = STATUSES
    types: tuple[str, ...] = ()
    parent_id: str = ""
    created_from_ms: int | None = None
    created_before_ms: int | None = None
    newest_first: bool = True


class Change(NamedTuple):
    """What a commit tells those who watch."""

    id: str
    before_revision: int
    """The revision that this change was made to; 0: it was created."""
    record: Execution
    """The BASIC part after it, and of ``history`` what it added; for a deletion the head before it."""
    version: bytes
    """What stands since; ``b""``: nothing, the execution was deleted."""

    @property
    def deleted(self) -> bool:
        """Whether the execution was deleted."""
        return not self.version


class Ready(NamedTuple):
    """A record that a worker may get; in the order in which workers should."""

    priority: int
    available_ms: int
    id: str
    type: str


@dataclass(frozen=True)
class StoreFacts:
    """What a store says of itself, to be told by GetServerInfo."""

    kind: StoreKind = StoreKind.STORE_KIND_UNSPECIFIED
    durability: DurabilityClass = DurabilityClass.DURABILITY_CLASS_UNSPECIFIED
    """What an acknowledged change survives; never more than the store's servers are set to."""


class Feed(Protocol):
    """A subscription to changes, at most once each and in order per partition."""

    async def follow(self, partition: int) -> None:
        """Must deliver every later change of *partition*, or call ``missed`` within two seconds of losing one."""

    async def unfollow(self, partition: int) -> None:
        """Changes of *partition* need not be delivered any more."""

    async def close(self) -> None:
        """Must free everything that the feed holds."""


class ExecutionStore(Protocol):
    """A place for executions."""

    partitions: int
    """Into how many parts ids are divided, a power of two: see ``domain/ids.py``."""

    facts: StoreFacts
    """What is known of the store just now. May be replaced at any time."""

    traffic: Traffic
    """Must be counted into by a store that keeps things elsewhere."""

    def now_ms(self) -> int:
        """The store's clock in epoch milliseconds. Must never be ahead of it, nor more than a second behind."""

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        """Must answer the record's *part*, whole and of one version, or None if there is none."""

    async def holder(self, name: str, *, deadline: float) -> str | None:
        """Must answer the id of the record that holds the claim *name*, or None."""

    async def create(self, after: Execution, claim: Claim | None, *, deadline: float) -> Committed | Taken:
        """
        Must store a new record, its index entries and *claim* together, or nothing if the claim or the id is taken.

        A lasting claim is that of *after*'s own idempotency key, and *after*'s id is in the slice of its claim's name
        (see ``ids.slice_of_text``). Answers the FULL part. May take *after* apart.
        """

    async def create_all(
        self, creations: Sequence[Creation], *, deadline: float
    ) -> list[Stored | Taken | StoreUnavailable]:
        """
        Must do what ``create`` does for each by itself, those with the same claim in their order.

        Answers the heads of those that were created, and what ``create`` would have raised in its place. May take each
        *own* apart. ``OneByOne`` has it for stores to which many together are no cheaper.
        """

    async def load_all(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> list[Stored | StoreUnavailable | None]:
        """Must do what ``load`` does for each by itself; answers in its place what ``load`` would have raised."""

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        """
        Must replace *before* by *after*, with index, due time and notice, if nobody committed in between.

        Must keep what *before* and *after* both lack (see ``domain/transitions.py``: they may hold the head only) and
        answer *part* of what then stands. May take *after* apart.
        """

    async def commit_all(self, swaps: Sequence[Swap], told: Told, *, deadline: float) -> None:
        """
        Must do what ``commit`` does for each by itself; they are of different records.

        Must call *told* once for each, with what ``commit`` would have raised in its place, as soon as that is known:
        who can have an answer must not wait for those that a part of the store that is away keeps waiting. ``OneByOne``
        has it, see ``create_all``.
        """

    async def delete(self, before: Stored, request: bytes, *, deadline: float) -> Conflict | None:
        """
        Must remove record, index entries, due time and lasting claim together, if nobody committed in between.

        Must remember for ``REMEMBERED_MS`` that *request* did it. Answers None when done, by this call or by an earlier
        one of the same *request*.
        """

    async def deleted_by(self, execution_id: str, *, deadline: float) -> bytes | None:
        """Must answer which request deleted the record, for ``REMEMBERED_MS``; None otherwise."""

    async def page(
        self, query: Query, after_id: str, limit: int, part: Part, *, deadline: float
    ) -> tuple[list[Execution], str]:
        """
        Must answer up to *limit* matching records that follow *after_id* (``""``: from the start) in order of id.

        Also answers the id to go on after, ``""`` if no more follow. No record may be left out that matched all the
        while, and none may be answered that does not match in the form it is answered in.
        """

    async def count(self, query: Query, *, deadline: float) -> dict[ExecutionStatus, int]:
        """Must answer how many records match in each of the query's statuses, exactly."""

    async def census(self, limit: int, *, deadline: float) -> dict[tuple[str, ExecutionStatus], int]:
        """
        Must answer how many records there are by type and status, none left out and none counted twice.

        At most *limit* types need be told apart: what is of others, or of types that the store does not know by name,
        must be counted under the type ``""``. Those without records may be left out. Asked for now and then.
        """

    async def due(self, partition: int, limit: int, *, deadline: float) -> Sequence[str]:
        """Must answer up to *limit* ids of *partition* whose due time has passed, the longest overdue first."""

    async def ready(
        self, partition: int, types: Sequence[str], limit: int, *, deadline: float
    ) -> tuple[list[Ready], Ready | None]:
        """
        Must answer the first *limit* records of *partition* and *types* that workers may get now, in order.

        Also answers the one that becomes available next, None if none does.
        """

    def feed(self, on_change: Callable[[Change], None], missed: Callable[[int], None]) -> Feed:
        """
        Must answer a feed that calls *on_change* with changes and *missed* with a partition that lost some.

        A change must not be told before it would survive what an acknowledged one does, see ``facts``. Both are called
        on the event loop and must not block it.
        """

    async def ping(self, *, deadline: float) -> None:
        """Must raise StoreUnavailable unless the store answers."""

    async def close(self) -> None:
        """Must free everything that the store holds. Its feeds are closed before; nothing may be called afterwards."""
