"""Many creations and many reads as one call: each has its own outcome, whatever becomes of the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from typing import NamedTuple, TypeVar

from croco.execution.v1.execution_pb2 import Execution

from .domain.problems import Problem, StoreUnavailable
from .manager import Manager, Terms
from .store.port import Part

T = TypeVar("T")


class Creation(NamedTuple):
    """One execution to create: see ``Manager.create``."""

    template: Execution
    terms: Terms


class Batches:
    """What can be done to many executions at once."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    async def create(self, creations: Sequence[Creation]) -> list[tuple[Execution, bool] | Problem]:
        """
        Create executions; answer each whole, with whether its request created it, or why it was refused.

        Raises:
            StoreUnavailable: the store answered for none of them.
        """
        return await _each([self._manager.create(one.template, one.terms) for one in creations])

    async def get(
        self, execution_ids: Sequence[str], part: Part, *, deadline: float
    ) -> list[Execution | Problem]:
        """
        Answer *part* of each execution, or why there is none.

        Raises:
            StoreUnavailable: the store answered for none of them.
        """
        return await _each([self._manager.get(id_, part, deadline=deadline) for id_ in execution_ids])


async def _each(calls: Sequence[Awaitable[T]]) -> list[T | Problem]:
    outcomes = await asyncio.gather(*(_outcome(call) for call in calls))
    if outcomes and all(isinstance(outcome, StoreUnavailable) for outcome in outcomes):
        raise StoreUnavailable
    return outcomes


async def _outcome(call: Awaitable[T]) -> T | Problem:
    try:
        return await call
    except Problem as problem:
        return problem
