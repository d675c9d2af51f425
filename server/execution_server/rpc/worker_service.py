"""The WorkerService: what a worker says becomes changes, what happens to its work becomes messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager, suppress
from functools import partial
from typing import Any, Final

from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution

from ..dispatch import Demand, Dispatcher, Given
from ..domain import leases, limits
from ..domain.problems import AttemptFenced, ExecutionNotFound, ServerDraining, StoreUnavailable
from ..manager import Manager
from ..places import Places
from ..store.port import Part
from ..watch import Hub
from . import validate_work as validate
from .attempts import cancellation, keeping, lost
from .calls import Call
from .holders import Holders
from .parsing import check_parsed
from .views import present
from .work_stream import WorkStream, reading

WAIT_SECONDS: Final = 20.0


class WorkerService:
    """The methods, named as their RPCs."""

    def __init__(
        self, manager: Manager, dispatcher: Dispatcher, hub: Hub, places: Places, max_checkpoints: int
    ) -> None:
        """*places* are those of streams and claims."""
        self.places = places
        self._manager, self._dispatcher, self._hub = manager, dispatcher, hub
        self._max_checkpoints = max_checkpoints
        self.holders = Holders()

    async def Work(self, requests: AsyncIterator[Any], call: Call) -> AsyncIterator[messages.WorkResponse]:
        with self._admitted(call.peer):
            first = await _first(requests, call.deadline)
            check_parsed(first)
            validate.hello(first)
            stream = WorkStream(
                first.hello,
                self._manager,
                self._dispatcher,
                self.holders,
                self._max_checkpoints,
                call.caller,
            )
            responses = stream.run(requests, first.reports, lambda: self._hub.draining)
            async with self._hub.listening(self.holders), aclosing(responses):
                async for response in responses:
                    yield response

    async def ClaimExecutions(
        self, request: messages.ClaimExecutionsRequest, call: Call
    ) -> messages.ClaimExecutionsResponse:
        validate.claim(request)
        with self._admitted(call.peer):
            given = await self._given(request, call)
        response = messages.ClaimExecutionsResponse()
        size = 0
        for record in given:
            size += record.ByteSize()
            if response.executions and size > limits.PAGE_BYTES:
                self._dispatcher.give_back([record])
            else:
                present(record, response.executions.add())
        return response

    async def Heartbeat(self, request: messages.HeartbeatRequest, call: Call) -> messages.HeartbeatResponse:
        validate.heartbeat(request)
        told: dict[int, messages.WorkDirective | None] = {}
        faults: list[Exception] = []

        def done(number: int, outcome: Execution | Exception) -> None:
            match outcome:
                case Execution():
                    told[number] = cancellation(outcome)
                case AttemptFenced() | ExecutionNotFound():
                    told[number] = lost(request.held[number], outcome)
                case _:
                    faults.append(outcome)

        await self._manager.change_all(
            [keeping(held, call.deadline, partial(done, number)) for number, held in enumerate(request.held)]
        )
        if faults:
            raise faults[0]
        directives = (directive for _, directive in sorted(told.items()) if directive is not None)
        return messages.HeartbeatResponse(directives=directives)

    async def ReleaseExecution(
        self, request: messages.ReleaseExecutionRequest, call: Call
    ) -> messages.ReleaseExecutionResponse:
        validate.release(request)
        delay_ms = request.delay.ToMilliseconds()

        def decide(record: Execution, now_ms: int) -> Execution:
            return leases.release(record, delay_ms, now_ms=now_ms)

        response = messages.ReleaseExecutionResponse()
        record = await self._manager.change(request.id, decide, call.terms(request), Part.BASIC)
        present(record, response.execution)
        return response

    @contextmanager
    def _admitted(self, connection: str) -> Iterator[None]:
        """
        Count a stream or a claim in for as long as it lasts.

        Raises:
            QuotaExceeded: the process or the connection has all that it may have.
            ServerDraining: it is too late to begin one.
        """
        if self._hub.draining:
            raise ServerDraining
        with self.places.admitted(connection):
            yield

    async def _given(self, request: messages.ClaimExecutionsRequest, call: Call) -> list[Execution]:
        """Wait for the first that can be had, and take what comes with it; the most urgent and the oldest first."""
        loop = asyncio.get_running_loop()
        seconds = request.wait.ToMilliseconds() / 1000 if request.HasField("wait") else WAIT_SECONDS
        until, latest = min(loop.time() + seconds, call.latest), min(call.deadline, call.latest)
        given: list[Given] = []
        changed = asyncio.Event()

        def give(one: Given | None) -> None:
            given.extend([one] if one is not None else [])
            changed.set()

        demand = Demand(
            request.worker_id,
            tuple(set(request.types)),
            validate.lease_ms(request),
            request.max_executions or 1,
            give,
            actor=call.caller,
        )
        self._dispatcher.add_demand(demand)
        try:
            try:
                # However short the wait, what is ready is looked at.
                while not (given or self._hub.draining) and (
                    loop.time() < until or (not demand.looked and loop.time() < latest)
                ):
                    await _wait(changed, until if demand.looked else max(until, latest))
            finally:
                self._dispatcher.remove_demand(demand)
            while demand.claiming:
                await _wait(changed, call.latest)
        except BaseException:  # nobody waits for the answer any more
            demand.gone = True
            self._dispatcher.give_back(one.record for one in given)
            raise
        if not given and self._hub.draining:
            raise ServerDraining
        if not given and not demand.looked:
            raise StoreUnavailable
        return [one.record for one in sorted(given, key=lambda one: one.turn)]


async def _first(requests: AsyncIterator[Any], until: float) -> Any:
    """The first message; an empty one if none comes in time."""
    nothing = messages.WorkRequest()

    async def read() -> Any:
        return await anext(requests, nothing)

    task = reading(read())
    await asyncio.wait([task], timeout=until - asyncio.get_running_loop().time())
    return task.result() if task.done() else nothing


async def _wait(changed: asyncio.Event, until: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await changed.wait()
    changed.clear()
