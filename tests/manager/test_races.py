"""Several processes race over one real store: exactly one wins, and nothing that was acknowledged is lost."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from croco.execution.v1.execution_pb2 import Execution, Progress
from execution_server.domain import transitions
from execution_server.domain.problems import (
    ExecutionNotRunning,
    InvalidStateTransition,
    Problem,
)
from execution_server.domain.status import CANCELLED, COMPLETED, FINAL
from execution_server.manager import Manager
from execution_server.store.port import Part
from execution_server.store.redis import open_store
from execution_server.terms import Terms
from google.protobuf.struct_pb2 import Value

from tests import servers
from tests.store.checker import check

PROCESSES = 2


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Server]:
    """One server of the newest kind that is here: what is raced over is the same script everywhere."""
    kind = next((kind for kind in servers.KINDS if servers.binary(kind)), servers.KINDS[0])
    with servers.running(kind) as server:
        yield server


@pytest.fixture
async def managers(server: servers.Server) -> AsyncIterator[list[Manager]]:
    """Managers as two processes have them: each with connection, clock and cache of its own."""
    server.command("FLUSHALL")
    stores = [await open_store(server.url) for _ in range(PROCESSES)]
    yield [Manager(store) for store in stores]
    for store in stores:
        await store.close()
    with server.client() as client:
        assert check(client) == []


def terms(method: str, **options: Any) -> Terms:
    return Terms(method=method, deadline=asyncio.get_running_loop().time() + 60, **options)


async def create(manager: Manager) -> str:
    record, _ = await manager.create(Execution(type="race", max_attempts=3), terms("create"))
    return record.id


async def start(manager: Manager, id_: str) -> Execution:
    return await manager.change(
        id_, lambda record, now_ms: transitions.start(record, now_ms=now_ms), terms("start"), Part.BASIC
    )


async def get(manager: Manager, id_: str) -> Execution:
    return await manager.get(id_, Part.FULL, deadline=asyncio.get_running_loop().time() + 60)


async def test_of_racing_starts_exactly_one_wins(managers: list[Manager]) -> None:
    """For each attempt at most one Start succeeds: 300 rounds of 32 callers."""
    for _ in range(300):
        id_ = await create(managers[0])

        outcomes = await asyncio.gather(
            *(start(managers[caller % PROCESSES], id_) for caller in range(32)), return_exceptions=True
        )

        assert Counter(map(type, outcomes)) == {Execution: 1, InvalidStateTransition: 31}
        assert (await get(managers[1], id_)).attempts == 1


async def test_of_racing_creations_with_one_key_exactly_one_creates(managers: list[Manager]) -> None:
    """And all get the same execution: 10 rounds of 64 callers."""
    for round_ in range(10):
        template = Execution(type="race", max_attempts=3, idempotency_key=f"order-{round_}")

        outcomes = await asyncio.gather(
            *(managers[caller % PROCESSES].create(template, terms("create")) for caller in range(64))
        )

        assert sum(created for _, created in outcomes) == 1
        assert len({record.id for record, _ in outcomes}) == 1


async def test_every_acknowledged_checkpoint_survives(managers: list[Manager]) -> None:
    """2,000 callers save a key each; a caller that lost too often is told so, and tries again."""
    id_ = await create(managers[0])
    await start(managers[0], id_)

    async def save(caller: int) -> None:
        values = {f"key-{caller}": Value(number_value=caller)}
        await managers[caller % PROCESSES].change(
            id_,
            lambda record, now_ms: transitions.save_checkpoint(
                record, values, max_checkpoints=2_000, now_ms=now_ms
            ),
            terms("save"),
            Part.HEAD,
        )

    await asyncio.gather(*map(save, range(2_000)))

    record = await get(managers[1], id_)
    assert {key: value.number_value for key, value in record.checkpoints.items()} == {
        f"key-{caller}": caller for caller in range(2_000)
    }
    assert record.revision == 2_002, "each was saved once"


async def test_reports_never_revive_what_has_ended(managers: list[Manager]) -> None:
    """Progress, completion and cancellation race; once it has ended, nothing changes any more."""
    ends = Counter[int]()
    for round_ in range(60):
        id_ = await create(managers[0])
        await start(managers[0], id_)
        number = itertools.count()

        async def call(decide: Any, id_: str = id_, number: Iterator[int] = number) -> Execution | Problem:
            try:
                return await managers[next(number) % PROCESSES].change(id_, decide, terms("race"), Part.BASIC)
            except Problem as problem:
                return problem

        progress = [
            lambda record, now_ms, current=current: transitions.update_progress(
                record, Progress(current=current, total=20), now_ms=now_ms
            )
            for current in range(20)
        ]
        decisions = [
            *progress[: 5 + round_ % 10],
            lambda record, now_ms: transitions.complete(record, None, now_ms=now_ms),
            *progress[5 + round_ % 10 :],
        ]
        decisions.insert(round_ % 20, lambda record, now_ms: transitions.cancel(record, now_ms=now_ms))
        outcomes = await asyncio.gather(*map(call, decisions))

        record = await get(managers[1], id_)
        ends[record.status] += 1
        assert record.status in FINAL
        assert record.history[-1].revision == record.revision, "the end was the last change"
        revisions = [outcome.revision for outcome in outcomes if isinstance(outcome, Execution)]
        assert sorted(revisions) == list(range(3, record.revision + 1)), "each success is one change"
        refusals = {type(outcome) for outcome in outcomes if isinstance(outcome, Problem)}
        assert refusals <= {ExecutionNotRunning, InvalidStateTransition}
    assert ends.keys() == {COMPLETED, CANCELLED}, "either has won"
