"""What a watch remembers between two streams: pure, so every order of messages can be tried."""

from datetime import timedelta
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import (
    Cancelled,
    ClientClosed,
    DeadlineExceeded,
    ExecutionNotFound,
    ExecutionProblem,
    ServerDraining,
    TooManyWatches,
    Unavailable,
    Unexpected,
)
from execution_client._to_wire import to_filter
from execution_client._watching import Resume, WatchingAll, WatchingOne

PENDING, RUNNING = nouns.EXECUTION_STATUS_PENDING, nouns.EXECUTION_STATUS_RUNNING
RETRYING, FAILED = nouns.EXECUTION_STATUS_RETRYING, nouns.EXECUTION_STATUS_FAILED
COMPLETED = nouns.EXECUTION_STATUS_COMPLETED
SNAPSHOT, UPDATED, BOOKMARK, DELETED = (
    verbs.WATCH_EVENT_SNAPSHOT,
    verbs.WATCH_EVENT_UPDATED,
    verbs.WATCH_EVENT_BOOKMARK,
    verbs.WATCH_EVENT_DELETED,
)


def one(revision: int, event: verbs.WatchEvent, status: Any = RUNNING) -> verbs.WatchExecutionResponse:
    """A message of a watch of one execution."""
    execution = None if event == BOOKMARK else nouns.Execution(id="e1", revision=revision, status=status)
    return verbs.WatchExecutionResponse(revision=revision, event=event, execution=execution)


def overtaken(revision: int, to: nouns.ExecutionStatus) -> verbs.WatchExecutionResponse:
    """A status change that a later message has overtaken: it carries no execution."""
    change = nouns.HistoryEntry(revision=revision, to=to)
    return verbs.WatchExecutionResponse(
        revision=revision, event=verbs.WATCH_EVENT_STATUS_CHANGED, change=change
    )


def some(id: str, revision: int, event: verbs.WatchEvent = SNAPSHOT, status: Any = RUNNING) -> Any:
    """A message of a watch of many executions."""
    without = event in (BOOKMARK, DELETED)
    execution = None if without else nouns.Execution(id=id, revision=revision, status=status)
    return verbs.WatchExecutionsResponse(id=id, revision=revision, event=event, execution=execution)


def told(watching: Any, *messages: Any) -> list[tuple[str, int, str]]:
    """What a watch tells of these messages."""
    return [
        (message.id, message.revision, message.event.value)
        for given in messages
        for message in watching.take(given)
    ]


END = some("", 0, BOOKMARK)
TOLD_END = ("", 0, "bookmark")


def watching_one(after: int | None = None, *, follow: bool = False) -> WatchingOne:
    return WatchingOne("e1", after, follow, nouns.EXECUTION_VIEW_UNSPECIFIED)


def test_a_watch_asks_for_what_came_after_the_last_message() -> None:
    """No gap: the cursor is the last revision that was told, or that a bookmark named."""
    watching = watching_one()
    assert not watching.request().HasField("after_revision")
    watching.take(one(3, SNAPSHOT))
    assert watching.request().after_revision == 3
    watching.take(one(5, BOOKMARK))
    assert watching.request().after_revision == 5


def test_a_watch_tells_nothing_twice_and_no_bookmarks() -> None:
    """No repeat, whatever a server sends."""
    watching = watching_one()
    messages = [one(3, SNAPSHOT), one(3, SNAPSHOT), overtaken(4, RETRYING), one(4, UPDATED), one(6, BOOKMARK)]
    assert told(watching, *messages) == [("e1", 3, "snapshot"), ("e1", 4, "status_changed")]
    assert told(watching, one(6, UPDATED), one(7, UPDATED)) == [("e1", 7, "updated")]


@pytest.mark.parametrize(
    ("messages", "follow", "ended"),
    [
        ([one(1, SNAPSHOT, COMPLETED)], False, True),
        ([one(1, SNAPSHOT, FAILED)], False, True),
        ([one(1, SNAPSHOT, 99)], False, True),
        ([one(1, BOOKMARK)], False, True),
        ([one(1, SNAPSHOT, RUNNING), overtaken(2, COMPLETED)], False, True),
        ([one(1, SNAPSHOT, FAILED), overtaken(2, RETRYING)], False, False),
        ([one(1, SNAPSHOT, PENDING)], False, False),
        ([one(1, SNAPSHOT, COMPLETED)], True, False),
    ],
)
def test_ok_ends_a_watch_unless_the_execution_is_known_to_be_active(
    messages: list[verbs.WatchExecutionResponse], follow: bool, ended: bool
) -> None:
    """A stream that something on the way has ended politely is not the end of the work."""
    watching = watching_one(0, follow=follow)
    for message in messages:
        watching.take(message)
    assert watching.ended() is ended


def watching_all(snapshot: bool = True, statuses: Any = ()) -> WatchingAll:
    return WatchingAll(to_filter(statuses, (), ""), snapshot)


