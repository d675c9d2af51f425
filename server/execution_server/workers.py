"""
Several worker processes on one port: start them, keep them running, stop them together.

    execution-server serve --workers 3 ── supervisor ─┬─ execution-server serve   (reuse_port, parent_pid)
                                                      ├─ execution-server serve
                                                      └─ execution-server serve

Each worker is a whole server of its own that shares the port (SO_REUSEPORT) and the store. Workers are started as new
programs, not forked: gRPC's threads do not survive a fork. The supervisor loads neither gRPC nor the store's client. It
passes its settings on in the environment, where they are read as in any other server.

A worker that ends unasked is started again, later each time. One that ends before all of them have ever served would do
so for ever, so then the supervisor gives up.
"""

import dataclasses
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from . import ports, ready
from .backoff import Backoff
from .config import Address, Settings, StartError

__all__ = ["supervise"]

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "execution_server", "serve")
POLL_SECONDS = 0.1
DRAIN_MARGIN_SECONDS = 10.0
"""What a worker may need beyond its own drain: to start being able to stop, and to close the store."""


def supervise(settings: Settings, *, command: Sequence[str] = COMMAND) -> int:
    """
    Run ``settings.workers`` workers until SIGTERM or SIGINT, which they are sent on as SIGTERM to drain.

    Args:
        settings: with the URL of a store that is running.
        command: what a worker is; it finds its settings in the environment.

    Returns:
        The exit status: 0 if every worker ended by itself, 1 if one had to be killed.

    Raises:
        StartError: the port is taken, or the workers do not start.
    """
    with (
        ports.reserved(settings.listen) as address,
        tempfile.TemporaryDirectory(prefix="execution-") as folder,
    ):
        workers = [_Worker(number, Path(folder, str(number))) for number in range(1, settings.workers + 1)]
        shared = dataclasses.replace(
            settings, listen=address, workers=1, reuse_port=True, parent_pid=os.getpid()
        )
        return _Supervisor(settings, shared, workers, command).run()


@dataclass(slots=True)
class _Worker:
    """One place among the workers, and the process that fills it, if any."""

    number: int
    ready_file: Path
    process: subprocess.Popen[bytes] | None = None
    backoff: Backoff = field(default_factory=Backoff)
    began_at: float = 0.0
    """When the latest process was started, in monotonic seconds."""
    due_at: float = 0.0
    """When the next one is to be started, if there is none."""

    def start(self, shared: Settings, command: Sequence[str]) -> None:
        """Start a process in this place. Raises OSError if the machine has no room for one."""
        self.began_at = time.monotonic()
        ready.withdraw(self.ready_file)
        metrics = shared.metrics_listen
        if metrics and metrics.port:
            metrics = Address(metrics.host, metrics.port + self.number - 1)
        own = dataclasses.replace(shared, ready_file=self.ready_file, metrics_listen=metrics)
        # A session of its own keeps Ctrl-C from it: the supervisor passes on what it gets, once.
        self.process = subprocess.Popen(
            command, env={**os.environ, **own.to_environ()}, start_new_session=True
        )


class _Supervisor:
    def __init__(
        self, settings: Settings, shared: Settings, workers: list[_Worker], command: Sequence[str]
    ) -> None:
        self._settings = settings
        self._shared = shared
        self._workers = workers
        self._command = command
        self._all_served = False
        self._stop_requests = 0

    def run(self) -> int:
        before = {number: signal.signal(number, self._note) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._stop_requests:
                self._tend_all()
                time.sleep(POLL_SECONDS)
            return self._drain()
        finally:
            self._kill_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        self._stop_requests += 1

    def _tend_all(self) -> None:
        for worker in self._workers:
            if worker.process is None and time.monotonic() >= worker.due_at:
                self._start(worker)
            elif worker.process and worker.process.poll() is not None:
                self._plan_restart(
                    worker,
                    f"(process {worker.process.pid}) has ended with exit status {worker.process.returncode}",
                )
        if not self._all_served and all(worker.ready_file.exists() for worker in self._workers):
            self._all_served = True
            log.info("%s workers serve on %s.", len(self._workers), self._shared.listen)
            ready.publish(self._settings.ready_file, str(self._shared.listen))

    def _start(self, worker: _Worker) -> None:
        try:
            worker.start(self._shared, self._command)
        except OSError as error:
            self._plan_restart(worker, f"cannot be started: {error.strerror}")

    def _plan_restart(self, worker: _Worker, what: str) -> None:
        if not self._all_served:
            raise StartError(
                f"Worker {worker.number} {what}, before all workers have served. The log says why."
            )
        now = time.monotonic()
        delay = worker.backoff.after(lived_seconds=now - worker.began_at)
        worker.process, worker.due_at = None, now + delay
        log.error("Worker %s %s; starting another one in %.1f s.", worker.number, what, delay)

    def _drain(self) -> int:
        """Have the workers finish their calls, and wait for them. Further signals are passed on too."""
        patience = (
            self._settings.drain_delay + self._settings.drain_grace
        ).total_seconds() + DRAIN_MARGIN_SECONDS
        deadline = time.monotonic() + patience
        log.info("Stopping: waiting up to %.0f s for %s workers to finish.", patience, len(self._running()))
        passed_on = 0
        while running := self._running():
            if passed_on < self._stop_requests:
                passed_on = self._stop_requests
                for process in running:
                    process.terminate()
            if time.monotonic() >= deadline:
                log.error("%s workers have not finished and are killed.", len(running))
                return 1
            time.sleep(POLL_SECONDS)
        log.info("All workers have finished.")
        return 0

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [
            worker.process for worker in self._workers if worker.process and worker.process.poll() is None
        ]

    def _kill_all(self) -> None:
        for process in self._running():
            process.kill()
            process.wait()
