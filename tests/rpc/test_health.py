"""What load balancers and probes are told, and what tools can see of the interface."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from tests import servers, service
from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.subjects import create

READINESS = ("", "croco.execution.v1.ExecutionService", "croco.execution.v1.WorkerService")
LIVENESS = "liveness"
SERVING, NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


def status(channel: grpc.Channel, name: str) -> int:
    """What a probe is told."""
    stub: Any = HealthStub(channel)  # its methods are not typed
    return int(stub.Check(HealthCheckRequest(service=name), timeout=DEADLINE_SECONDS).status)


def changes(channel: grpc.Channel, name: str) -> Iterator[int]:
    """What a load balancer is told, as it changes."""
    stub: Any = HealthStub(channel)
    stream = stub.Watch(HealthCheckRequest(service=name), timeout=DEADLINE_SECONDS)
    return (response.status for response in stream)


@pytest.mark.parametrize("name", [*READINESS, LIVENESS])
def test_a_server_that_serves_says_so(name: str, channel: grpc.Channel) -> None:
    """Each service by its name, all of them by none, and the process by itself."""
    assert status(channel, name) == SERVING


def test_of_a_service_that_is_not_there_nothing_is_claimed(channel: grpc.Channel) -> None:
    """A probe with a slip in its name must fail."""
    with pytest.raises(grpc.RpcError) as raised:
        status(channel, "croco.execution.v1.Nothing")
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_server_whose_store_is_away_is_not_ready_but_alive(tmp_path: Path) -> None:
    """Not ready: calls go elsewhere. Alive: to restart it would mend nothing, and would restart all of them at once."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url) as server,
        service.channel(server.address) as channel,
    ):
        readiness = [changes(channel, name) for name in READINESS]
        assert [next(one) for one in readiness] == [SERVING] * len(READINESS)

        store.pause()
        assert [next(one) for one in readiness] == [NOT_SERVING] * len(READINESS)
        assert status(channel, LIVENESS) == SERVING

        store.resume()
        assert [next(one) for one in readiness] == [SERVING] * len(READINESS)
        create(ExecutionServiceStub(channel))


def described(channel: grpc.Channel) -> set[str]:
    """The services that the server describes to tools."""
    request = ServerReflectionRequest(list_services="")
    stub: Any = ServerReflectionStub
    stream = stub(channel).ServerReflectionInfo(iter([request]), timeout=DEADLINE_SECONDS)
    return {one.name for response in stream for one in response.list_services_response.service}


def test_on_loopback_the_server_describes_itself(channel: grpc.Channel) -> None:
    """So that tools such as grpcurl work at once for who tries it out."""
    assert described(channel) >= set(READINESS[1:]) | {"grpc.health.v1.Health"}


def test_reflection_can_be_switched_off(tmp_path: Path) -> None:
    """As it is by default for a server that others can reach."""
    options = ("--store-url", "memory://", "--reflection", "off")
    with (
        service.serving(tmp_path, *options) as server,
        service.channel(server.address) as channel,
        pytest.raises(grpc.RpcError) as raised,
    ):
        described(channel)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
