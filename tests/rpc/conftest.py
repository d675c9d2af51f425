"""One server that the tests of single calls share. Those that stop, overload or race servers start their own."""

from collections.abc import Iterator

import grpc
import pytest
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub

from tests import service, stores
from tests.rpc.subjects import Stubs


@pytest.fixture(scope="session")
def store() -> Iterator[stores.Store]:
    """The store of ``server``, for looks behind its back."""
    with stores.shared() as running:
        yield running


@pytest.fixture(scope="session")
def server(store: stores.Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Service]:
    with service.serving(tmp_path_factory.mktemp("rpc"), "--store-url", store.url) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def _empty(store: stores.Store) -> None:
    """Each file begins with an empty store, as the tests that look at all of it take the longer the more there is."""
    store.command("FLUSHALL")


@pytest.fixture(scope="session")
def channel(server: service.Service) -> Iterator[grpc.Channel]:
    with service.channel(server.address) as connected:
        yield connected


@pytest.fixture(scope="session")
def stub(channel: grpc.Channel) -> ExecutionServiceStub:
    """A plain client of ``server``, with gRPC's default limits."""
    return ExecutionServiceStub(channel)


@pytest.fixture(scope="session")
def stubs(channel: grpc.Channel) -> Stubs:
    """Both services."""
    return Stubs(ExecutionServiceStub(channel), WorkerServiceStub(channel))
