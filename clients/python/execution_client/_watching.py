"""
What a watch remembers, so that a broken stream can be asked for again without a gap and without a repeat.

Nothing here does I/O: the clients ask for ``request``, feed every message to ``take`` and tell what it answers, and
when a stream has ended ask ``ended`` or ``Resume`` whether to go on. (A stream is cut more often than one may think: by
servers that drain or bound the age of a connection, by proxies, by networks.)
"""

import random
from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

import grpc
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs

from ._checked import checked
from ._from_wire import from_event, from_status, from_watch
from ._model import ExecutionStatus, WatchEvent, WatchMessage
from ._problems import ClientClosed, DeadlineExceeded, ExecutionProblem, Unavailable

_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 5.0
_TRIES: Final = 5
_BROKEN: Final = {
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}
"""How gRPC reports a stream that ended without a status, by what the proxy or the server did to the connection."""
_ACTIVE: Final = {ExecutionStatus.PENDING, ExecutionStatus.RUNNING, ExecutionStatus.RETRYING}

_Message = TypeVar("_Message", contravariant=True)


class Resume:
    """Decides whether to ask again after a problem, and after which pause."""

    def __init__(self) -> None:
        self._failures = 0

    def succeeded(self) -> None:
        """Take note that an answer came: the next pause is short again."""
        self._failures = 0

    def pause_after(self, problem: ExecutionProblem) -> float:
        """
        Answer for how many seconds to wait before asking again: longer each time in a row, with jitter, and not less
        than the server asks for.

        Raises:
            ExecutionProblem: ``problem`` itself, if asking again is of no use. A service that does not answer is asked
                for ever; one whose streams break in some other way, five times in a row.
        """
        self._failures += 1
        if not self._may_pass(problem):
            raise problem
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10))
        asked_for = problem.retry_delay.total_seconds() if problem.retry_delay else 0.0
        return max(longest * random.uniform(0.5, 1), asked_for)

    def _may_pass(self, problem: ExecutionProblem) -> bool:
        if isinstance(problem, ClientClosed):
            return False
        if isinstance(problem, Unavailable | DeadlineExceeded):
            return True
        return problem.code in _BROKEN and not problem.reason and self._failures <= _TRIES


class Watching(Protocol[_Message]):
    """What the two kinds of watch have in common."""

    def request(self) -> object:
        """Answer what to ask for next."""

    def take(self, message: _Message) -> Sequence[WatchMessage]:
        """Take note of a message and answer what is to be told of it."""

    def ended(self) -> bool:
        """Tell whether a stream that ended with OK is the end of the watch."""


class WatchingOne:
    """A watch of one execution. Its cursor is the revision."""

    def __init__(self, id: str, after_revision: int | None, follow: bool, view: nouns.ExecutionView) -> None:
        self._id = id
        self._revision = after_revision
        self._follow = follow
        self._view = view
        self._status: ExecutionStatus | None = None

    def request(self) -> verbs.WatchExecutionRequest:
        """Ask for what comes after the last message."""
        return checked(verbs.WatchExecutionRequest)(
            id=self._id, after_revision=self._revision, follow=self._follow, view=self._view
        )

    def take(self, message: verbs.WatchExecutionResponse) -> Sequence[WatchMessage]:
        """Answer the message, unless it is a bookmark or was told before."""
        if message.HasField("execution"):
            self._status = from_status(message.execution.status)
        elif message.HasField("change"):
            self._status = from_status(message.change.to)
        if self._revision is not None and message.revision <= self._revision:
            return ()
        self._revision = message.revision
        if from_event(message.event) is WatchEvent.BOOKMARK:
            return ()
        return (from_watch(self._id, message),)

    def ended(self) -> bool:
        """
        Tell whether the execution came to rest.

        The server knows best: with ``after_revision`` no message may have told the status, and a newer server may
        have final statuses that are unknown here. Only what is known to be active was cut off.
        """
        return not self._follow and self._status not in _ACTIVE


class WatchingAll:
    """
    A watch of all executions that match a filter. Has no cursor: it knows the revision of each execution instead.

    A stream that is asked for again begins with a snapshot, which is compared with what is known: what has not
    changed is not told again, and what is not in it any more is told as MISSING.
    """

    def __init__(self, filter: verbs.ExecutionFilter, snapshot: bool) -> None:
        self._filter = filter
        self._statuses = set(filter.statuses)
        self._snapshot = snapshot
        self._known: dict[str, int] = {}
        self._unseen: dict[str, int] | None = None

    def request(self) -> verbs.WatchExecutionsRequest:
        """Ask for a snapshot, unless this is the first time and none is wanted, and for the changes from then on."""
        snapshot, self._snapshot = self._snapshot, True
        self._unseen = dict(self._known) if snapshot else None
        return checked(verbs.WatchExecutionsRequest)(filter=self._filter, snapshot=snapshot)

    def take(self, message: verbs.WatchExecutionsResponse) -> Sequence[WatchMessage]:
        """Answer the message, unless it was told before, or is a bookmark that does not end a snapshot."""
        if from_event(message.event) is WatchEvent.BOOKMARK:
            return self._end_of_snapshot(message)
        if self._unseen is not None:
            self._unseen.pop(message.id, None)
        if from_event(message.event) is WatchEvent.DELETED:
            self._known.pop(message.id, None)
        elif message.revision <= self._known.get(message.id, 0):
            return ()
        else:
            self._remember(message)
        return (from_watch(message.id, message),)

    def ended(self) -> bool:
        """Such a watch never ends by itself."""
        return False

    def _remember(self, message: verbs.WatchExecutionsResponse) -> None:
        """
        Keep the revision, or forget the execution if it left the filter: no snapshot will hold it.

        The status is the only part of a filter that an execution can leave.
        """
        self._known[message.id] = message.revision
        status = message.execution.status if message.HasField("execution") else message.change.to
        if self._statuses and status and status not in self._statuses:
            del self._known[message.id]

    def _end_of_snapshot(self, message: verbs.WatchExecutionsResponse) -> Sequence[WatchMessage]:
        if self._unseen is None:
            return ()
        missing = [WatchMessage(id, revision, WatchEvent.MISSING) for id, revision in self._unseen.items()]
        self._unseen = None
        for told in missing:
            del self._known[told.id]
        return (*missing, from_watch(message.id, message))
