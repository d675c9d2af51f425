"""Workers at work in tests: in this process, and in one of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from execution_client import AsyncExecutionClient, Execution, ExecutionStatus, RetryPolicy, Worker

from tests.process.programs import DEADLINE_SECONDS, program

if TYPE_CHECKING:
    import subprocess

AT_ONCE: Final = RetryPolicy(initial_interval=timedelta(0), maximum_interval=timedelta(0))
"""Failed attempts are repeated without a pause."""
PROGRAM: Final = Path(__file__).with_name("worker_program.py")


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    """Let a worker run for as long as the context lasts; yields its ``run``."""
    run = asyncio.create_task(worker.run())
    try:
        yield run
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run


async def eventually(
    client: AsyncExecutionClient, id: str, condition: Callable[[Execution], object], what: str
) -> Execution:
    """The execution as soon as *condition* holds for it; fails the test when it does not in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DEADLINE_SECONDS
    while not condition(execution := await client.get(id)):
        assert loop.time() < deadline, f"waited in vain until {what}: {execution}"
        await asyncio.sleep(0.01)
    return execution


async def comes_to(client: AsyncExecutionClient, id: str, status: ExecutionStatus) -> Execution:
    """The execution as soon as it has *status*."""
    return await eventually(client, id, lambda execution: execution.status == status, f"it is {status}")


async def ended(client: AsyncExecutionClient, id: str) -> Execution:
    """The execution once it is at rest."""
    execution = await client.wait(id, timeout=DEADLINE_SECONDS)
    assert execution.status.at_rest, execution
    return execution


class WorkerProcess:
    """A worker in a process of its own; see worker_program.py for what its tasks do."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def stop_running(self) -> None:
        """What a frozen virtual machine does."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def run_on(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def send(self, number: signal.Signals = signal.SIGTERM) -> None:
        self._process.send_signal(number)

    async def ended(self) -> int:
        """Its exit status."""
        return await asyncio.to_thread(self._process.wait, DEADLINE_SECONDS)


@contextmanager
def worker_process(folder: Path, target: str, kind: str, **options: Any) -> Iterator[WorkerProcess]:
    """A worker for *kind* with *options*, which are those of Worker; it logs into *folder*."""
    log = folder / f"{options['worker_id']}.log"
    log.touch()
    with program(PROGRAM, target, kind, log, json.dumps(options)) as process:
        yield WorkerProcess(process, log)
