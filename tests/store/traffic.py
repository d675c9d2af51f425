"""Callers that keep a store busy while something happens to it, and that know afterwards what must be there."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import transitions
from execution_server.domain.problems import StoreUnavailable
from execution_server.domain.status import COMPLETED
from execution_server.manager import Manager
from execution_server.store.port import Part
from execution_server.terms import Decision, Terms
from google.protobuf.struct_pb2 import Value

from tests.waiting import DEADLINE_SECONDS, until

WORKERS: Final = 12
CALL_SECONDS: Final = 2.0
REVISIONS: Final = 4
"""What an execution has after create, start, checkpoint and complete, each done once."""


class Traffic:
    """
    What callers were told.

    Attributes:
        acknowledged: the newest revision of each execution that a caller got an answer with.
        calls: how many calls were answered.
        repeated: how many answers came to a repetition, after StoreUnavailable.
    """

    def __init__(self, managers: list[Manager], call_seconds: float) -> None:
        self.acknowledged: dict[str, int] = {}
        self.calls = 0
        self.repeated = 0
        self._managers = itertools.cycle(managers)
        self._call_seconds = call_seconds
        self._stopping = False

    async def more(self, calls: int = 100, seconds: float = DEADLINE_SECONDS) -> None:
        """Wait until *calls* more calls were answered."""
        goal = self.calls + calls
        await until(lambda: self.calls >= goal, "more calls are answered", seconds)

    def stop(self) -> None:
        """Let every worker finish what it has begun."""
        self._stopping = True

    async def work(self, worker: int) -> None:
        """One execution after the other, each from its creation to its end."""
        for number in itertools.count():
            if self._stopping:
                return
            await self._carry_out(f"{worker}-{number}")

    async def _carry_out(self, name: str) -> None:
        manager = next(self._managers)
        template = Execution(type="traffic", max_attempts=3, idempotency_key=name)

        async def create(terms: Terms) -> Execution:
            record, created = await manager.create(template, terms)
            assert created, "no other call has this key"
            return record

        execution_id = (await self._answered("create", name, create)).id
        checkpoint = {"at": Value(string_value=name)}
        steps: dict[str, Decision] = {
            "start": lambda record, now_ms: transitions.start(record, now_ms=now_ms),
            "save": lambda record, now_ms: transitions.save_checkpoint(record, checkpoint, now_ms=now_ms),
            "complete": lambda record, now_ms: transitions.complete(record, None, now_ms=now_ms),
        }
        for step, decide in steps.items():
            change = partial(manager.change, execution_id, decide, part=Part.BASIC)
            await self._answered(step, name, change)

    async def _answered(
        self, step: str, name: str, call: Callable[[Terms], Awaitable[Execution]]
    ) -> Execution:
        """The answer to a call, repeated as clients do: with the same ``request_id`` until there is one."""
        loop = asyncio.get_running_loop()
        for tries in itertools.count():
            try:
                answer = await call(
                    Terms(method=step, deadline=loop.time() + self._call_seconds, request_id=f"{step} {name}")
                )
            except StoreUnavailable:
                assert tries < 20, "the store never comes back"
                continue
            self.calls += 1
            self.repeated += tries > 0
            self.acknowledged[answer.id] = max(answer.revision, self.acknowledged.get(answer.id, 0))
            return answer
        raise AssertionError

    async def verify(self, manager: Manager) -> None:
        """Everything acknowledged is there, and every call took effect once."""
        loop = asyncio.get_running_loop()
        assert self.acknowledged
        for execution_id, revision in self.acknowledged.items():
            assert revision == REVISIONS
            record = await manager.get(execution_id, Part.FULL, deadline=loop.time() + self._call_seconds)
            assert (record.revision, record.attempts, record.status) == (REVISIONS, 1, COMPLETED)
            assert [entry.revision for entry in record.history] == [1, 2, 4]
            assert record.checkpoints["at"] == Value(string_value=record.idempotency_key)


@asynccontextmanager
async def traffic(*managers: Manager, call_seconds: float = CALL_SECONDS) -> AsyncIterator[Traffic]:
    """Keep the managers busy for as long as the block lasts, then verify what they did."""
    busy = Traffic([*managers], call_seconds)
    workers = [asyncio.create_task(busy.work(worker)) for worker in range(WORKERS)]
    try:
        yield busy
        busy.stop()
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    await busy.verify(managers[0])
