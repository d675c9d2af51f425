"""Several servers on one store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.store.checker import check


@contextmanager
def running_servers(
    tmp_path: Path, count: int, *options: str
) -> Iterator[tuple[servers.Server, list[service.Service]]]:
    """Servers with *options* on one store, which is checked when they have ended."""
    with servers.running("valkey9") as store:
        started: list[service.Service] = []
        try:
            for number in range(count):
                folder = tmp_path / f"server-{number}"
                folder.mkdir()
                started.append(service.Service(folder, "--store-url", store.url, *options))
                started[-1].start()
            yield store, started
        finally:
            for one in started:
                one.stop()
        with store.client() as client:
            assert check(client) == []


@asynccontextmanager
async def calls(address: str) -> AsyncIterator[Any]:
    """A client of a server's ExecutionService."""
    async with service.aio_channel(address) as channel:
        yield ExecutionServiceStub(channel)
