"""The ExecutionService: each method checks, converts, calls and answers. More: ``watch_methods``, ``batch_methods``."""

from __future__ import annotations

from functools import partial
from typing import Any, TypeVar

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution, Progress, Retention

from ..batches import Batches
from ..domain import limits, transitions
from ..manager import Manager
from ..store.port import Part
from ..terms import Decision
from ..watch import Hub
from . import pages, validate
from .batch_methods import BatchMethods
from .calls import Call
from .server_info import ServerInfo
from .templates import template_of
from .values import identity, kept_error
from .views import part_of, present
from .watch_methods import WatchMethods

R = TypeVar("R")


class ExecutionService(WatchMethods, BatchMethods):
    """The methods, named as their RPCs."""

    def __init__(
        self, manager: Manager, batches: Batches, hub: Hub, info: ServerInfo, retention: Retention
    ) -> None:
        """*retention* is for executions whose creator does not say how long they are kept."""
        WatchMethods.__init__(self, manager, hub)
        BatchMethods.__init__(self, batches, retention)
        self._info = info
        self._max_checkpoints = info.limits.checkpoints

    async def GetServerInfo(
        self, request: messages.GetServerInfoRequest, call: Call
    ) -> messages.GetServerInfoResponse:
        return self._info.as_message()

    async def CreateExecution(
        self, request: messages.CreateExecutionRequest, call: Call
    ) -> messages.CreateExecutionResponse:
        validate.create(request)
        template = template_of(request, self._retention)
        template.trace_parent = call.trace_parent
        record, created = await self._manager.create(template, call.terms(request))
        response = messages.CreateExecutionResponse(created=created)
        present(record, response.execution)
        return response

    async def GetExecution(
        self, request: messages.GetExecutionRequest, call: Call
    ) -> messages.GetExecutionResponse:
        validate.get(request)
        part = part_of(request.view, Part.FULL)
        record = await self._manager.get(request.id, part, deadline=call.deadline)
        return _answer(messages.GetExecutionResponse(), record)

    async def GetExecutionByIdempotencyKey(
        self, request: messages.GetExecutionByIdempotencyKeyRequest, call: Call
    ) -> messages.GetExecutionByIdempotencyKeyResponse:
        validate.get_by_key(request)
        part = part_of(request.view, Part.FULL)
        record = await self._manager.get_by_key(request.idempotency_key, part, deadline=call.deadline)
        return _answer(messages.GetExecutionByIdempotencyKeyResponse(), record)

    async def ListExecutions(
        self, request: messages.ListExecutionsRequest, call: Call
    ) -> messages.ListExecutionsResponse:
        validate.list_(request)
        query = pages.query_of(request.filter, request.order_by)
        after_id = pages.after_id(query, request.page_token)
        limit = min(request.page_size or limits.DEFAULT_PAGE_SIZE, limits.PAGE_SIZE)
        part = part_of(request.view, Part.BASIC)
        records, last_id = await self._manager.list(query, after_id, limit, part, deadline=call.deadline)
        response = messages.ListExecutionsResponse()
        response.next_page_token = pages.token(query, pages.fill(response, records, last_id))
        return response

    async def CountExecutions(
        self, request: messages.CountExecutionsRequest, call: Call
    ) -> messages.CountExecutionsResponse:
        validate.count(request)
        counts = await self._manager.count(pages.query_of(request.filter), deadline=call.deadline)
        by_status = [messages.StatusCount(status=status, count=counts[status]) for status in sorted(counts)]
        return messages.CountExecutionsResponse(count=sum(counts.values()), by_status=by_status)

    async def UpdateExecution(
        self, request: messages.UpdateExecutionRequest, call: Call
    ) -> messages.UpdateExecutionResponse:
        validate.update(request)
        fields, paths = request.execution, list(request.update_mask.paths)
        decide = partial(transitions.update, fields=fields, paths=paths)
        terms = call.terms(request)
        record = await self._manager.change(fields.id, decide, terms, Part.BASIC, whole=True)
        return _answer(messages.UpdateExecutionResponse(), record)

    async def DeleteExecution(
        self, request: messages.DeleteExecutionRequest, call: Call
    ) -> messages.DeleteExecutionResponse:
        identity("id", request.id)
        await self._manager.delete(request.id, force=request.force, terms=call.terms(request))
        return messages.DeleteExecutionResponse()

    async def StartExecution(
        self, request: messages.StartExecutionRequest, call: Call
    ) -> messages.StartExecutionResponse:
        identity("id", request.id)
        return await self._change(
            request, call, transitions.start, messages.StartExecutionResponse(), Part.FULL
        )

    async def CompleteExecution(
        self, request: messages.CompleteExecutionRequest, call: Call
    ) -> messages.CompleteExecutionResponse:
        validate.complete(request)
        decide = partial(
            transitions.complete,
            result=request.result if request.HasField("result") else None,
            progress=_progress(request),
            checkpoints=request.checkpoints,
            max_checkpoints=self._max_checkpoints,
        )
        return await self._change(request, call, decide, messages.CompleteExecutionResponse())

    async def FailExecution(
        self, request: messages.FailExecutionRequest, call: Call
    ) -> messages.FailExecutionResponse:
        validate.fail(request)
        decide = partial(
            transitions.fail,
            error=kept_error(request.error),
            progress=_progress(request),
            checkpoints=request.checkpoints,
            max_checkpoints=self._max_checkpoints,
        )
        return await self._change(request, call, decide, messages.FailExecutionResponse())

    async def CancelExecution(
        self, request: messages.CancelExecutionRequest, call: Call
    ) -> messages.CancelExecutionResponse:
        validate.cancel(request)
        grace_ms = request.grace_period.ToMilliseconds()
        decide = partial(transitions.cancel, reason=request.reason, grace_ms=grace_ms)
        return await self._change(request, call, decide, messages.CancelExecutionResponse())

    async def RetryExecution(
        self, request: messages.RetryExecutionRequest, call: Call
    ) -> messages.RetryExecutionResponse:
        validate.retry(request)
        decide = partial(transitions.retry, additional_attempts=request.additional_attempts)
        return await self._change(request, call, decide, messages.RetryExecutionResponse())

    async def TimeOutExecution(
        self, request: messages.TimeOutExecutionRequest, call: Call
    ) -> messages.TimeOutExecutionResponse:
        identity("id", request.id)
        return await self._change(request, call, transitions.time_out, messages.TimeOutExecutionResponse())

    async def UpdateProgress(
        self, request: messages.UpdateProgressRequest, call: Call
    ) -> messages.UpdateProgressResponse:
        validate.update_progress(request)
        decide = partial(transitions.update_progress, progress=request.progress)
        return await self._change(request, call, decide, messages.UpdateProgressResponse())

    async def SaveCheckpoint(
        self, request: messages.SaveCheckpointRequest, call: Call
    ) -> messages.SaveCheckpointResponse:
        validate.save_checkpoint(request)
        decide = partial(
            transitions.save_checkpoint,
            checkpoints=request.checkpoints,
            progress=_progress(request),
            max_checkpoints=self._max_checkpoints,
        )
        return await self._change(request, call, decide, messages.SaveCheckpointResponse())

    async def _change(
        self, request: Any, call: Call, decide: Decision, response: R, part: Part = Part.BASIC
    ) -> R:
        """Have the manager do it, and put the record into the response."""
        return _answer(response, await self._manager.change(request.id, decide, call.terms(request), part))


def _answer(response: R, record: Execution) -> R:
    present(record, response.execution)  # type: ignore[attr-defined]  # every response has one
    return response


def _progress(request: Any) -> Progress | None:
    return request.progress if request.HasField("progress") else None
