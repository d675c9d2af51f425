"""A worker at work: what it holds, its streams, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub

from .. import _transport_async as transport
from .._problems import ExecutionProblem
from .._settings import Settings
from .attempt import Attempt
from .outbox import Outbox
from .pulse import Pulse, Verdict
from .stream import Stream
from .tasks import Task

if TYPE_CHECKING:
    from .stream import Method

log = logging.getLogger("execution_client.worker")

UNWIND_SECONDS: Final = 2.0
"""How long tasks that are told to stop when the worker stops may take for it."""
FLUSH_SECONDS: Final = 5.0
"""How long a worker that stops waits for its last reports to be acknowledged."""
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_HOPELESS: Final = {
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
}
"""What does not pass: there is no use in coming back."""
_FAILURES_TO_WARN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """What a worker was told; its constructor explains it. Times are in seconds."""

    connection: Settings
    worker_id: str
    concurrency: int
    lease: float
    drain: float
    progress_interval: float


class Running:
    """One run of a worker, on one event loop."""

    def __init__(self, settings: WorkerSettings, tasks: Mapping[str, Task]) -> None:
        self._settings, self._tasks = settings, tasks
        self._channel = transport.open_channel(settings.connection, own_connection=True)
        self._method: Method = WorkerServiceStub(self._channel).Work
        self._loop = asyncio.get_running_loop()
        self._outbox = Outbox()
        self._pulse = Pulse(settings.lease, self._loop.time())
        self._held: dict[tuple[str, int], Attempt] = {}
        self._attempts: set[Attempt] = set()  # those whose task runs, lost ones included
        self._stream: Stream | None = None
        self._failures = 0
        self._draining = asyncio.Event()
        self._ending = asyncio.Event()
        self._changed = asyncio.Event()

    def stop(self) -> None:
        """Take nothing new and end when what runs has ended or was given back; called again, end at once."""
        (self._ending if self._draining.is_set() else self._draining).set()

    async def run(self) -> None:
        """Work until stopped. Raises ExecutionProblem where the service refuses the worker for good."""
        parts = (self._stay_connected(), self._feel_pulse(), self._drain(), self._ending.wait())
        tasks = [asyncio.create_task(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for attempt in tuple(self._attempts):
                attempt.drop("The worker has ended.")
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._channel.close()

    def stopped(self, attempt: Attempt) -> None:
        """See ``Owner``."""
        self._attempts.discard(attempt)
        self._note_change()

    def over(self, attempt: Attempt) -> None:
        """See ``Owner``."""
        self._held.pop((attempt.id, attempt.number), None)
        self._note_change()

    def unsettled(self, attempt: Attempt) -> None:
        """See ``Owner``."""
        self.over(attempt)
        self._reconnect("An attempt is given up.")

    async def _stay_connected(self) -> None:
        """Open one stream after the other; returns when the worker is to stop and has nothing more to say."""
        while not (self._draining.is_set() and self._is_idle()):
            try:
                await self._talk()
            except ExecutionProblem as problem:
                if problem.code in _HOPELESS:
                    raise
                pause = self._pause_after(problem)
                level = logging.INFO if self._failures < _FAILURES_TO_WARN else logging.WARNING
                log.log(level, "the stream has ended (%s); the next one in %.1f s", problem, pause)
                await asyncio.sleep(pause)

    async def _talk(self) -> None:
        stream = Stream(self._method, self._settings.connection.metadata(), self._outbox, self._take)
        self._stream = stream
        self._outbox.send_again()
        self._pulse.reconnected()
        await stream.run(self._hello())

    def _hello(self) -> messages.WorkHello:
        hello = messages.WorkHello(
            worker_id=self._settings.worker_id,
            # A worker that stops goes on with what it holds and takes nothing new.
            types=() if self._draining.is_set() else self._tasks,
            slots=max(self._settings.concurrency, len(self._held)),
            held=[messages.HeldAttempt(id=id_, attempt=attempt) for id_, attempt in self._held],
        )
        hello.lease_duration.FromMilliseconds(round(self._settings.lease * 1000))
        return hello

    def _pause_after(self, problem: ExecutionProblem) -> float:
        """Longer each time in a row, with jitter, and not less than the server asks for."""
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures, 10))
        self._failures += 1
        asked_for = problem.retry_delay.total_seconds() if problem.retry_delay else 0.0
        return max(longest * random.uniform(0.5, 1), asked_for)

    def _take(self, response: messages.WorkResponse) -> None:
        """Do what the server says."""
        self._failures = 0
        self._pulse.heard(self._loop.time())
        for assignment in response.assignments:
            self._begin(assignment)
        for acknowledgement in response.acknowledgements:
            self._outbox.take_acknowledgement(acknowledgement)
        for directive in response.directives:
            self._follow(directive)
        self._note_change()

    def _begin(self, assignment: nouns.Execution) -> None:
        if self._draining.is_set():  # It was under way before the server knew.
            release = messages.WorkRelease()
            report = messages.WorkReport(id=assignment.id, attempt=assignment.attempts, release=release)
            self._outbox.add(report, lambda _: self._note_change())
            return
        task = self._tasks[assignment.type]
        attempt = Attempt(assignment, task, self._outbox, self._settings.progress_interval, self)
        self._held[attempt.id, attempt.number] = attempt
        self._attempts.add(attempt)

    def _follow(self, directive: messages.WorkDirective) -> None:
        attempt = self._held.get((directive.id, directive.attempt))
        match directive.WhichOneof("directive"):
            case "cancel_requested" if attempt is not None:
                log.info("%s: asked to stop: %s", attempt, directive.cancel_requested.reason)
                attempt.ask_to_stop(directive.cancel_requested.reason or "Its cancellation was requested.")
            case "lease_lost" if attempt is not None:
                attempt.lose(directive.lease_lost.cause or "not known why")
            case "drain":
                log.info("the server stops; the worker goes on elsewhere")

    async def _feel_pulse(self) -> None:
        while True:
            await asyncio.sleep(self._pulse.beat)
            held = tuple(self._held.values())
            if not held:
                self._pulse.heard(self._loop.time())  # There is nothing to lose.
                continue
            match self._pulse.judge(self._loop.time()):
                case Verdict.ASK:
                    held[0].keep()
                case Verdict.RECONNECT:
                    self._reconnect("The server does not answer.")
                case Verdict.LOSE:
                    for attempt in held:
                        attempt.lose("the server is not heard any more")
                    self._reconnect("The leases are lost.")

    def _reconnect(self, why: str) -> None:
        """Begin a new stream, which tells the server what is held now: it keeps the leases of that and no more."""
        if self._stream is not None:
            self._stream.give_up(why)

    async def _drain(self) -> None:
        """When the worker is to stop, see to it that what runs ends; returns when it takes too long."""
        await self._draining.wait()
        log.info("the worker stops: %d tasks run", len(self._unfinished()))
        if self._stream is not None:
            self._stream.finish()
        await self._until(lambda: not self._unfinished(), self._settings.drain)
        for attempt in self._unfinished():
            attempt.ask_to_stop("The worker stops.")
        await self._until(lambda: not self._unfinished(), UNWIND_SECONDS)
        for attempt in self._unfinished():
            attempt.give_back()
        await asyncio.sleep(FLUSH_SECONDS)
        log.warning("the worker ends without an answer to its last %d reports", len(self._outbox))

    def _unfinished(self) -> list[Attempt]:
        """The attempts that the worker still has to see to their end."""
        return [attempt for attempt in self._attempts if not attempt.muted]

    def _is_idle(self) -> bool:
        return not self._unfinished() and not self._outbox

    def _note_change(self) -> None:
        """Something has ended or was answered: it may have been the last."""
        self._changed.set()
        if self._draining.is_set() and self._is_idle() and self._stream is not None:
            self._stream.finish()

    async def _until(self, condition: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
