"""The verbs that go on telling."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc

from .. import _transport_async as transport
from .._model import ExecutionStatus, View, WatchMessage
from .._problems import ExecutionProblem, Unavailable
from .._to_wire import to_filter, to_view
from .._watching import Resume, Watching, WatchingAll, WatchingOne
from .calls import AsyncCalls

_Message = TypeVar("_Message")


class AsyncWatches(AsyncCalls):
    """The verbs that go on telling."""

    def watch(
        self,
        id: str,
        *,
        after_revision: int | None = None,
        follow: bool = False,
        view: View | None = None,
    ) -> transport.Generated[WatchMessage]:
        """
        Tell what happens to an execution until it is at rest, in the BASIC view by default.

        First comes a SNAPSHOT (or, with ``after_revision``, what came after it), then every status change once, in
        order of revisions; of other changes the newest. Lost connections and restarts of the service are bridged
        without a gap and without a repeat, for as long as it takes. Closing the iterator ends the call.

        Args:
            after_revision: the revision of the last message of an earlier watch.
            follow: stay when the execution comes to rest: a retry may revive it.

        Raises:
            ExecutionNotFound: there is no such execution, or there is no more.
            WatchRevisionCompacted: the history does not reach back to the revision; watch again without one.
            TooManyWatches: the server takes no more.
        """
        watching = WatchingOne(id, after_revision, follow, to_view(view))
        return self._watch(watching, lambda stub: stub.WatchExecution)

    def watch_all(
        self,
        *,
        statuses: Collection[ExecutionStatus] = (),
        types: Collection[str] = (),
        parent_id: str = "",
        snapshot: bool = True,
    ) -> transport.Generated[WatchMessage]:
        """
        Tell what happens to all executions that match, in the BASIC view, for ever.

        With ``snapshot`` each comes as it is, then one BOOKMARK, then the changes. A lost connection is bridged by
        a new snapshot: what has changed in the meantime comes as SNAPSHOT (status changes that another has overtaken
        are not told), what does not match any more or was deleted as MISSING, then another BOOKMARK. Without
        ``snapshot`` that new one tells also what never changed: the client did not know it.

        Args:
            statuses, types, parent_id: those with one of these; empty is any.

        Raises:
            TooManyWatches: the server takes no more, or the messages were not read fast enough; watch again.
        """
        watching = WatchingAll(to_filter(statuses, types, parent_id), snapshot)
        return self._watch(watching, lambda stub: stub.WatchExecutions)

    async def _watch(
        self,
        watching: Watching[_Message],
        method: Callable[[transport.Stub], transport.StreamMethod[Any, _Message]],
    ) -> transport.Generated[WatchMessage]:
        resume = Resume()
        while True:
            try:
                with self._stream(watching, method) as stream:
                    while (message := await stream.read()) is not None:
                        resume.succeeded()
                        for told in watching.take(message):
                            yield told
                if watching.ended():
                    return
                problem: ExecutionProblem = Unavailable(
                    "The stream ended early.", code=grpc.StatusCode.UNAVAILABLE
                )
            except ExecutionProblem as lost:
                problem = lost
            await transport.sleep(resume.pause_after(problem))

    @contextmanager
    def _stream(
        self,
        watching: Watching[_Message],
        method: Callable[[transport.Stub], transport.StreamMethod[Any, _Message]],
    ) -> Iterator[transport.Stream[_Message]]:
        with self._connection.long_call() as stub:
            stream = transport.Stream(
                method(stub), watching.request(), self._settings.watch_silence, self._settings.metadata()
            )
            try:
                yield stream
            finally:
                stream.cancel()
