"""
A primary is lost and another server takes its place: calls wait, and what was acknowledged as replicated is there.

Of a cluster and of a primary with sentinels. Each loses its primary in three ways: killed, stopped as if its machine or
its network were gone and back only when another has taken over, and handed over by an operator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from croco.execution.v1.execution_pb2 import ExecutionStatus
from execution_server.domain.transitions import cancel
from execution_server.manager import Manager
from execution_server.places import Limits
from execution_server.store.contract.samples import Events, change, lifecycle
from execution_server.store.port import Part
from execution_server.store.redis import open_store
from execution_server.watch import Hub

from tests.clusters import clustered
from tests.failovers import PARTITION, Deployment, cut_off, hand_over, kill, stop
from tests.sentinels import REPLICAS, Watched, watched
from tests.store.checker import check
from tests.store.following import created_in, tells_again
from tests.store.traffic import traffic
from tests.stores import ALL
from tests.waiting import until

CALL_SECONDS = 60.0
"""The budget of a call where none may fail."""
LOST_MS = 2_000
"""After how long a server that does not answer is taken for lost."""

KINDS = ["cluster-valkey9", "sentinel-redis7", "cluster-redis7", "sentinel-valkey9"]


@pytest.fixture(scope="module", params=KINDS if ALL else KINDS[:2])
def deployment(request: pytest.FixtureRequest) -> Iterator[Deployment]:
    """Of each kind one, whose servers write each change to their disks before they answer."""
    kind, _, server = request.param.partition("-")
    with ExitStack() as stack:
        if kind == "cluster":
            yield stack.enter_context(clustered(server, failover_ms=LOST_MS, durable=True))
        else:
            yield stack.enter_context(watched(server, failover_ms=LOST_MS, durable=True))


@pytest.fixture(scope="module")
def operator(deployment: Deployment) -> Iterator[ThreadPoolExecutor]:
    """Does things to the deployment meanwhile. A server ends with the thread that started it, so this one stays."""
    with ThreadPoolExecutor(max_workers=1) as operator:
        yield operator


def replicas_of(deployment: Deployment) -> int:
    """How many replicas a primary has."""
    return REPLICAS if isinstance(deployment, Watched) else 1


@pytest.mark.parametrize("lose", [kill, stop, hand_over] if ALL else [kill, stop])
async def test_a_failover_under_traffic_loses_nothing_that_is_replicated(
    deployment: Deployment, operator: ThreadPoolExecutor, lose: Callable[[Deployment], None]
) -> None:
    """And no call fails that has time: it is tried again until there is a primary that has its replicas."""
    deployment.command("FLUSHALL")
    replicas = replicas_of(deployment)
    stores = [await open_store(deployment.url, durability="replicated", replicas=replicas) for _ in range(2)]
    async with traffic(*map(Manager, stores), call_seconds=CALL_SECONDS) as busy:
        await busy.more()
        await asyncio.get_running_loop().run_in_executor(operator, lose, deployment)
        await busy.more(seconds=CALL_SECONDS)
        await asyncio.to_thread(deployment.await_replicas)
    for store in stores:
        await store.close()
    assert busy.repeated == 0, "no call has failed"
    with deployment.client() as client:
        assert check(client) == []


@pytest.mark.parametrize("lose", [kill, hand_over] if ALL else [kill])
async def test_notices_go_on_after_a_failover(
    deployment: Deployment, operator: ThreadPoolExecutor, lose: Callable[[Deployment], None]
) -> None:
    """From the new primary; and nobody goes on without a word about what was missed."""
    deployment.command("FLUSHALL")
    store = await open_store(deployment.url, durability="replicated", replicas=replicas_of(deployment))
    events = Events(store)
    await events.follow_all()
    await tells_again(store, events, PARTITION)

    await asyncio.get_running_loop().run_in_executor(operator, lose, deployment)

    await tells_again(store, events, PARTITION)
    await asyncio.to_thread(deployment.await_replicas)
    await events.feed.close()
    await store.close()


async def test_a_change_that_is_lost_with_its_primary_was_never_told(
    deployment: Deployment, operator: ThreadPoolExecutor
) -> None:
    """Watchers hear what became of the execution instead, under the same revision."""
    deployment.command("FLUSHALL")
    store = await open_store(deployment.url, durability="replicated", replicas=replicas_of(deployment))
    hasty = await open_store(deployment.url, durability="local")  # waits for no replica
    hub = Hub(store, Limits(1, 1))
    before = await created_in(store, PARTITION)
    async with hub.topic(before.record.id) as topic:
        cut_off(deployment)
        start, *_ = lifecycle(store)
        await change(hasty, before, start)
        await until(lambda: topic.refreshing, "the hub reads what the feed has not told")
        assert topic.revision == 1

        await asyncio.get_running_loop().run_in_executor(operator, kill, deployment)
        await asyncio.to_thread(deployment.await_replicas)
        after = cancel(before.record, now_ms=store.now_ms())
        deadline = asyncio.get_running_loop().time() + CALL_SECONDS
        await store.commit(before, after, Part.HEAD, deadline=deadline)

        await until(lambda: topic.revision == 2, "the change that stands is told", CALL_SECONDS)
        assert topic.record.status == ExecutionStatus.EXECUTION_STATUS_CANCELLED
        assert not topic.turned_back
    await hub.close()
    await hasty.close()
    await store.close()
