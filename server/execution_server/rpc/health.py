"""
What grpc.health.v1 answers.

``liveness`` is the process alone: it is never the store's fault, or a store that is away would have every server
restarted. The service's own name, and the empty one, are readiness: the store answers and the server is not draining.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from grpc_health.v1 import health
from grpc_health.v1.health_pb2 import HealthCheckResponse

from ..store.port import ExecutionStore

log = logging.getLogger(__name__)

LIVENESS: Final = "liveness"
EVERY_SECONDS: Final = 1.0
PATIENCE_SECONDS: Final = 2.0
SERVING: Final = HealthCheckResponse.SERVING
NOT_SERVING: Final = HealthCheckResponse.NOT_SERVING
SERVICES: Final = (
    *execution_service_pb2.DESCRIPTOR.services_by_name.values(),
    *worker_service_pb2.DESCRIPTOR.services_by_name.values(),
)
READINESS: Final = ("", *(service.full_name for service in SERVICES))


class Health:
    """Keeps the health service's answers true."""

    def __init__(self, store: ExecutionStore) -> None:
        self._store = store
        self.servicer = health.aio.HealthServicer()
        self._ready: bool | None = None
        self._draining = False

    @property
    def is_ready(self) -> bool:
        """Whether new calls should come."""
        return bool(self._ready)

    async def start(self) -> None:
        """Say that the process lives; nothing else is claimed before the store has answered."""
        await self.servicer.set(LIVENESS, SERVING)
        await self._set(ready=False)

    async def run_forever(self) -> None:
        """Ask the store every second."""
        while True:
            await self.run_once()
            await asyncio.sleep(EVERY_SECONDS)

    async def run_once(self) -> None:
        """Ask the store once and say what that means."""
        try:
            await self._store.ping(deadline=asyncio.get_running_loop().time() + PATIENCE_SECONDS)
        except Exception as error:  # whatever it is, a store that cannot be asked cannot serve
            if self._ready:
                log.warning("the store does not answer", extra={"fields": {"error": type(error).__name__}})
            await self._set(ready=False)
        else:
            await self._set(ready=not self._draining)

    async def drain(self) -> None:
        """Say that no new calls should come; for good. The process lives, or it would be killed while it drains."""
        self._draining = True
        await self._set(ready=False)

    async def _set(self, *, ready: bool) -> None:
        if ready == self._ready:
            return
        self._ready = ready
        for name in READINESS:
            await self.servicer.set(name, SERVING if ready else NOT_SERVING)
