"""
Many records in one round trip, each answered by itself: creations by one command for each partition, reads and commits
by one each.

What new records have in common is serialised once: fragments of a message may be joined in any order, so the bytes of a
record's head are those of the common head and of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from croco.execution.v1.execution_pb2 import Execution

from ...domain.problems import StoreUnavailable
from ...domain.timers import due_ms
from ..index import sets_of
from ..port import Committed, Conflict, Creation, Part, Stored, Swap, Taken, Told
from . import codec
from .commits import Commit, prepared
from .keys import KNOWN_TYPES, Keys
from .link import Link
from .scripts import COMMIT, CREATE_ALL, StoreFault, answer_of, checked
from .wire import Argument

T = TypeVar("T")


class Batches:
    """Creates, reads and changes many."""

    def __init__(self, link: Link, keys: Keys, publish: str, *, apart: bool) -> None:
        """
        Args:
            publish: the command that tells of changes.
            apart: partitions can be away one by one, as their slots are moved one by one.
        """
        self._link, self._keys, self._publish, self._apart = link, keys, publish, apart

    async def create_all(
        self, creations: Sequence[Creation], not_after_ms: int, *, deadline: float
    ) -> list[Stored | Taken | StoreUnavailable]:
        """See ``ExecutionStore.create_all``."""
        commons: dict[int, _Common] = {}

        async def create(some: Sequence[Creation]) -> list[Stored | Taken | StoreUnavailable]:
            partition = self._keys.partition(some[0].own.id)
            run = _Run(self._keys, partition, commons)
            heads = [run.add(creation) for creation in some]
            lead = (not_after_ms, self._publish, self._keys.channel(partition), len(some), KNOWN_TYPES)
            runs = [(run.keys(), [*lead, *run.arguments])]
            (replies,) = await CREATE_ALL.run_all(self._link, runs, deadline=deadline)
            return [_outcome(head, *reply) for head, reply in zip(heads, replies, strict=True)]

        ids = [creation.own.id for creation in creations]
        return await _outcomes(ids, self._keys.partition, creations, create)

    async def load_all(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> list[Stored | StoreUnavailable | None]:
        """See ``ExecutionStore.load_all``."""

        async def load(ids: Sequence[str]) -> list[Stored | StoreUnavailable | None]:
            commands: list[tuple[Argument, ...]] = [codec.read(self._keys.record(id_), part) for id_ in ids]
            replies = checked(await self._link.call_all(commands, deadline=deadline))
            return [codec.stored(reply, part) for reply in replies]

        return await _outcomes(execution_ids, self._group, execution_ids, load)

    async def commit_all(
        self, swaps: Sequence[Swap], told: Told, not_after_ms: int, *, deadline: float
    ) -> None:
        """See ``ExecutionStore.commit_all``."""

        async def commit(some: Sequence[Swap]) -> list[Committed | Conflict | StoreUnavailable]:
            commits = [prepared(swap, self._keys, self._publish, not_after_ms) for swap in some]
            replies = await COMMIT.run_all(self._link, [one.run for one in commits], deadline=deadline)
            return [_of_commit(one, *answer_of(reply)) for one, reply in zip(commits, replies, strict=True)]

        await _by_group([swap.after.id for swap in swaps], self._group, swaps, commit, told)

    def _group(self, execution_id: str) -> int:
        return self._keys.partition(execution_id) if self._apart else 0


async def _by_group(
    ids: Sequence[str],
    group_of: Callable[[str], int],
    subjects: Sequence[T],
    do: Callable[[Sequence[T]], Coroutine[Any, Any, list[Any]]],
    told: Callable[[int, Any], None],
) -> None:
    """
    Have *do* answer for the subjects of each group of ids.

    *told* gets the number of each subject with its answer, or with why there is none; no group waits for another.
    """
    groups: dict[int, list[int]] = {}
    for number, execution_id in enumerate(ids):
        groups.setdefault(group_of(execution_id), []).append(number)

    async def answer(numbers: list[int]) -> None:
        try:
            found = await do([subjects[number] for number in numbers])
        except StoreUnavailable as unavailable:
            found = [unavailable] * len(numbers)
        for number, outcome in zip(numbers, found, strict=True):
            told(number, outcome)

    answers = [answer(numbers) for numbers in groups.values()]
    if len(answers) == 1:  # as always but on a cluster: a task of its own costs as much as a small group
        await answers[0]
    else:
        await asyncio.gather(*answers)


async def _outcomes(
    ids: Sequence[str],
    group_of: Callable[[str], int],
    subjects: Sequence[T],
    do: Callable[[Sequence[T]], Coroutine[Any, Any, list[Any]]],
) -> list[Any]:
    """The same as a list, in the order of all."""
    outcomes: dict[int, Any] = {}
    await _by_group(ids, group_of, subjects, do, outcomes.__setitem__)
    return [outcomes[number] for number in range(len(ids))]


def _of_commit(commit: Commit, tag: str, rest: list[Any]) -> Committed | Conflict | StoreUnavailable:
    return StoreUnavailable() if tag == "LATE" else commit.outcome(tag, rest)


class _Run:
    """What the script is given for the new records of one partition."""

    def __init__(self, keys: Keys, partition: int, commons: dict[int, _Common]) -> None:
        """*commons* are what is known already of what records have in common, by identity."""
        self.arguments: list[Argument] = []
        self._keys, self._commons = keys, commons
        self._first = [keys.due(partition), keys.sequence(partition), keys.types(partition)]
        self._sets: dict[str, int] = {}  # key -> number
        self._entered: dict[int, list[Argument]] = {}
        self._partition = partition

    def keys(self) -> list[str]:
        """The keys, when all records are added."""
        return [*self._first, *self._sets]

    def add(self, creation: Creation) -> Stored:
        """Add one; answers its head."""
        own, claim = creation.own, creation.claim
        common = self._commons.get(id(creation.common))
        if common is None:
            common = self._commons[id(creation.common)] = _Common(creation.common)
        execution_id = own.id
        record = self._keys.record(execution_id, self._partition)
        claimed = self._keys.claim(claim.name, self._partition) if claim else record
        self._first += (record, self._keys.tombstone(execution_id, self._partition), claimed)
        put = codec.fresh(own)
        head = common.head + put.pop(codec.HEAD)
        self.arguments += (
            common.version,
            execution_id,
            common.type,
            common.due,
            codec.notice(execution_id, 0, common.version, common.history),
            ("" if claim.lifetime_ms is None else claim.lifetime_ms) if claim else "none",
            *(self._entered.get(id(common)) or self._enter(common)),
            2 + 2 * len(put) + len(common.others),
            2 * (1 + ("metadata" in put) + ("labels" in put)),
            codec.HEAD,
            head,
            *codec.flat(put),
            *common.others,
        )
        return Stored(Execution.FromString(head), common.version)

    def _enter(self, common: _Common) -> list[Argument]:
        """How many sets a record enters, and for each its number and the score."""
        entries = self._entered[id(common)] = [len(common.sets)]
        for name, score in common.sets.items():
            key = self._keys.index_set(self._partition, name)
            entries += (self._sets.setdefault(key, len(self._sets) + 1), score)
        return entries


class _Common:
    """What many new records have in common, as it is stored."""

    def __init__(self, common: Execution) -> None:
        due = due_ms(common)
        self.due: Argument = "" if due is None else due
        self.sets = sets_of(common)
        self.type = common.type
        self.version = codec.new_version(
            common.revision
        )  # it tells calls apart, and a record is in one of them
        copy = Execution()
        copy.CopyFrom(common)
        put = codec.fresh(copy)
        self.head = put.pop(codec.HEAD)
        self.history = b"".join(put.values())
        self.others = codec.flat(put)


def _outcome(head: Stored, tag: bytes, holder: bytes = b"") -> Stored | Taken | StoreUnavailable:
    match tag:
        case b"OK":
            return head
        case b"TAKEN":
            return Taken(holder.decode())
        case b"LATE":
            return StoreUnavailable()
        case _:
            raise StoreFault(f"a script answered {tag!r}")
