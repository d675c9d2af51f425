"""A store and a server with metrics that the tests share."""

from collections.abc import Iterator

import pytest

from tests import servers, service
from tests.metrics.scrape import METRICS, addresses


@pytest.fixture
def store() -> Iterator[servers.Server]:
    with servers.running("valkey9") as running:
        yield running


@pytest.fixture(scope="module")
def metered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[service.Service, str]]:
    """A server, and where its metrics are."""
    folder = tmp_path_factory.mktemp("metered")
    with service.serving(folder, "--store-url", "memory://", *METRICS) as server:
        yield server, addresses(server)[0]
