"""The verbs of those who have work done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs

from .._checked import checked
from .._from_wire import from_created, from_execution
from .._model import OMITTED, CreatedExecution, Execution, NewExecution, Omitted, Retention, RetryPolicy
from .._to_wire import (
    TimeSpan,
    to_creation,
    to_duration,
    to_metadata,
    to_request_id,
    to_retry_policy,
)
from .calls import AsyncCalls


class AsyncOwner(AsyncCalls):
    """The verbs of those who have work done. Unless they say otherwise they answer the BASIC view."""

    async def create(
        self,
        type: str,
        payload: object = OMITTED,
        *,
        max_attempts: int | None = None,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - the execution's, not this call's
        start_timeout: timedelta | None = None,
        total_timeout: timedelta | None = None,
        retry_policy: RetryPolicy | None = None,
        retention: Retention | None = None,
        scheduled_at: datetime | None = None,
        priority: int | None = None,
        max_crashes: int | None = None,
        idempotency_key: str = "",
        parent_id: str = "",
        metadata: Mapping[str, object] | None = None,
        labels: Mapping[str, str] | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> CreatedExecution:
        """
        Create a pending execution and answer it in full, or the one that holds ``idempotency_key``.

        Args:
            type: what kind of work it is.
            payload: the input, any JSON value. None is JSON null; left out, the execution has no payload.
            max_attempts: how many attempts may be started; None is 3.
            timeout: how long one attempt may take; None is no limit.
            start_timeout: how long it may stay pending; None is no limit.
            total_timeout: how long all attempts and the waiting between them may take; None is no limit.
            retry_policy: when the next attempt comes after a failure; None is the contract's defaults.
            retention: how long the record is kept once it is at rest; None is as the server is set.
            scheduled_at: workers get it not before this; None is at once.
            priority: of what is ready, workers get the lowest first: 0 to 9; None is 5.
            max_crashes: how many workers may be lost with it before it fails; None is 3.
            metadata: free data.

        Raises:
            IdempotencyKeyReused: the key belongs to an execution of another type or payload.
        """
        new = NewExecution(
            type,
            payload,
            max_attempts=max_attempts,
            timeout=timeout,
            start_timeout=start_timeout,
            total_timeout=total_timeout,
            retry_policy=retry_policy,
            retention=retention,
            scheduled_at=scheduled_at,
            priority=priority,
            max_crashes=max_crashes,
            idempotency_key=idempotency_key,
            parent_id=parent_id,
            metadata=metadata,
            labels=labels,
            request_id=request_id,
        )
        response = await self._call(self._stub.CreateExecution, to_creation(new), deadline)
        return from_created(response.execution, response.created)

    async def update(
        self,
        id: str,
        *,
        metadata: Mapping[str, object] | Omitted | None = OMITTED,
        labels: Mapping[str, str] | Omitted | None = OMITTED,
        max_attempts: int | Omitted = OMITTED,
        timeout: timedelta | Omitted | None = OMITTED,  # noqa: ASYNC109 - the execution's, not this call's
        total_timeout: timedelta | Omitted | None = OMITTED,
        retry_policy: RetryPolicy | Omitted | None = OMITTED,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Replace those of the six fields that are given; None clears one.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is completed or cancelled, where only metadata and labels may change.
        """
        new = checked(nouns.Execution)(
            id=id,
            metadata=None if metadata is OMITTED else to_metadata(metadata),
            labels=None if labels is OMITTED else labels,
            max_attempts=None if max_attempts is OMITTED else max_attempts,
            timeout=None if timeout is OMITTED else to_duration(timeout, "timeout"),
            total_timeout=None if total_timeout is OMITTED else to_duration(total_timeout, "total_timeout"),
            retry_policy=None if retry_policy is OMITTED else to_retry_policy(retry_policy),
        )
        given = {
            "metadata": metadata,
            "labels": labels,
            "max_attempts": max_attempts,
            "timeout": timeout,
            "total_timeout": total_timeout,
            "retry_policy": retry_policy,
        }
        request = checked(verbs.UpdateExecutionRequest)(
            execution=new, expected_revision=expected_revision, request_id=to_request_id(request_id)
        )
        request.update_mask.paths.extend(name for name, value in given.items() if value is not OMITTED)
        response = await self._call(self._stub.UpdateExecution, request, deadline)
        return from_execution(response.execution)

    async def delete(
        self,
        id: str,
        *,
        force: bool = False,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> None:
        """
        Remove an execution and its idempotency key; with ``force`` even if it is running or retrying.

        Raises:
            ExecutionNotFound: there is no such execution.
            ExecutionActive: it is running or retrying.
        """
        request = checked(verbs.DeleteExecutionRequest)(
            id=id, force=force, expected_revision=expected_revision, request_id=to_request_id(request_id)
        )
        await self._call(self._stub.DeleteExecution, request, deadline)

    async def cancel(
        self,
        id: str,
        reason: str = "",
        *,
        grace_period: timedelta | None = None,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Pending, running or retrying to cancelled. The reason is kept in ``metadata["cancellationReason"]``.

        On a cancelled execution it changes nothing: the first reason stays.

        Args:
            grace_period: what is running gets this long to stop by itself, and is running in the answer;
                ``cancellation_forced_at`` tells until when. None: none.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: it is completed, failed or timed out.
        """
        request = checked(verbs.CancelExecutionRequest)(
            id=id,
            reason=reason,
            grace_period=to_duration(grace_period, "grace_period"),
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.CancelExecution, request, deadline)
        return from_execution(response.execution)

    async def retry(
        self,
        id: str,
        *,
        additional_attempts: int = 0,
        expected_revision: int | None = None,
        request_id: str | None = None,
        deadline: TimeSpan | None = None,
    ) -> Execution:
        """
        Failed or timed out to retrying: allow the next ``start``. Starts nothing by itself.

        Args:
            additional_attempts: raises ``max_attempts`` by this.

        Raises:
            ExecutionNotFound: there is no such execution.
            InvalidStateTransition: its status cannot be retried.
            MaxRetriesExceeded: no attempts are left.
        """
        request = checked(verbs.RetryExecutionRequest)(
            id=id,
            additional_attempts=additional_attempts,
            expected_revision=expected_revision,
            request_id=to_request_id(request_id),
        )
        response = await self._call(self._stub.RetryExecution, request, deadline)
        return from_execution(response.execution)
