"""The verbs of those who do the work: an attempt's start, its end, and what it reports in between."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs

from .._checked import checked
from .._from_wire import from_execution
from .._json import to_struct, to_values
from .._model import OMITTED, Execution, Progress
from .._to_wire import TimeSpan, to_duration, to_optional_value, to_progress, to_request_id
from .calls import AsyncCalls


class AsyncWorker(AsyncCalls):
    """The verbs of those who do the work. Unless they say otherwise they answer the BASIC view."""

    async def start(
        self,
        id: str,
        *,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Pending or retrying to running: begin an attempt, whose number is the answer's ``attempts``.

        Answers the FULL view, checkpoints included, so that the work can go on where it stopped.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it cannot be started; of several that race, one starts.
        """
        request = checked(verbs.StartExecutionRequest)(
            id=id, expected_revision=expected_revision, request_id=to_request_id(request_id)
        )
        response = await self._call(self._stub.StartExecution, request, deadline)
        return from_execution(response.execution)

    async def complete(
        self,
        id: str,
        result: object = OMITTED,
        *,
        progress: Progress | None = None,
        checkpoints: Mapping[str, object] | None = None,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Running to completed.

        Args:
            result: the output, any JSON value. None is JSON null; left out, the execution has no result.
            progress, checkpoints: to keep with the same change.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is not running.
            AttemptFenced: ``attempt`` is over.
        """
        request = checked(verbs.CompleteExecutionRequest)(
            id=id,
            result=to_optional_value(result, "result"),
            progress=to_progress(progress),
            checkpoints=to_values(checkpoints or {}, "checkpoints"),
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.CompleteExecution, request, deadline)
        return from_execution(response.execution)

    async def fail(
        self,
        id: str,
        message: str,
        *,
        retryable: bool,
        code: str = "",
        stack: str = "",
        retry_delay: timedelta | None = None,
        details: Mapping[str, object] | None = None,
        progress: Progress | None = None,
        checkpoints: Mapping[str, object] | None = None,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Running to retrying if ``retryable`` and attempts are left, else to failed: the answer's status tells, and
        ``next_attempt_at`` when the retry policy wants the next attempt.

        Retrying to failed if not ``retryable``: give up.

        Args:
            message: what went wrong, for a person.
            retryable: whether another attempt may succeed.
            code: what went wrong, for a program.
            stack: where it went wrong.
            retry_delay: when to repeat it, this once instead of the retry policy. None: the policy says.
            details: free data.
            progress, checkpoints: to keep with the same change.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is neither running nor retrying.
            AttemptFenced: ``attempt`` is over.
        """
        error = checked(nouns.ExecutionError)(
            message=message,
            code=code,
            stack=stack,
            retryable=retryable,
            retry_delay=to_duration(retry_delay, "retry_delay"),
            details=None if details is None else to_struct(details, "details"),
        )
        request = checked(verbs.FailExecutionRequest)(
            id=id,
            error=error,
            progress=to_progress(progress),
            checkpoints=to_values(checkpoints or {}, "checkpoints"),
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.FailExecution, request, deadline)
        return from_execution(response.execution)

    async def time_out(
        self,
        id: str,
        *,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Running to timed out, for callers who know before the server does that the attempt is lost.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is not running.
            AttemptFenced: ``attempt`` is over.
        """
        request = checked(verbs.TimeOutExecutionRequest)(
            id=id, attempt=attempt, expected_revision=expected_revision, request_id=to_request_id(request_id)
        )
        response = await self._call(self._stub.TimeOutExecution, request, deadline)
        return from_execution(response.execution)

    async def update_progress(
        self,
        id: str,
        current: float,
        total: float,
        *,
        message: str = "",
        percent: float | None = None,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Replace the progress of a running execution. The arguments are those of ``Progress``.

        Raises:
            ExecutionNotFound: there is no such execution.
            ExecutionNotRunning: it is not running.
            AttemptFenced: ``attempt`` is over.
        """
        request = checked(verbs.UpdateProgressRequest)(
            id=id,
            progress=to_progress(Progress(current, total, message, percent)),
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.UpdateProgress, request, deadline)
        return from_execution(response.execution)

    async def save_checkpoint(
        self,
        id: str,
        key: str,
        value: object,
        *,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Keep one JSON value under a key, over every failure and retry; None removes the key.

        Raises: what ``save_checkpoints`` raises.
        """
        return await self.save_checkpoints(
            id,
            {key: value},
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=request_id,
            deadline=deadline,
        )

    async def save_checkpoints(
        self,
        id: str,
        checkpoints: Mapping[str, object],
        *,
        progress: Progress | None = None,
        attempt: int | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Keep several JSON values under their keys, all or none; None removes a key.

        Args:
            progress: to keep with the same change.

        Raises:
            ExecutionNotFound: there is no such execution.
            ExecutionNotRunning: it is not running.
            TooManyCheckpoints: there would be more than there may be.
            AttemptFenced: ``attempt`` is over.
        """
        request = checked(verbs.SaveCheckpointRequest)(
            id=id,
            checkpoints=to_values(checkpoints, "checkpoints"),
            progress=to_progress(progress),
            attempt=attempt,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.SaveCheckpoint, request, deadline)
        return from_execution(response.execution)
