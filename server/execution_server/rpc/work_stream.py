"""
One worker's stream: what it holds, what it is told.

What is to be told gathers in one response until the one before has been written, so a busy stream sends few and large
messages, and none larger than every client takes. What the worker says together is done together, so it leaves as one
pipeline to the store.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any, Final, TypeVar

from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution

from ..dispatch import Demand, Dispatcher, Given
from ..domain import limits
from ..domain.problems import AttemptFenced, ExecutionNotFound, Problem, ServerDraining, Unexpected
from ..domain.status import RUNNING
from ..manager import Manager
from ..store.port import Change
from ..terms import Mutation
from . import validate_work as validate
from .attempts import cancellation, keeping, lost, refusal, reported
from .holders import Holders
from .parsing import check_parsed
from .views import present

log = logging.getLogger(__name__)

T = TypeVar("T")

REPORT_SECONDS: Final = 10.0
KEEPS_PER_LEASE: Final = 3
UNDER_WAY: Final = limits.HELD
"""While more reports than that are under way nothing more is read from the worker."""
UNSENT: Final = 2
"""The same for responses that the worker does not take."""
OVER: Final = (AttemptFenced, ExecutionNotFound)
"""The problems that mean that a worker has an execution no more."""


def reading(read: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """
    A task that reads from a stream. It ends with the call, and must not be cancelled: gRPC would cancel the call, and
    its caller would not be told how it ended. What it raises when nobody waits for it any more is of no interest.
    """
    task = asyncio.create_task(read)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task


class WorkStream:
    """The server's end of one ``Work`` call."""

    def __init__(
        self,
        hello: messages.WorkHello,
        manager: Manager,
        dispatcher: Dispatcher,
        holders: Holders,
        max_checkpoints: int,
        actor: str,
    ) -> None:
        self._actor = actor
        self._manager, self._dispatcher, self._holders = manager, dispatcher, holders
        self._max_checkpoints = max_checkpoints
        self._lease_ms = validate.lease_ms(hello)
        self._keep_seconds = self._lease_ms / KEEPS_PER_LEASE / 1000
        self._held = {held.id: held.attempt for held in hello.held}
        room = hello.slots - len(self._held)
        self._demand = Demand(
            hello.worker_id, tuple(set(hello.types)), self._lease_ms, room, self._give, actor=actor
        )
        self._ending: set[str] = set()  # the worker reports their end: what happens to them is its own doing
        self._asked_to_stop: set[str] = set()
        self._responses: deque[messages.WorkResponse] = deque()
        self._last_bytes = 0  # of the last of them, about
        self._reports: set[asyncio.Task[None]] = set()
        self._under_way = 0  # reports
        self._woken, self._eased, self._keep = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(
        self,
        requests: AsyncIterator[Any],
        reports: Iterable[messages.WorkReport],
        draining: Callable[[], bool],
    ) -> AsyncGenerator[messages.WorkResponse, None]:
        """Serve the worker until it says no more or the server drains; answers what to tell it."""
        self._holders.streams.add(self)
        for execution_id in self._held:
            self._holders.enter(execution_id, self)
        self._dispatcher.add_demand(self._demand)
        keeper = asyncio.create_task(self._keep_leases())
        reader = reading(self._read(requests, reports))
        reader.add_done_callback(lambda _: self.wake())
        try:
            while True:
                self._woken.clear()
                if self._responses:
                    self._eased.set()
                    yield self._responses.popleft()
                elif draining():
                    yield messages.WorkResponse(directives=[messages.WorkDirective(drain=messages.Drain())])
                    raise ServerDraining
                elif reader.done() and not self._under_way:
                    reader.result()
                    return
                else:
                    await self._woken.wait()
        finally:
            keeper.cancel()
            self._close()

    def slots(self) -> tuple[int, int]:
        """How many slots are busy, and how many are free."""
        return len(self._held), self._demand.room

    def on_change(self, change: Change) -> None:
        """Something happened to an execution that is held here."""
        record, attempt = change.record, self._held[change.id]
        if change.id in self._ending or record.attempts < attempt:
            return  # the worker's own doing, or of before it was given the execution
        if not change.deleted and record.attempts == attempt and record.status == RUNNING:
            self._ask_to_stop(record)
            return
        held = messages.HeldAttempt(id=change.id, attempt=attempt)
        fenced = AttemptFenced(record, attempt)
        if fenced.metadata["cause"] or change.deleted:
            self._lose(held, fenced)
        else:  # how it ended was in a notice before
            self.keep_now()

    def keep_now(self) -> None:
        """Renew all leases at once, which tells what has become of them."""
        self._keep.set()

    def wake(self) -> None:
        """There may be something to tell."""
        self._woken.set()

    def _give(self, one: Given | None) -> None:
        if one is not None:
            record = one.record
            if (before := self._held.get(record.id)) is not None:  # it is over, which nobody has noticed yet
                held = messages.HeldAttempt(id=record.id, attempt=before)
                self._lose(held, AttemptFenced(record, before))
            self._held[record.id] = record.attempts
            self._holders.enter(record.id, self)
            present(record, self._response(record.ByteSize()).assignments.add())

    def _response(self, size: int) -> messages.WorkResponse:
        """The response that *size* bytes more go into; it leaves soon."""
        if not self._responses or self._last_bytes + size > limits.PAGE_BYTES:
            self._responses.append(messages.WorkResponse())
            self._last_bytes = 0
        self._last_bytes += size
        self.wake()
        return self._responses[-1]

    def _forget(self, execution_id: str) -> None:
        """It is held no more: there is room for another."""
        del self._held[execution_id]
        self._asked_to_stop.discard(execution_id)
        self._holders.leave(execution_id, self)
        self._demand.room += 1
        self._dispatcher.make_room()

    def _close(self) -> None:
        self._demand.gone = True
        self._dispatcher.remove_demand(self._demand)
        self._holders.streams.remove(self)
        for execution_id in self._held:
            self._holders.leave(execution_id, self)
        self._held.clear()
        for response in self._responses:
            self._dispatcher.give_back(response.assignments)

    def _lose(self, held: messages.HeldAttempt, problem: Problem) -> None:
        directive = lost(held, problem)
        self._response(directive.ByteSize()).directives.append(directive)
        self._forget(held.id)

    def _ask_to_stop(self, record: Execution) -> None:
        directive = cancellation(record)
        if directive is not None and record.id in self._held and record.id not in self._asked_to_stop:
            self._asked_to_stop.add(record.id)
            self._response(directive.ByteSize()).directives.append(directive)

    async def _read(self, requests: AsyncIterator[Any], reports: Iterable[messages.WorkReport]) -> None:
        self._take(reports)
        async for request in requests:
            check_parsed(request)
            validate.reports(request)
            self._take(request.reports)
            while self._under_way > UNDER_WAY or len(self._responses) > UNSENT:
                self._eased.clear()
                await self._eased.wait()

    def _take(self, reports: Iterable[messages.WorkReport]) -> None:
        """Do what reports say and acknowledge each."""
        deadline = asyncio.get_running_loop().time() + REPORT_SECONDS
        mutations = [one for report in reports if (one := self._mutation(report, deadline)) is not None]
        if mutations:
            task = asyncio.create_task(self._manager.change_all(mutations))
            self._reports.add(task)
            task.add_done_callback(self._reports.discard)

    def _mutation(self, report: messages.WorkReport, deadline: float) -> Mutation | None:
        """What a report asks for; None if it is refused."""
        self._under_way += 1
        is_ending = report.WhichOneof("end") is not None and self._held.get(report.id) == report.attempt
        if is_ending:
            self._ending.add(report.id)

        def done(outcome: Execution | Exception) -> None:
            if is_ending:
                self._ending.discard(report.id)
            self._acknowledge(report, outcome)

        try:
            validate.report_of_work(report)
        except Exception as error:
            done(error)
            return None
        return reported(report, self._max_checkpoints, deadline, self._actor, done)

    def _acknowledge(self, report: messages.WorkReport, outcome: Execution | Exception) -> None:
        """Tell the worker what has become of a report."""
        acknowledgement = messages.WorkAcknowledgement(sequence=report.sequence)
        if isinstance(outcome, Execution):
            acknowledgement.revision = outcome.revision
        else:
            problem = outcome if isinstance(outcome, Problem) else _unexpected(outcome)
            acknowledgement.refusal.CopyFrom(refusal(problem))
        if self._held.get(report.id) == report.attempt:
            ends = report.WhichOneof("end") is not None
            if ends if isinstance(outcome, Execution) else isinstance(outcome, OVER):
                self._forget(report.id)
            elif ends:  # what others did meanwhile was taken for its own doing
                self.keep_now()
        self._response(acknowledgement.ByteSize()).acknowledgements.append(acknowledgement)
        self._under_way -= 1
        self._eased.set()

    async def _keep_leases(self) -> None:
        """An open stream keeps its leases: for as long as it has asked for, whatever they were given with."""
        loop = asyncio.get_running_loop()
        due = loop.time()  # the first time tells what has become of what it held
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._keep.wait()
            self._keep.clear()
            # Counted from here, not from the end: what fails takes all its time, and is tried again at once.
            due = loop.time() + self._keep_seconds
            deadline = loop.time() + min(REPORT_SECONDS, self._keep_seconds)
            held = [messages.HeldAttempt(id=id_, attempt=attempt) for id_, attempt in self._held.items()]
            await self._manager.change_all([self._keeping(one, deadline) for one in held])

    def _keeping(self, held: messages.HeldAttempt, deadline: float) -> Mutation:
        def done(outcome: Execution | Exception) -> None:
            if isinstance(outcome, Execution):
                self._ask_to_stop(outcome)
            elif isinstance(outcome, OVER):
                if self._held.get(held.id) == held.attempt and held.id not in self._ending:
                    self._lose(held, outcome)
            else:
                is_expected = isinstance(outcome, Problem)
                log.log(
                    logging.INFO if is_expected else logging.ERROR,
                    "a lease could not be kept",
                    exc_info=None if is_expected else outcome,
                    extra={"fields": {"id": held.id}},
                )

        return keeping(held, deadline, done, self._lease_ms)


def _unexpected(error: Exception) -> Problem:
    problem = Unexpected(secrets.token_hex(6))
    log.error("a report failed", exc_info=error, extra={"fields": problem.metadata})
    return problem
