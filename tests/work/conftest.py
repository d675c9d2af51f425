"""A server for the tests of workers, and clients of it. Tests that stop or overload servers start their own."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import grpc.aio
import pytest
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub

from tests import service, stores

_types = (f"work {number}" for number in count())


@pytest.fixture(scope="module")
def store() -> Iterator[stores.Store]:
    with stores.shared() as running:
        yield running


@pytest.fixture(scope="module")
def server(store: stores.Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Service]:
    with service.serving(tmp_path_factory.mktemp("work"), "--store-url", store.url) as running:
        yield running


@pytest.fixture
async def channel(server: service.Service) -> AsyncIterator[grpc.aio.Channel]:
    async with service.aio_channel(server.address) as connected:
        yield connected


@pytest.fixture
def executions(channel: grpc.aio.Channel) -> Any:
    """A client of the ExecutionService."""
    return ExecutionServiceStub(channel)


@pytest.fixture
def workers(channel: grpc.aio.Channel) -> Any:
    """A client of the WorkerService's unary calls."""
    return WorkerServiceStub(channel)


@pytest.fixture
def type_() -> str:
    """A type of execution that no other test uses."""
    return next(_types)
