"""The parts of a process that count."""

from __future__ import annotations

from dataclasses import dataclass

from ..manager import Manager
from ..rpc.calls import Calls
from ..rpc.health import Health
from ..rpc.worker_service import WorkerService
from ..store.port import ExecutionStore
from ..sweeper import Sweeper
from ..watch import Hub


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What the metrics are read from."""

    calls: Calls
    health: Health
    hub: Hub
    manager: Manager
    store: ExecutionStore
    sweeper: Sweeper
    workers: WorkerService
