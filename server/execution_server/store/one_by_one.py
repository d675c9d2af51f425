"""What a store does for many executions at once, for stores to which that is no cheaper than one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from croco.execution.v1.execution_pb2 import Execution

from ..domain.problems import StoreUnavailable
from .port import Claim, Committed, Conflict, Creation, Part, Stored, Swap, Taken, Told

T = TypeVar("T")


class OneByOne:
    """The base of a store that has ``create``, ``commit`` and ``load``."""

    async def create(self, after: Execution, claim: Claim | None, *, deadline: float) -> Committed | Taken:
        """See ``ExecutionStore.create``."""
        raise NotImplementedError

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        """See ``ExecutionStore.load``."""
        raise NotImplementedError

    async def create_all(
        self, creations: Sequence[Creation], *, deadline: float
    ) -> list[Stored | Taken | StoreUnavailable]:
        """See ``ExecutionStore.create_all``."""
        outcomes = list[Stored | Taken | StoreUnavailable]()
        for creation in creations:
            after = Execution()
            after.CopyFrom(creation.common)
            after.MergeFrom(creation.own)
            outcome = await _or_unavailable(self.create(after, creation.claim, deadline=deadline))
            outcomes.append(outcome.head if isinstance(outcome, Committed) else outcome)
        return outcomes

    async def commit(
        self, before: Stored, after: Execution, part: Part, *, deadline: float
    ) -> Committed | Conflict:
        """See ``ExecutionStore.commit``."""
        raise NotImplementedError

    async def commit_all(self, swaps: Sequence[Swap], told: Told, *, deadline: float) -> None:
        """See ``ExecutionStore.commit_all``."""
        for number, swap in enumerate(swaps):
            told(number, await _or_unavailable(self.commit(*swap, deadline=deadline)))

    async def load_all(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> list[Stored | StoreUnavailable | None]:
        """See ``ExecutionStore.load_all``."""
        return [await _or_unavailable(self.load(id_, part, deadline=deadline)) for id_ in execution_ids]


async def _or_unavailable(call: Awaitable[T]) -> T | StoreUnavailable:
    try:
        return await call
    except StoreUnavailable as unavailable:
        return unavailable
