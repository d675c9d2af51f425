"""The verbs of workers that cannot stream, of both clients."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from execution_client import (
    AsyncExecutionClient,
    AttemptFenced,
    DirectiveKind,
    ExecutionClient,
    ExecutionStatus,
    StatusReason,
)

from tests.clients.python.conftest import BlockingInThread
from tests.service import Service


@pytest.fixture(params=["asyncio", "blocking"])
async def verbs(request: pytest.FixtureRequest, server: Service) -> AsyncIterator[Any]:
    """Typed Any because both kinds at once have no other type; mypy checks the two clients themselves."""
    if request.param == "asyncio":
        async with AsyncExecutionClient(server.address) as client:
            yield client
    else:
        with ExecutionClient(server.address) as blocking:
            yield BlockingInThread(blocking)


async def test_what_is_claimed_belongs_to_its_worker(verbs: Any, kind: str) -> None:
    """Everything that a worker needs is in the answer: payload, attempt, lease."""
    ids = {(await verbs.create(kind, number)).id for number in range(3)}
    lease = timedelta(minutes=1)
    claimed = await verbs.claim("w-1", [kind], max_executions=5, lease_duration=lease)
    assert {execution.id for execution in claimed} == ids
    assert {execution.payload for execution in claimed} == {0, 1, 2}
    for execution in claimed:
        assert (execution.status, execution.attempts) == (ExecutionStatus.RUNNING, 1)
        assert (execution.lease.worker_id, execution.lease.duration) == ("w-1", lease)
    assert await verbs.claim("w-2", [kind], wait=0.01) == ()


async def test_a_claim_waits_for_the_first(verbs: Any, kind: str) -> None:
    """Nobody has to ask again and again."""
    claiming = asyncio.create_task(verbs.claim("w-1", [kind]))
    created = await verbs.create(kind)
    assert [execution.id for execution in await claiming] == [created.id]


async def test_a_heartbeat_tells_what_to_do(verbs: Any, kind: str) -> None:
    """Nothing about what is to go on; who is to stop, and why; what is over, and how it ended."""
    for _ in range(3):
        await verbs.create(kind)
    going_on, to_stop, over = await verbs.claim("w-1", [kind], max_executions=3)
    await verbs.cancel(to_stop.id, "Not needed.", grace_period=timedelta(minutes=1))
    await verbs.complete(over.id, attempt=1)
    told = await verbs.heartbeat({going_on.id: 1, to_stop.id: 1, over.id: 1})
    stop, forget = sorted(told, key=lambda directive: directive.kind)
    assert (stop.id, stop.attempt, stop.kind) == (to_stop.id, 1, DirectiveKind.CANCEL_REQUESTED)
    asked = await verbs.get(to_stop.id)
    assert (stop.reason, stop.forced_at) == ("Not needed.", asked.cancellation_forced_at)
    assert (forget.id, forget.kind, forget.reason) == (over.id, DirectiveKind.LEASE_LOST, "succeeded")
    kept = await verbs.get(going_on.id)
    assert kept.lease.expires_at > going_on.lease.expires_at


async def test_what_is_released_can_be_claimed_again_and_costs_nothing(verbs: Any, kind: str) -> None:
    """By others too, and not before the delay is over."""
    created = await verbs.create(kind)
    await verbs.claim("w-1", [kind])
    released = await verbs.release(created.id, attempt=1)
    assert (released.status, released.status_reason) == ("retrying", StatusReason.RELEASED)
    assert (released.attempts, released.refunded_attempts) == (1, 1)
    await verbs.claim("w-2", [kind])
    with pytest.raises(AttemptFenced):
        await verbs.release(created.id, attempt=1)
    delayed = await verbs.release(created.id, attempt=2, delay=timedelta(hours=1))
    assert delayed.next_attempt_at - delayed.updated_at == timedelta(hours=1)


async def test_a_single_type_is_no_list_of_letters(verbs: Any) -> None:
    """It would claim executions of type "a", "b", ..."""
    with pytest.raises(TypeError, match="types must be a list"):
        await verbs.claim("w-1", "abc")
