# Made from ../_async/queries.py by tools/unasync_client.py. Do not edit.
"""The verbs that change nothing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from time import monotonic
from typing import Final

from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs

from .. import _transport_sync as transport
from .._checked import checked
from .._from_wire import from_count, from_execution, from_server_info
from .._model import Count, Execution, ExecutionStatus, Page, ServerInfo, View
from .._problems import ExecutionProblem
from .._to_wire import TimeSpan, to_filter, to_seconds, to_view
from .._watching import Resume
from .calls import SyncCalls

_WAIT_SECONDS: Final = 20.0
"""How long one call of a wait lasts: shorter than what proxies allow a silent call."""
_GRACE_SECONDS: Final = 5.0
"""How much longer the deadline of such a call is."""


class SyncQueries(SyncCalls):
    """The verbs that change nothing."""

    def get(self, id: str, *, view: View | None = None, deadline: TimeSpan | None = None) -> Execution:
        """
        Answer an execution as last committed, in the FULL view by default.

        Raises:
            ExecutionNotFound: there is none.
        """
        return from_execution(self._get(id, view, deadline))

    def _get(self, id: str, view: View | None, deadline: TimeSpan | None) -> nouns.Execution:
        request = checked(verbs.GetExecutionRequest)(id=id, view=to_view(view))
        return (self._call(self._stub.GetExecution, request, deadline)).execution

    def server_info(self, *, deadline: TimeSpan | None = None) -> ServerInfo:
        """Answer what the server is and takes: its version, its store and what that promises, its limits."""
        response = self._call(self._stub.GetServerInfo, verbs.GetServerInfoRequest(), deadline)
        return from_server_info(response)

    def get_by_idempotency_key(
        self, idempotency_key: str, *, view: View | None = None, deadline: TimeSpan | None = None
    ) -> Execution:
        """
        Answer the execution that holds an idempotency key, in the FULL view by default.

        Raises:
            ExecutionNotFound: there is none.
        """
        request = checked(verbs.GetExecutionByIdempotencyKeyRequest)(
            idempotency_key=idempotency_key, view=to_view(view)
        )
        response = self._call(self._stub.GetExecutionByIdempotencyKey, request, deadline)
        return from_execution(response.execution)

    def list(
        self,
        *,
        statuses: Collection[ExecutionStatus] = (),
        types: Collection[str] = (),
        parent_id: str = "",
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        newest_first: bool = True,
        page_size: int = 0,
        view: View | None = None,
        deadline: TimeSpan | None = None,
    ) -> transport.Generated[Execution]:
        """
        Answer all executions that match, in the BASIC view by default, asking for the next page when it is needed.

        Args:
            statuses, types, parent_id: those with one of these; empty is any.
            created_from, created_before: those created in this time; the end is not part of it.
            page_size: how many to ask for at a time; 0 leaves it to the server.
            deadline: of the call for one page.
        """
        token = ""
        while True:
            page = self.list_page(
                statuses=statuses,
                types=types,
                parent_id=parent_id,
                created_from=created_from,
                created_before=created_before,
                newest_first=newest_first,
                page_size=page_size,
                page_token=token,
                view=view,
                deadline=deadline,
            )
            yield from page.executions
            token = page.next_page_token
            if not token:
                return

    def list_page(
        self,
        *,
        statuses: Collection[ExecutionStatus] = (),
        types: Collection[str] = (),
        parent_id: str = "",
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        newest_first: bool = True,
        page_size: int = 0,
        page_token: str = "",
        view: View | None = None,
        deadline: TimeSpan | None = None,
    ) -> Page:
        """
        Answer one page of what ``list`` answers.

        Args:
            page_token: the ``next_page_token`` of the page before, which was asked for with the same filter and order.

        Raises:
            InvalidPageToken: it was not made by this service for this filter and order.
        """
        request = checked(verbs.ListExecutionsRequest)(
            filter=to_filter(statuses, types, parent_id, created_from, created_before),
            page_size=page_size,
            page_token=page_token,
            order_by="created_at desc" if newest_first else "created_at",
            view=to_view(view),
        )
        response = self._call(self._stub.ListExecutions, request, deadline)
        return Page(
            tuple(from_execution(execution) for execution in response.executions), response.next_page_token
        )

    def count(
        self,
        *,
        statuses: Collection[ExecutionStatus] = (),
        types: Collection[str] = (),
        parent_id: str = "",
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        deadline: TimeSpan | None = None,
    ) -> Count:
        """Answer how many executions match, in all and by status. The arguments are those of ``list``."""
        request = verbs.CountExecutionsRequest(
            filter=to_filter(statuses, types, parent_id, created_from, created_before)
        )
        return from_count(self._call(self._stub.CountExecutions, request, deadline))

    def wait(
        self,
        id: str,
        *,
        timeout: TimeSpan | None = None,
        view: View | None = None,
    ) -> Execution:
        """
        Wait until an execution is at rest, and answer it, in the FULL view by default.

        Goes on over lost connections and restarts of the service.

        Args:
            timeout: how long to wait; None is for ever. When it has passed the execution is answered as it is:
                ``execution.status.at_rest`` tells.

        Raises:
            ExecutionNotFound: there is no such execution, or there is no more.
            Unavailable, DeadlineExceeded: the service could not be reached before ``timeout``, give or take 5 s.
        """
        end = None if timeout is None else monotonic() + to_seconds(timeout, "timeout")
        resume = Resume()
        while True:
            left = _WAIT_SECONDS if end is None else max(0.001, min(_WAIT_SECONDS, end - monotonic()))
            try:
                response = self._wait_once(id, left, view)
            except ExecutionProblem as problem:
                pause = resume.pause_after(problem)
                if end is not None and monotonic() + pause >= end:
                    raise
                transport.sleep(pause)
                continue
            resume.succeeded()
            if response.done or (end is not None and monotonic() >= end):
                return from_execution(response.execution)

    def _wait_once(self, id: str, seconds: float, view: View | None) -> verbs.WaitExecutionResponse:
        request = checked(verbs.WaitExecutionRequest)(id=id, view=to_view(view))
        request.timeout.FromMilliseconds(round(seconds * 1000))
        with self._connection.long_call() as stub:
            return self._call(stub.WaitExecution, request, seconds + _GRACE_SECONDS)
