"""The systems that are compared: what runs for each, and what it has used."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .. import processes
from ..processes import CORES, DidNotStart, Measured, Store
from . import driving
from .install import NODE_FOLDER, PYTHON, ROOT

HERE: Final = Path(__file__).parent
OWN: Final = (sys.executable, "-m", "benchmarks.peers.own_program")
SAQ: Final = (str(PYTHON), "-m", "benchmarks.peers.saq_program")
CELERY: Final = (str(PYTHON), "-m", "benchmarks.peers.celery_program")
BUFFERS: Final = ("mem_clients_normal", "mem_aof_buffer")
"""Which of the store's figures say how much memory is for traffic."""
BULLMQ: Final = ("node", str(HERE / "bullmq.mjs"))


@dataclass(frozen=True)
class Kind:
    """How a system is run."""

    name: str
    program: tuple[str, ...]
    create: str = "create"
    """The role of who creates."""
    work: str = "work"
    """The role of its worker."""
    has_server: bool = False
    """Whether programs speak to a server of its own, and not to the store."""


KINDS: Final = (
    Kind("the service, batches and a stream", OWN, "create-in-batches", "work-by-stream", has_server=True),
    Kind("the service, single calls and a stream", OWN, "create", "work-by-stream", has_server=True),
    Kind("the service, single calls alone", OWN, "create", "work-by-calls", has_server=True),
    Kind("BullMQ 6.7 (Node.js)", BULLMQ),
    Kind("SAQ 0.26 (asyncio)", SAQ),
    Kind("Celery 5.7 (2 processes)", CELERY),
)
"""The first is what the others are compared with."""


@dataclass
class System:
    """A running system."""

    kind: Kind
    store: Store
    creator: asyncio.subprocess.Process
    parts: dict[str, Measured] = field(default_factory=dict)
    """Its processes, by what they are."""

    async def order(self, count: int, outstanding: int, *, pause_seconds: float = 0.0) -> dict[str, Any]:
        """Have *count* lifecycles done; with a pause before each progress, it is observed. Answers what was said."""
        order = {
            "count": count,
            "outstanding": outstanding,
            "pause_seconds": pause_seconds,
            "observe": pause_seconds > 0,
        }
        assert self.creator.stdin is not None
        self.creator.stdin.write(json.dumps(order).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await _line(self.creator))
        if answer["right"] != count:
            raise RuntimeError(f"{self.kind.name}: {answer['right']} of {count} results are right")
        return answer

    def cpu_seconds(self) -> dict[str, float]:
        """What each part has used so far, its children included."""
        return {
            name: sum(Measured(pid).cpu_seconds() for pid in _family(part.pid))
            for name, part in self.parts.items()
        }

    def store_bytes(self) -> int:
        """What the store holds, without the buffers of its connections and of its file."""
        memory = self.store.information("memory")
        used, *buffers = (int(str(memory[name])) for name in ("used_memory", *BUFFERS))
        return used - sum(buffers)


@asynccontextmanager
async def running(kind: Kind) -> AsyncIterator[System]:
    """A system with an empty store, its programs started; all may run on all cores."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(processes.embedded_store(CORES))
        parts, where = {"store": Measured(store.pid)}, store.url
        if kind.has_server:
            parts["server"] = await stack.enter_async_context(processes.service(store, cores=CORES))
            where = parts["server"].address
        processes.stay_on(CORES)
        worker = await stack.enter_async_context(_program(kind, kind.work, where))
        creator = await stack.enter_async_context(_program(kind, kind.create, where))
        if await _line(creator) != b"ready\n":
            raise DidNotStart(kind.name)
        parts |= {"worker": Measured(worker.pid), "creator": Measured(creator.pid)}
        yield System(kind, store, creator, parts)


@asynccontextmanager
async def _program(kind: Kind, role: str, where: str) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE if role == kind.create else asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *kind.program,
        role,
        where,
        stdin=pipe,
        stdout=pipe,
        cwd=NODE_FOLDER if kind.program is BULLMQ else ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    try:
        yield process
    finally:
        await processes.end(process)


async def _line(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    async with asyncio.timeout(driving.PATIENCE_SECONDS):
        return await process.stdout.readline()


def _family(pid: int) -> Sequence[int]:
    """The process and all its children."""
    children = [
        int(child)
        for path in Path(f"/proc/{pid}/task").glob("*/children")
        for child in path.read_text().split()
    ]
    return [pid, *(one for child in children for one in _family(child))]
