"""Each validator lets good streams pass and catches a bad one made by hand: a check that cannot fail checks nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, HistoryEntry
from croco.execution.v1.execution_service_pb2 import WatchEvent, WatchExecutionResponse
from execution_server.domain.status import COMPLETED, PENDING, RETRYING, RUNNING

from tests.watch.validators import (
    BOOKMARK,
    SNAPSHOT,
    STATUS_CHANGED,
    UPDATED,
    VALIDATORS,
    Stream,
    Truth,
    Watch,
    bookmarkable,
    conflated,
    ordered,
    reliable,
    resumable,
    truth_of,
    unique,
    violations,
)


def entry(revision: int, to: ExecutionStatus) -> HistoryEntry:
    return HistoryEntry(revision=revision, to=to)


TRUTH = truth_of(
    [entry(1, PENDING), entry(2, RUNNING), entry(5, RETRYING), entry(6, RUNNING), entry(9, COMPLETED)]
)
"""Between them lie updates."""


def message(
    event: WatchEvent, revision: int, *, change: int = 0, bare: bool = False
) -> WatchExecutionResponse:
    """What a faultless server would send."""
    made = WatchExecutionResponse(revision=revision, event=event)
    if event == STATUS_CHANGED:
        made.change.CopyFrom(TRUTH[change or revision])
    if event != BOOKMARK and not bare:
        led = [one for one in TRUTH if one <= revision]
        status = TRUTH[max(led)].to
        made.execution.CopyFrom(Execution(revision=revision, status=status, status_changes=len(led)))
    return made


def good() -> Watch:
    """Everything that may happen: two breaks, bookmarks, updates left out, status changes sent together."""
    return Watch(
        [
            Stream(None, [message(SNAPSHOT, 1), message(STATUS_CHANGED, 3, change=2), message(BOOKMARK, 3)]),
            Stream(3, []),
            Stream(
                3,
                [
                    message(BOOKMARK, 3),
                    message(STATUS_CHANGED, 5, bare=True),
                    message(STATUS_CHANGED, 6),
                    message(UPDATED, 8),
                ],
            ),
            Stream(8, [message(BOOKMARK, 8), message(STATUS_CHANGED, 9)]),
        ],
        complete=True,
    )


def of(*messages: WatchExecutionResponse, after: int | None = 2, complete: bool = False) -> Watch:
    return Watch([Stream(after, [*messages])], complete)


def test_a_faultless_watch_passes() -> None:
    """A false alarm would be as useless as none."""
    assert violations(good(), TRUTH) == []


def test_a_watch_from_a_future_revision_passes() -> None:
    """It tells nothing up to that revision, and bookmarks stand at it."""
    watch = of(message(BOOKMARK, 7), message(UPDATED, 8), message(STATUS_CHANGED, 9), after=7, complete=True)
    assert violations(watch, TRUTH) == []
    assert violations(of(message(BOOKMARK, 12), after=12, complete=True), TRUTH) == []


def with_record(made: WatchExecutionResponse, **fields: int) -> WatchExecutionResponse:
    """The same with another record."""
    for name, value in fields.items():
        setattr(made.execution, name, value)
    return made


BAD: list[tuple[Callable[[Watch, Truth], list[str]], str, Watch]] = [
    (
        ordered,
        "two status changes swapped",
        of(message(STATUS_CHANGED, 6), message(STATUS_CHANGED, 5, bare=True)),
    ),
    (ordered, "no snapshot", of(message(STATUS_CHANGED, 2), after=None)),
    (ordered, "a second snapshot", of(message(SNAPSHOT, 2), message(SNAPSHOT, 3), after=None)),
    (ordered, "told before it happened", of(message(STATUS_CHANGED, 5, change=6, bare=True))),
    (
        ordered,
        "back in time after a break",
        Watch([Stream(None, [message(SNAPSHOT, 6)]), Stream(6, [message(STATUS_CHANGED, 5, bare=True)])]),
    ),
    (
        unique,
        "told twice in a row",
        of(message(STATUS_CHANGED, 5, bare=True), message(STATUS_CHANGED, 6, change=5)),
    ),
    (unique, "an update told twice", of(message(UPDATED, 3), message(UPDATED, 3))),
    (
        unique,
        "told again after a break",
        Watch([Stream(2, [message(STATUS_CHANGED, 5)]), Stream(5, [message(STATUS_CHANGED, 5)])]),
    ),
    (reliable, "one in the middle missing", of(message(STATUS_CHANGED, 6), message(UPDATED, 7))),
    (reliable, "the last missing", of(message(STATUS_CHANGED, 5), message(STATUS_CHANGED, 6), complete=True)),
    (reliable, "nothing at all", of(complete=True)),
    (
        reliable,
        "invented",
        of(WatchExecutionResponse(revision=4, event=STATUS_CHANGED, change=entry(4, RETRYING))),
    ),
    (
        reliable,
        "lost between two streams",
        Watch([Stream(2, [message(UPDATED, 3)]), Stream(5, [message(STATUS_CHANGED, 6)])]),
    ),
    (resumable, "what was known already", of(message(UPDATED, 2))),
    (resumable, "a gap", of(message(UPDATED, 4), message(UPDATED, 8))),
    (resumable, "a bookmark from before", of(message(BOOKMARK, 1))),
    (
        resumable,
        "not asked for after the last message",
        Watch([Stream(2, [message(UPDATED, 3)]), Stream(5, [message(STATUS_CHANGED, 6)])]),
    ),
    (bookmarkable, "a bookmark ahead of what was told", of(message(UPDATED, 3), message(BOOKMARK, 4))),
    (bookmarkable, "a bookmark that goes back", of(message(UPDATED, 4), message(BOOKMARK, 3))),
    (bookmarkable, "a bookmark behind the start", of(message(BOOKMARK, 1))),
    (conflated, "a status change conflated into an update", of(message(UPDATED, 7))),
    (conflated, "a record of another revision", of(with_record(message(UPDATED, 4), revision=3))),
    (conflated, "a record of another status", of(with_record(message(UPDATED, 4), status=PENDING))),
    (conflated, "a record that knows more changes", of(with_record(message(UPDATED, 4), status_changes=3))),
]


@pytest.mark.parametrize(("check", "name", "watch"), BAD, ids=[name for _, name, _ in BAD])
def test_a_bad_stream_is_caught(check: Callable[[Watch, Truth], list[str]], name: str, watch: Watch) -> None:
    """By the validator whose promise it breaks."""
    assert check(watch, TRUTH), name


@pytest.mark.parametrize("check", VALIDATORS)
def test_every_validator_has_a_bad_stream(check: Callable[[Watch, Truth], list[str]]) -> None:
    """So that a seventh gets one too."""
    assert any(caught is check for caught, _, _ in BAD)
