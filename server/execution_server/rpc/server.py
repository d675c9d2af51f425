"""What runs in this process: the gRPC server, its options and its services, in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import grpc
from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from grpc_health.v1 import health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2_grpc

from ..certificates import Certificates
from ..domain.limits import MESSAGE_BYTES
from ..reloaded import Reloaded
from .access import Access
from .calls import Calls
from .execution_service import ExecutionService
from .health import READINESS, Health
from .reflection import SERVICE_NAME, Reflection
from .tls import credentials
from .worker_service import WorkerService

EXECUTIONS: Final = execution_service_pb2.DESCRIPTOR.services_by_name["ExecutionService"]
WORKERS: Final = worker_service_pb2.DESCRIPTOR.services_by_name["WorkerService"]

PENDING: Final = 100_000
"""Calls that wait to be accepted. grpcio cancels those over its own limit of 1,000; ours are refused with a reason."""

POLL_SECONDS: Final = 0.05
QUIET_SECONDS: Final = 0.25
REFUSING_SECONDS: Final = 2.0
"""How long a stopping server refuses calls at most, waiting for a moment in which none comes."""
STREAMS_SECONDS: Final = 3.0
"""How long a stopping server waits for its streams, which are told at once."""
LAST_ANSWERS_SECONDS: Final = 0.5
"""For answers that are made but not written yet."""

OPTIONS: Final[tuple[tuple[str, int], ...]] = (
    # A message that is too large is read, so that its refusal can name a reason; one far too large is not.
    ("grpc.max_receive_message_length", 2 * MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.server.max_pending_requests", PENDING),
    ("grpc.server.max_pending_requests_hard_limit", PENDING),
    ("grpc.max_metadata_size", 8_192),
    ("grpc.absolute_max_metadata_size", 16_384),
    # A peer that is gone is noticed after 20 s. ping_timeout_ms is the setting that is honoured.
    ("grpc.keepalive_time_ms", 15_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 2),
    # Connections end now and then, so that clients spread over new servers.
    ("grpc.max_connection_age_ms", 1_800_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.max_connection_idle_ms", 900_000),
    ("grpc.server_handshake_timeout_ms", 10_000),
    ("grpc.enable_channelz", 0),
)


def build(
    executions: ExecutionService,
    workers: WorkerService,
    calls: Calls,
    health: Health,
    *,
    streams_per_connection: int,
    reuse_port: bool,
    reflection_on: bool,
    access: Access | None = None,
) -> grpc.aio.Server:
    """Assemble the server; it listens nowhere yet."""
    own = (
        ("grpc.max_concurrent_streams", streams_per_connection),
        ("grpc.so_reuseport", int(reuse_port)),
    )
    server = grpc.aio.server(options=[*OPTIONS, *own])
    generic: Any = _GenericOnly(server)
    server.add_generic_rpc_handlers((calls.handler(EXECUTIONS, executions), calls.handler(WORKERS, workers)))
    health_pb2_grpc.add_HealthServicer_to_server(health.servicer, generic)
    if reflection_on:
        names = (*READINESS[1:], "grpc.health.v1.Health", SERVICE_NAME)
        add: Any = reflection_pb2_grpc.add_ServerReflectionServicer_to_server
        add(Reflection(names, access), generic)
    return server


def listen(server: grpc.aio.Server, address: str, certificates: Reloaded[Certificates] | None) -> int:
    """Have the server answer on *address*, with TLS if there are certificates. Raises RuntimeError if it cannot."""
    if certificates is None:
        return server.add_insecure_port(address)
    return server.add_secure_port(address, credentials(certificates))


async def stop(
    server: grpc.aio.Server, grace_seconds: float, calls: Calls, watches: Callable[[], int]
) -> None:
    """
    Take no new calls and wait for those under way, *grace_seconds* at most.

    New calls are refused with a reason until hardly any come, since those that grpcio stops over end in CANCELLED
    without one. Watches of the health service never end by themselves and do not count; nor do those of executions
    whose reader does not read.

    Args:
        watches: how many streams of ours there are.
    """
    calls.draining = True
    loop = asyncio.get_running_loop()
    began, arrived = loop.time(), -1
    while arrived != calls.arrived and loop.time() - began < REFUSING_SECONDS:
        arrived = calls.arrived
        await asyncio.sleep(QUIET_SECONDS)
    finishing = asyncio.create_task(server.stop(grace_seconds))

    def busy() -> bool:
        return bool(calls.under_way or (watches() and loop.time() - began < STREAMS_SECONDS))

    while busy() and not finishing.done():  # noqa: ASYNC110 - a count has no event
        await asyncio.sleep(POLL_SECONDS)
    await server.stop(min(grace_seconds, LAST_ANSWERS_SECONDS))
    await finishing


class _GenericOnly:
    """Takes the generic handlers that generated code adds and leaves the registered methods: see ``calls.py``."""

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        self._server.add_generic_rpc_handlers(handlers)

    def add_registered_method_handlers(self, service: str, handlers: Any) -> None:
        """Left out."""