def test_a_new_snapshot_tells_what_changed_and_what_is_missing() -> None:
    """After a lost connection the reader's picture must be right again, without starting from nothing."""
    watching = watching_all()
    assert watching.request().snapshot
    first = told(watching, some("a", 1), some("b", 1), some("c", 1), END, some("d", 1, UPDATED))
    assert first == [
        ("a", 1, "snapshot"),
        ("b", 1, "snapshot"),
        ("c", 1, "snapshot"),
        TOLD_END,
        ("d", 1, "updated"),
    ]
    assert watching.request().snapshot
    second = told(watching, some("a", 1), some("b", 2), some("d", 1), some("e", 1), END)
    assert second == [("b", 2, "snapshot"), ("e", 1, "snapshot"), ("c", 1, "missing"), TOLD_END]
    watching.request()
    assert told(watching, some("a", 1), some("b", 2), some("d", 1), some("e", 1), END) == [TOLD_END]


def test_a_snapshot_that_was_cut_makes_nothing_missing() -> None:
    """What was not sent yet is not gone."""
    watching = watching_all()
    watching.request()
    told(watching, some("a", 1), some("b", 1), END)
    watching.request()
    assert told(watching, some("a", 1)) == []
    watching.request()
    assert told(watching, some("a", 1), some("b", 1), END) == [TOLD_END]


def test_what_was_deleted_or_left_the_filter_was_told_and_is_not_missing() -> None:
    """Told once is enough; and what is remembered must not grow with what is gone."""
    watching = watching_all(statuses=["running", "pending"])
    watching.request()
    messages = [
        some("a", 1),
        some("b", 1),
        some("c", 1),
        END,
        some("a", 2, DELETED),
        some("b", 2, UPDATED, COMPLETED),
    ]
    assert told(watching, *messages)[-2:] == [("a", 2, "deleted"), ("b", 2, "updated")]
    watching.request()
    assert told(watching, some("c", 1), END) == [TOLD_END]


def test_a_watch_without_snapshot_asks_for_one_when_it_was_cut() -> None:
    """Only so nothing that happened in the gap is missed."""
    watching = watching_all(snapshot=False)
    assert not watching.request().snapshot
    assert told(watching, some("a", 4, UPDATED), END) == [("a", 4, "updated")]
    assert watching.request().snapshot
    assert told(watching, some("a", 4), some("b", 1), END) == [("b", 1, "snapshot"), TOLD_END]


def test_idle_bookmarks_are_not_told_and_such_a_watch_never_ends() -> None:
    """A bookmark means the end of a snapshot, to the reader."""
    watching = watching_all()
    watching.request()
    assert told(watching, END, END, END) == [TOLD_END]
    assert not watching.ended()


@pytest.mark.parametrize(
    "problem",
    [
        Unavailable("", code=grpc.StatusCode.UNAVAILABLE),
        ServerDraining("", code=grpc.StatusCode.UNAVAILABLE, reason="SERVER_DRAINING"),
        DeadlineExceeded("", code=grpc.StatusCode.DEADLINE_EXCEEDED),
    ],
)
def test_an_unavailable_service_is_asked_for_ever_with_growing_pauses(problem: ExecutionProblem) -> None:
    """A watch is meant to outlive an outage, without hammering on a service that is coming back."""
    resume = Resume()
    pauses = [resume.pause_after(problem) for _ in range(50)]
    assert 0.05 <= pauses[0] <= 0.1
    assert 2.5 <= min(pauses[10:]) <= max(pauses) <= 5
    resume.succeeded()
    assert resume.pause_after(problem) <= 0.1


def test_the_pause_is_not_shorter_than_the_server_asks_for() -> None:
    """The server knows how long it will take."""
    problem = Unavailable("", code=grpc.StatusCode.UNAVAILABLE, retry_delay=timedelta(seconds=7))
    assert Resume().pause_after(problem) == 7


@pytest.mark.parametrize("code", ["UNKNOWN", "INTERNAL", "CANCELLED"])
def test_a_stream_that_breaks_without_a_status_is_asked_for_a_few_times(code: str) -> None:
    """Proxies reset streams; but what breaks every time is a fault to be seen."""
    problem = ExecutionProblem("Stream removed", code=grpc.StatusCode[code])
    resume = Resume()
    for _ in range(5):
        resume.pause_after(problem)
    with pytest.raises(ExecutionProblem, match="Stream removed"):
        resume.pause_after(problem)
    resume.succeeded()
    resume.pause_after(problem)


@pytest.mark.parametrize(
    "problem",
    [
        ExecutionNotFound("", code=grpc.StatusCode.NOT_FOUND, reason="EXECUTION_NOT_FOUND"),
        TooManyWatches("", code=grpc.StatusCode.RESOURCE_EXHAUSTED, reason="TOO_MANY_WATCHES"),
        Unexpected("", code=grpc.StatusCode.INTERNAL, reason="UNEXPECTED"),
        ExecutionProblem("", code=grpc.StatusCode.UNIMPLEMENTED),
        ClientClosed("", code=grpc.StatusCode.CANCELLED),
    ],
)
def test_what_will_not_pass_is_raised_at_once(problem: ExecutionProblem) -> None:
    """Asking again would hide it."""
    with pytest.raises(type(problem)):
        Resume().pause_after(problem)


def test_a_cancelled_call_alone_is_no_reason_to_stop() -> None:
    """A proxy that gives up on a stream resets it with CANCEL."""
    assert Resume().pause_after(Cancelled("", code=grpc.StatusCode.CANCELLED)) > 0
