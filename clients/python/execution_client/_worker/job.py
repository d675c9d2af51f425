"""What a task is given: the execution that it works on, and how to report of it."""

from __future__ import annotations

import asyncio
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from .._from_wire import from_execution
from .._json import to_value
from .._model import Execution, Progress
from .failures import JobCancelled

if TYPE_CHECKING:
    from .attempt import Attempt


class _Event(Protocol):
    def is_set(self) -> bool: ...

    def set(self) -> None: ...


class _AnyJob:
    """What both kinds of job have in common."""

    cancelled: _Event

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.id = attempt.id
        """The execution's id."""
        self.attempt = attempt.number
        """Which attempt this is: 1 for the first."""

    @cached_property
    def execution(self) -> Execution:
        """The execution as it was when the attempt began, in full."""
        return from_execution(self._attempt.assignment)

    @property
    def payload(self) -> Any:
        """The input, as a plain Python value; None also where there is none."""
        return self.execution.payload

    @cached_property
    def checkpoints(self) -> dict[str, Any]:
        """What this attempt and those before it left behind to go on from."""
        return dict(self.execution.checkpoints)

    def progress(
        self, current: float, total: float = 0, *, message: str = "", percent: float | None = None
    ) -> None:
        """
        Say how far the work is. Costs next to nothing: only the newest is sent, every now and then; the last always is.

        Args:
            current, total: in a unit of your choice, finite and at least 0; a total of 0 is not known.
            message: what is being done, for a person; up to 4 KiB.
            percent: 0 to 100; None leaves it to the service to compute.

        Raises:
            ValueError: an argument is outside its limits.
        """
        self._attempt.progress.put(Progress(current, total, message, percent))

    def raise_if_cancelled(self) -> None:
        """
        Return if the job is to go on.

        Raises:
            JobCancelled: it is to stop. Let it pass: it is no Exception.
        """
        if self.cancelled.is_set():
            raise JobCancelled(self._attempt.why_stop)

    def _keep(self, key: str, value: object) -> None:
        """Take note of what was saved."""
        if value is None:
            self.checkpoints.pop(key, None)
        else:
            self.checkpoints[key] = value


class AsyncJob(_AnyJob):
    """
    What an ``async def`` task is given.

    Attributes:
        cancelled: an asyncio.Event that is set when the job is to stop: somebody asked for its cancellation, the worker
            lost its lease, or the worker itself stops. The task is cancelled at the same moment; it may save a last
            checkpoint in an ``except asyncio.CancelledError``, and must then raise it again.
    """

    cancelled: asyncio.Event

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self.cancelled = asyncio.Event()

    async def checkpoint(self, key: str, value: object) -> None:
        """
        Keep a JSON value under a key, over every failure and retry; None removes the key. It is durable on return.

        Raises:
            TypeError, ValueError: the value cannot be sent.
            JobCancelled: the lease is lost; nothing more is taken.
            ExecutionProblem: the service refuses it, as TooManyCheckpoints or PayloadTooLarge.
        """
        await self._attempt.save(key, to_value(value, key))
        self._keep(key, value)


class Job(_AnyJob):
    """
    What a plain ``def`` task is given, which runs in a thread of its own.

    Attributes:
        cancelled: a threading.Event that is set when the job is to stop: somebody asked for its cancellation, the
            worker lost its lease, or the worker itself stops. Nothing interrupts a thread: look at
            ``cancelled.is_set()``, or call ``raise_if_cancelled``, every now and then.
    """

    cancelled: threading.Event

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(attempt)
        self.cancelled = threading.Event()

    def checkpoint(self, key: str, value: object) -> None:
        """As AsyncJob.checkpoint; blocks until the value is durable."""
        wanted = to_value(value, key)
        if self._attempt.muted:
            raise JobCancelled(self._attempt.why_stop or "The attempt is over.")
        asyncio.run_coroutine_threadsafe(self._attempt.save(key, wanted), self._attempt.loop).result()
        self._keep(key, value)
