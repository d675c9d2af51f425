"""
The composition root: the one place that constructs, and knows the order of start and stop.

Start: the store is ready, then health says SERVING, then traffic. Stop, on SIGTERM or SIGINT: health says NOT_SERVING,
load balancers get a moment to notice, watchers are told to go on elsewhere, calls under way finish, the sweeper stops,
the store closes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from typing import TYPE_CHECKING, Final

from croco.execution.v1.execution_pb2 import Retention
from croco.execution.v1.execution_service_pb2 import ServerLimits

from . import ready
from .batches import Batches
from .callers import open_callers
from .certificates import open_certificates
from .config import Settings, StartError
from .dispatch import Dispatcher
from .domain import limits
from .domain.problems import QuotaExceeded
from .manager import Manager
from .metrics.parts import Parts
from .places import Limits as PlaceLimits
from .places import Places
from .rpc.access import Access
from .rpc.calls import Calls
from .rpc.calls import Limits as CallLimits
from .rpc.execution_service import ExecutionService
from .rpc.health import Health
from .rpc.server import build, listen, stop
from .rpc.server_info import ServerInfo
from .rpc.worker_service import WorkerService
from .store.memory import MemoryStore
from .store.port import ExecutionStore
from .store.redis import StoreRefused, open_store
from .sweeper import Sweeper
from .version import version
from .watch import Hub

if TYPE_CHECKING:
    from .metrics.endpoint import Endpoint
    from .tracing import Tracing

log = logging.getLogger(__name__)

COLLECT_EVERY: Final = 20_000
"""
After how many more objects Python looks for cycles among the youngest; what was loaded at the start is left out of it.

Calls leave none, but for those that fail.
"""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, and return when drained. Raises StartError if it cannot begin."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    try:
        import uvloop
    except ImportError:  # Windows
        asyncio.run(serve(settings))
    else:
        uvloop.run(serve(settings))


async def serve(settings: Settings) -> None:
    """As ``run``, on a running event loop."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    opening = asyncio.create_task(_open(settings))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((opening, stopped), return_when=asyncio.FIRST_COMPLETED)
    if not opening.done():
        opening.cancel()
        return
    await _serve(settings, opening.result(), stopping)


async def _open(settings: Settings) -> ExecutionStore:
    if settings.store_url.startswith("memory:"):
        return MemoryStore(settings.partitions)
    try:
        return await open_store(
            settings.store_url,
            prefix=settings.key_prefix,
            partitions=settings.partitions,
            durability=settings.durability,
            replicas=settings.replicas,
        )
    except StoreRefused as refused:
        raise StartError(str(refused)) from None


def _retention(settings: Settings) -> Retention:
    """How long what is at rest is kept where its creator does not say; nothing is said of what is kept for ever."""
    retention = Retention()
    for field, kept in (("succeeded", settings.retention), ("failed", settings.failed_retention)):
        if kept:
            getattr(retention, field).FromTimedelta(kept)
    return retention


def _info(settings: Settings, store: ExecutionStore) -> ServerInfo:
    """What GetServerInfo tells."""
    told = ServerLimits(
        message_bytes=limits.MESSAGE_BYTES,
        batch_size=limits.BATCH_SIZE,
        page_size=limits.PAGE_SIZE,
        checkpoints=settings.max_checkpoints,
        calls_under_way=settings.max_inflight,
        watches_per_connection=settings.max_watches_per_connection,
        default_deadline=settings.default_deadline,
        max_deadline=settings.max_deadline,
    )
    return ServerInfo(version(), told, store)


def _limits(settings: Settings) -> CallLimits:
    return CallLimits(
        default_seconds=settings.default_deadline.total_seconds(),
        most_seconds=settings.max_deadline.total_seconds(),
        slow_seconds=settings.slow_call.total_seconds(),
        unary=PlaceLimits(settings.max_inflight, settings.max_inflight_per_connection),
        unary_bytes=settings.max_inflight_bytes,
    )


def _tracing(settings: Settings) -> Tracing | None:
    """What makes spans; None if nobody asked for it."""
    if not settings.tracing:
        return None
    try:
        from .tracing import Tracing  # an extra, which takes long to import
    except ImportError as error:
        raise StartError(
            f"tracing is on, and {error.name} is missing; install croco-execution-server[tracing]."
        ) from None
    return Tracing.open()


def _metrics(settings: Settings, parts: Parts) -> Endpoint | None:
    """The page for Prometheus; None if nobody asked for it."""
    address = settings.metrics_listen
    if address is None:
        return None
    from .metrics.endpoint import Endpoint  # the library is not loaded where it is not needed

    try:
        endpoint = Endpoint.listen(address.host, address.port, parts)
    except OSError as error:
        raise StartError(f"The metrics cannot be served on {address}: {error.strerror}.") from None
    log.info("metrics", extra={"fields": {"address": f"{str(address).rpartition(':')[0]}:{endpoint.port}"}})
    return endpoint


async def _serve(settings: Settings, store: ExecutionStore, stopping: asyncio.Event) -> None:
    tracing = _tracing(settings)
    if tracing is not None:
        store = tracing.store(store)
    manager = Manager(store)
    hub = Hub(store, PlaceLimits(settings.max_watches, settings.max_watches_per_connection))
    health = Health(store)
    certificates, callers = open_certificates(settings), open_callers(settings)
    access = Access(callers) if callers else None
    calls = Calls(_limits(settings), access, tracing.calls if tracing is not None else None)
    dispatcher = Dispatcher(store, manager, hub)
    work = Places(
        "work streams",
        PlaceLimits(settings.max_work_streams, settings.max_work_streams_per_connection),
        QuotaExceeded,
    )
    workers = WorkerService(manager, dispatcher, hub, work, settings.max_checkpoints)
    sweeper = Sweeper(store, manager)
    server = build(
        ExecutionService(manager, Batches(store, manager), hub, _info(settings, store), _retention(settings)),
        workers,
        calls,
        health,
        streams_per_connection=settings.max_streams_per_connection,
        reuse_port=settings.reuse_port,
        reflection_on=settings.reflection,
        access=access,
    )
    metrics = _metrics(
        settings,
        Parts(
            calls=calls,
            health=health,
            hub=hub,
            manager=manager,
            store=store,
            sweeper=sweeper,
            workers=workers,
        ),
    )
    await health.start()
    try:
        port = listen(server, str(settings.listen), certificates)
    except RuntimeError:
        raise StartError(f"The server cannot listen on {settings.listen}: is the port in use?") from None
    await health.run_once()
    await server.start()
    chores = [
        asyncio.create_task(chore.run_forever()) for chore in (health, sweeper, dispatcher, access) if chore
    ]
    address = f"{str(settings.listen).rpartition(':')[0]}:{port}"
    ready.publish(settings.ready_file, address)
    log.info("serving", extra={"fields": {"address": address}})

    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait((stopped, *chores), return_when=asyncio.FIRST_COMPLETED)
    log.info("draining") if stopped.done() else log.critical("a chore has ended; so does the server")
    await health.drain()
    await asyncio.sleep(settings.drain_delay.total_seconds())
    hub.drain()
    await stop(server, settings.drain_grace.total_seconds(), calls, lambda: hub.watches + work.taken)
    for chore in chores:
        chore.cancel()
    if metrics is not None:
        await metrics.close()
    if tracing is not None:
        await tracing.close()
    await hub.close()
    await store.close()
    log.info("stopped")
