"""One attempt, from its assignment to the acknowledgement of its end."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any, Protocol

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import worker_service_pb2 as messages
from google.protobuf.struct_pb2 import Value

from .._json import to_value
from .._model import Progress
from .._problems import ExecutionProblem, InvalidField, TooManyCheckpoints
from .._to_wire import to_progress
from . import tasks, traced
from .failures import JobCancelled, TaskFailure, error_of
from .job import AsyncJob, Job
from .outbox import Answered, Outbox
from .progress import ConflatedProgress
from .refusals import cause_of, is_over

log = logging.getLogger("execution_client.worker")


class Owner(Protocol):
    """Whom an attempt tells how far it is."""

    def stopped(self, attempt: Attempt) -> None:
        """Its task runs no more."""

    def over(self, attempt: Attempt) -> None:
        """It is the worker's no more: its end is settled, or it was lost."""

    def unsettled(self, attempt: Attempt) -> None:
        """It is over and the server takes no word of it: its lease has to run out."""


class Attempt:
    """
    Runs a task for an assignment and reports of it. Of the event loop's thread only.

    Attributes:
        running: whether its task runs.
        muted: nothing more is written of it: its end was reported, or it was lost.
        why_stop: why the task was told to stop; empty while it is to go on.
    """

    def __init__(
        self, assignment: nouns.Execution, task: tasks.Task, outbox: Outbox, interval: float, owner: Owner
    ) -> None:
        """
        Begin.

        Args:
            interval: the least time between two reports of progress, in seconds.
        """
        self.assignment = assignment
        self.id, self.number = assignment.id, assignment.attempts
        self.running, self.muted, self.why_stop = True, False, ""
        self.loop = asyncio.get_running_loop()
        self.progress = ConflatedProgress(self.loop, interval, self._send_progress)
        self._outbox, self._owner = outbox, owner
        self._saving = set[asyncio.Future[None]]()
        self._job = AsyncJob(self) if tasks.is_async(task) else Job(self)
        work = partial(tasks.run, task, self._job)
        self._task = self.loop.create_task(traced.working(assignment, work))
        self._task.add_done_callback(self._stopped)

    def __str__(self) -> str:
        return f"{self.id}, attempt {self.number}"

    def ask_to_stop(self, why: str) -> None:
        """Have the task stop. When it has, the execution is given back, which cancels it if that was requested."""
        if not self.why_stop:
            self._stop(why)

    def lose(self, cause: str) -> None:
        """The attempt is over without the worker's doing: stop the task and write nothing more."""
        if not self.muted:
            log.warning("%s: the lease is lost: %s", self, cause)
            self.drop(f"The lease is lost: {cause}.")

    def drop(self, why: str) -> None:
        """Stop the task and write nothing more."""
        self.muted = True
        self._stop(why)
        for saved in list(self._saving):
            _settle(saved, JobCancelled(why))
        self._owner.over(self)

    def give_back(self) -> None:
        """Give the execution back, although its task has not stopped."""
        if not self.muted:
            log.warning("%s: given back while its task still runs", self)
            self._end(self._report(release=messages.WorkRelease()))

    def keep(self) -> None:
        """Report that it goes on, to see whether the report is answered."""
        self._outbox.add(self._report(), self._kept, repeat=False)

    async def save(self, key: str, value: Value) -> None:
        """Save a checkpoint; returns when it is durable. Raises what AsyncJob.checkpoint says."""
        if self.muted:
            raise JobCancelled(self.why_stop or "The attempt is over.")
        saved: asyncio.Future[None] = self.loop.create_future()

        def answered(problem: ExecutionProblem | None) -> None:
            if problem is not None and is_over(problem):
                self.lose(cause_of(problem))
                _settle(saved, JobCancelled(self.why_stop))
            else:
                _settle(saved, problem)

        self._outbox.add(self._report(checkpoints={key: value}), answered)
        self._saving.add(saved)
        try:
            await saved
        finally:
            self._saving.discard(saved)

    def _send_progress(self, progress: Progress, answered: Answered) -> None:
        def acknowledged(problem: ExecutionProblem | None) -> None:
            self._kept(problem)
            answered(problem)

        if not self.muted:
            self._outbox.add(self._report(progress=to_progress(progress)), acknowledged)

    def _kept(self, problem: ExecutionProblem | None) -> None:
        """A report that does not end the attempt was answered."""
        if problem is not None and is_over(problem):
            self.lose(cause_of(problem))
        elif problem is not None:
            log.warning("%s: a report was refused: %s", self, problem)

    def _stop(self, why: str) -> None:
        """Tell the task; once more, and more urgently, where it was told before and goes on."""
        if self.running:
            self.why_stop = why
            self._job.cancelled.set()
            if isinstance(self._job, AsyncJob):
                self._task.cancel(why)

    def _stopped(self, task: asyncio.Task[object]) -> None:
        self.running = False
        problem = asyncio.CancelledError("It was cancelled.") if task.cancelled() else task.exception()
        if not self.muted:
            self._end(self._success(task.result()) if problem is None else self._failure(problem))
        self._owner.stopped(self)

    def _success(self, result: object) -> messages.WorkReport:
        try:
            value = None if result is None else to_value(result, "result")
        except (TypeError, ValueError) as error:
            log.warning("%s: the result cannot be sent: %s", self, error)
            return self._report(fail=error_of(error, retryable=False))
        return self._report(complete=messages.WorkCompletion(result=value))

    def _failure(self, problem: BaseException) -> messages.WorkReport:
        if isinstance(problem, asyncio.CancelledError | JobCancelled) and self.why_stop:
            return self._report(release=messages.WorkRelease())
        unexpected = not isinstance(problem, TaskFailure)
        log.warning("%s: failed: %s", self, problem, exc_info=problem if unexpected else None)
        return self._report(fail=error_of(problem))

    def _end(self, end: messages.WorkReport) -> None:
        """Report how the attempt ended; a result that is not taken ends it as a failure."""
        self.muted = True
        newest = to_progress(self.progress.take())
        if newest is not None:
            end.progress.CopyFrom(newest)

        def answered(problem: ExecutionProblem | None) -> None:
            if problem is not None:
                log.warning("%s: its end was refused: %s", self, problem)
            if problem is None or is_over(problem):
                self._owner.over(self)
            elif end.HasField("complete"):
                in_vain = isinstance(problem, InvalidField | TooManyCheckpoints)
                self._end_instead(end, problem, retryable=not in_vain)
            else:
                self._owner.unsettled(self)

        try:
            self._outbox.add(end, answered)
        except ValueError as error:  # too large
            self._end_instead(end, error, retryable=False)

    def _end_instead(self, end: messages.WorkReport, why: Exception, *, retryable: bool) -> None:
        """Report a failure where the end cannot be sent or is not taken, with the progress that it would have kept."""
        failure = self._report(fail=error_of(why, retryable=retryable))
        if end.HasField("progress"):
            failure.progress.CopyFrom(end.progress)
        self._end(failure)

    def _report(self, **content: Any) -> messages.WorkReport:
        return messages.WorkReport(id=self.id, attempt=self.number, **content)


def _settle(future: asyncio.Future[None], problem: BaseException | None) -> None:
    """End a future, unless whoever waited for it has gone."""
    if future.done():
        return
    if problem is None:
        future.set_result(None)
    else:
        future.set_exception(problem)
