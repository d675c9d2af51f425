"""Records, changes and waiting for the contract's tests."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from croco.execution.v1.execution_pb2 import AppliedRequest, Execution, ExecutionError, Progress
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import NullValue, Value

from ...domain import ids, transitions
from ..port import Change, Claim, Committed, Creation, ExecutionStore, Feed, Part, Stored

SECONDS: Final = 20.0
"""How long anything may take before a test fails. It is passed only when something is broken."""

NULL: Final = Value(null_value=NullValue.NULL_VALUE)

Decision = Callable[[Execution], Execution]


def soon() -> float:
    """A deadline that is only passed when something is broken."""
    return asyncio.get_running_loop().time() + SECONDS


def text(value: str) -> Value:
    return Value(string_value=value)


def template(**fields: Any) -> Execution:
    """What a creator sends: everything that a creator can, with *fields* instead."""
    made = Execution(
        type="mail",
        max_attempts=3,
        payload=text("payload"),
        parent_id="parent",
        timeout=Duration(seconds=3600),
        labels={"colour": "red", "size": "small"},
    )
    made.metadata["tenant"] = "acme"
    for field, value in fields.items():
        made.ClearField(field)
        if value is not None:
            made.MergeFrom(Execution(**{field: value}))
    return made


def new(
    store: ExecutionStore, claim: Claim | None = None, created_ms: int | None = None, **fields: Any
) -> Execution:
    """A record to create, with an id in the slice that *claim* demands."""
    now_ms = store.now_ms() if created_ms is None else created_ms
    slice_ = ids.slice_of_text(claim.name) if claim else secrets.randbelow(ids.SLICES)
    execution_id = ids.new_id(now_ms, secrets.randbits(64), slice_)
    return transitions.create(template(**fields), execution_id=execution_id, now_ms=now_ms)


def together(store: ExecutionStore, claims: Sequence[Claim | None], **common: Any) -> list[Creation]:
    """New records to create together, one for each of *claims*, which differ in what may differ."""
    made = template(payload=None, metadata=None, labels=None, **common)
    decided = transitions.create(made, execution_id="", now_ms=store.now_ms())
    return [_one_of_many(decided, number, claim) for number, claim in enumerate(claims)]


def _one_of_many(common: Execution, number: int, claim: Claim | None) -> Creation:
    slice_ = ids.slice_of_text(claim.name) if claim else secrets.randbelow(ids.SLICES)
    own = Execution(
        id=ids.new_id(common.created_at.ToMilliseconds(), secrets.randbits(64), slice_),
        payload=text(f"payload {number}"),
        labels={"number": str(number)} if number % 2 else {},
        applied_requests=[AppliedRequest(digest=secrets.token_bytes(8), revision=1)],
    )
    if claim is not None and claim.lifetime_ms is None:
        own.idempotency_key = claim.name.removeprefix("key:")
    if number % 3 == 0:
        own.metadata["number"] = number
    return Creation(common, own, claim)


def whole(creation: Creation) -> Execution:
    """The record that is to be created."""
    record = copy(creation.common)
    record.MergeFrom(creation.own)
    return record


async def create(store: ExecutionStore, record: Execution, claim: Claim | None = None) -> Committed:
    """Create a record that nothing stands against."""
    outcome = await store.create(copy(record), claim, deadline=soon())
    assert isinstance(outcome, Committed), outcome
    return outcome


async def created(store: ExecutionStore, **fields: Any) -> Stored:
    """The head of a new record."""
    return (await create(store, new(store, **fields))).head


async def change(
    store: ExecutionStore, before: Stored, decide: Decision, part: Part = Part.FULL
) -> Committed:
    """Commit what *decide* makes of *before*, which nothing stands against."""
    outcome = await store.commit(before, decide(before.record), part, deadline=soon())
    assert isinstance(outcome, Committed), outcome
    return outcome


async def load(store: ExecutionStore, execution_id: str, part: Part = Part.FULL) -> Stored:
    """What the store holds of a record that is there."""
    stored = await store.load(execution_id, part, deadline=soon())
    assert stored is not None
    return stored


def copy(record: Execution) -> Execution:
    made = Execution()
    made.CopyFrom(record)
    return made


def lifecycle(store: ExecutionStore) -> list[Decision]:
    """Changes that touch every part of a record, one after the other: two attempts, of which the second succeeds."""
    now_ms = store.now_ms()
    error = ExecutionError(message="no", code="E1", stack="line 1\nline 2", retryable=True)
    values = {"a": text("first"), "b": text("other"), "c": NULL}
    return [
        lambda record: transitions.start(record, now_ms=now_ms),
        lambda record: transitions.save_checkpoint(record, values, now_ms=now_ms + 1),
        lambda record: transitions.fail(
            record, error, Progress(current=1, total=4), {"d": text("4")}, now_ms=now_ms + 2
        ),
        lambda record: transitions.retry(record, 5, now_ms=now_ms + 3),
        lambda record: transitions.start(record, now_ms=now_ms + 4),
        lambda record: transitions.save_checkpoint(
            record, {"a": text("second"), "b": NULL}, now_ms=now_ms + 5
        ),
        lambda record: transitions.complete(
            record, text("result"), checkpoints={"e": text("5")}, now_ms=now_ms + 6
        ),
    ]


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as *condition* holds."""
    deadline = soon()
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, "waited in vain"
        await asyncio.sleep(0.002)


class Events:
    """What a feed calls, in order: changes, and the numbers of partitions that missed some."""

    def __init__(self, store: ExecutionStore) -> None:
        self._store = store
        self._came = asyncio.Event()
        self.seen: list[Change | int] = []
        self.feed: Feed = store.feed(self._take, self._take)

    async def follow_all(self) -> None:
        for partition in range(self._store.partitions):
            await self.feed.follow(partition)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for calls until *condition* holds."""
        async with asyncio.timeout(SECONDS):
            while not condition():
                self._came.clear()
                await self._came.wait()

    def of(self, execution_id: str) -> list[Change]:
        """The changes of one record."""
        return [event for event in self.seen if isinstance(event, Change) and event.id == execution_id]

    def _take(self, event: Change | int) -> None:
        self.seen.append(event)
        self._came.set()
