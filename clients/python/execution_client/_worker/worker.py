"""The worker's face."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from .._settings import Settings, Tls
from .._to_wire import TimeSpan, to_seconds
from .running import Running, WorkerSettings
from .tasks import Task

_Task = TypeVar("_Task", bound=Task)

_MOST_TYPES: Final = 20
_MOST_AT_A_TIME: Final = 1_000
"""More than one process can keep busy."""
_LEASE_SECONDS: Final = (1.0, 3600.0)


class Worker:
    """
    Does executions: gives each that is ready to the function that is registered for its type.

    ::

        worker = Worker("localhost:50051", concurrency=10)

        @worker.task("resize-images")
        async def resize(job: AsyncJob) -> object:
            for at in range(job.checkpoints.get("next", 0), 100):
                ...
                await job.checkpoint("next", at + 1)
                job.progress(at + 1, 100)
            return {"resized": 100}

        worker.run_sync()

    An ``async def`` function runs on the event loop and is given an AsyncJob; any other runs in a thread and is given a
    Job. What it returns is the result of the execution (None: no result). An exception fails the attempt, and another
    may follow; Retryable and Permanent say more. Lost connections and servers that stop are the worker's business:
    tasks go on as long as their lease holds.
    """

    def __init__(
        self,
        target: str,
        *,
        concurrency: int = 10,
        lease: TimeSpan = timedelta(seconds=30),
        drain: TimeSpan = timedelta(seconds=10),
        progress_interval: TimeSpan = timedelta(milliseconds=200),
        worker_id: str | None = None,
        tls: Tls | None = None,
        token: str | None = None,
    ) -> None:
        """
        Connect when it runs.

        Args:
            target, tls, token: as for AsyncExecutionClient.
            concurrency: how many tasks run at a time, 1 to 1,000.
            lease: how long the worker may be silent before others get what it does, 1 s to 1 h. Tasks are stopped when
                the service was not heard for two thirds of it.
            drain: how long a worker that is to stop lets its tasks go on before it gives them back.
            progress_interval: the least time between two reports of a job's progress.
            worker_id: how the worker names itself; None is made of host and process.

        Raises:
            ValueError: an argument is outside its limits.
        """
        if not 1 <= concurrency <= _MOST_AT_A_TIME:
            raise ValueError(f"concurrency is {concurrency}; it has to be 1 to {_MOST_AT_A_TIME}.")
        if not _LEASE_SECONDS[0] <= to_seconds(lease, "lease") <= _LEASE_SECONDS[1]:
            raise ValueError("lease has to be 1 s to 1 h.")
        if to_seconds(drain, "drain") < 0 or to_seconds(progress_interval, "progress_interval") < 0:
            raise ValueError("drain and progress_interval must not be negative.")
        self._settings = WorkerSettings(
            connection=Settings(target=target, tls=tls, token=token, deadline=10.0, watch_silence=30.0),
            worker_id=worker_id or f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
            concurrency=concurrency,
            lease=to_seconds(lease, "lease"),
            drain=to_seconds(drain, "drain"),
            progress_interval=to_seconds(progress_interval, "progress_interval"),
        )
        self._tasks: dict[str, Task] = {}
        self._running: Running | None = None

    def task(self, type: str) -> Callable[[_Task], _Task]:
        """
        Register the decorated function for executions of a type. It stays as it is.

        Raises:
            TypeError: there is no type, as in a bare ``@worker.task``, which would register nothing.
            ValueError: the type has a function already, or there are more than 20 types.
        """
        if not isinstance(type, str):
            raise TypeError('task takes the type of executions, as in @worker.task("resize-images").')

        def register(function: _Task) -> _Task:
            if type in self._tasks:
                raise ValueError(f"The type {type!r} has a function already.")
            if len(self._tasks) == _MOST_TYPES:
                raise ValueError(f"A worker takes at most {_MOST_TYPES} types.")
            self._tasks[type] = function
            return function

        return register

    async def run(self) -> None:
        """
        Work until ``stop`` is called. When this is cancelled, tasks are stopped and their leases run out.

        Raises:
            RuntimeError: it runs already, or no task is registered.
            ExecutionProblem: the service refuses the worker for good, as CredentialsInvalid.
        """
        if self._running is not None:
            raise RuntimeError("The worker runs already.")
        if not self._tasks:
            raise RuntimeError("The worker has no tasks: register some with @worker.task(type).")
        self._running = Running(self._settings, dict(self._tasks))
        try:
            await self._running.run()
        finally:
            self._running = None

    def stop(self) -> None:
        """
        Have ``run`` end: take nothing new, let tasks go on for ``drain``, give back those that still run then. Called
        again: end at once. Call it in the thread of ``run``; where nothing runs it does nothing.
        """
        if self._running is not None:
            self._running.stop()

    def run_sync(self) -> None:
        """
        As ``run``, blocking, for a program that does nothing else. SIGTERM and SIGINT stop it as ``stop`` does.

        Of the main thread only: others get no signals.
        """
        asyncio.run(self._run_until_signal())

    async def _run_until_signal(self) -> None:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            # Not the loop's own: Windows has none.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(self.stop))
        try:
            await self.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
