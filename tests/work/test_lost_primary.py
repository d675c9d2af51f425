"""Work while one primary of a cluster is away: what the others have is given out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import grpc.aio
import pytest
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.store.redis.keys import Keys

from tests import service
from tests.clusters import Cluster, clustered
from tests.raw_worker import RawWorker
from tests.work.calls import AT_ONCE, LONG, claimed, create, refused

COUNT: Final = 60
KEYS: Final = Keys("execution", 16)
"""What a server uses that is not told otherwise."""
SHORT_SECONDS: Final = 3.0
"""How long a call may take that is not answered before its deadline."""


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """One that keeps what it has acknowledged, and fails nothing over."""
    with clustered("valkey9", durable=True) as cluster:
        yield cluster


@pytest.fixture
async def channel(cluster: Cluster, tmp_path: Path) -> AsyncIterator[grpc.aio.Channel]:
    with service.serving(tmp_path / "server", "--store-url", cluster.url) as server:
        async with service.aio_channel(server.address) as connected:
            yield connected


async def test_workers_get_what_the_other_primaries_have(
    cluster: Cluster, channel: grpc.aio.Channel, type_: str
) -> None:
    """By calls and on streams, and the rest when its primary is back. Until then nobody hears that there is none."""
    executions: Any = ExecutionServiceStub(channel)
    workers: Any = WorkerServiceStub(channel)
    created = [await create(executions, type_, priority=number % 3) for number in range(COUNT)]
    lost = cluster.owner(KEYS.record(created[0].id))
    owners = [cluster.owner(KEYS.channel(partition)) for partition in range(KEYS.partitions)]
    here = [one for one in created if owners[KEYS.partition(one.id)] is not lost]
    lost.kill9()

    first = await claimed(workers, type_, max_executions=5, lease_duration=LONG)
    async with RawWorker(channel, type_, slots=COUNT) as worker:
        given = [*first, *await worker.assigned(len(here) - len(first))]
        assert {one.id for one in given} == {one.id for one in here}
        request = work.ClaimExecutionsRequest(worker_id="w", types=[type_], wait=AT_ONCE)
        nothing = await refused(workers.ClaimExecutions(request, timeout=SHORT_SECONDS))
        assert nothing.reason == "STORE_UNAVAILABLE"

        lost.start()
        await worker.assigned(COUNT - len(first))
    assert {one.id for one in [*first, *worker.assignments]} == {one.id for one in created}
