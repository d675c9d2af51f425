"""The verbs of workers that cannot stream. Those that can need none of them: see Worker."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from croco.execution.v1 import worker_service_pb2 as work

from .._checked import checked, expect
from .._from_wire import from_directive, from_execution
from .._model import Directive, Execution
from .._to_wire import TimeSpan, no_text, to_duration, to_request_id, to_seconds
from .calls import AsyncCalls

_WAIT_SECONDS: Final = 20.0
_GRACE_SECONDS: Final = 5.0
"""How much longer than the wait the deadline of a claim is."""


class AsyncLeases(AsyncCalls):
    """The verbs of workers that cannot stream."""

    async def claim(
        self,
        worker_id: str,
        types: Collection[str],
        *,
        max_executions: int = 1,
        lease_duration: timedelta | None = None,
        wait: TimeSpan = _WAIT_SECONDS,
    ) -> tuple[Execution, ...]:
        """
        Start executions that are ready, each under a lease, and answer them in full; none if none came in time.

        Args:
            worker_id: how the worker names itself.
            types: which types it takes, 1 to 20.
            max_executions: how many at most, 1 to 1,000.
            lease_duration: how long it may be silent before others get them; None is 30 s.
            wait: how long to wait for the first, up to 60 s.

        Raises:
            Unavailable: there is no answer. It is not repeated: what it was given comes back when the lease runs out.
        """
        request = checked(work.ClaimExecutionsRequest)(
            worker_id=worker_id,
            types=no_text(types, "types"),
            max_executions=max_executions,
            lease_duration=to_duration(lease_duration, "lease_duration"),
        )
        seconds = to_seconds(wait, "wait")
        request.wait.FromMilliseconds(round(seconds * 1000))
        with self._connection.long_work_call() as stub:
            response = await self._call(stub.ClaimExecutions, request, seconds + _GRACE_SECONDS)
        return tuple(from_execution(execution) for execution in response.executions)

    async def heartbeat(
        self, held: Mapping[str, int], *, deadline: TimeSpan | None = None
    ) -> tuple[Directive, ...]:
        """
        Let leases begin anew, and answer what to do about those that are not simply to go on.

        Args:
            held: the attempt that the worker runs of each execution, by its id; at most 1,000.
        """
        expect(held, Mapping, "held")
        attempts = [checked(work.HeldAttempt)(id=id, attempt=attempt) for id, attempt in held.items()]
        request = work.HeartbeatRequest(held=attempts)
        response = await self._call(self._work_stub.Heartbeat, request, deadline)
        return tuple(from_directive(directive) for directive in response.directives)

    async def release(
        self,
        id: str,
        *,
        delay: timedelta | None = None,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Running to retrying, or to cancelled if that was requested: give an execution back. It costs no attempt.

        Args:
            delay: when others may get it; None is at once.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is not running.
            AttemptFenced: ``attempt`` is over.
        """
        request = checked(work.ReleaseExecutionRequest)(
            id=id,
            delay=to_duration(delay, "delay"),
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._work_stub.ReleaseExecution, request, deadline)
        return from_execution(response.execution)
