"""
What a watch promises, as six checks of what was recorded. Each answers its violations in words; none means it holds.

A watch may span several streams, since streams break and are asked for again. The checks hold what they brought against
``truth``: all status changes of the execution, the first with revision 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from croco.execution.v1.execution_pb2 import HistoryEntry
from croco.execution.v1.execution_service_pb2 import WatchEvent, WatchExecutionResponse

SNAPSHOT: Final = WatchEvent.WATCH_EVENT_SNAPSHOT
STATUS_CHANGED: Final = WatchEvent.WATCH_EVENT_STATUS_CHANGED
UPDATED: Final = WatchEvent.WATCH_EVENT_UPDATED
BOOKMARK: Final = WatchEvent.WATCH_EVENT_BOOKMARK

Truth = Mapping[int, HistoryEntry]
"""revision -> status change."""


@dataclass
class Stream:
    """One stream, as it was asked for and as it was read."""

    after_revision: int | None
    messages: list[WatchExecutionResponse] = field(default_factory=list)

    @property
    def start(self) -> int | None:
        """The revision after which it tells everything; None if not even the snapshot was read."""
        if self.after_revision is not None:
            return self.after_revision
        return self.messages[0].revision if self.messages else None

    @property
    def cursor(self) -> int | None:
        """The revision to go on after."""
        return self.messages[-1].revision if self.messages else self.after_revision


@dataclass
class Watch:
    """All streams of one watch, each asked for after the last revision of those before."""

    streams: list[Stream] = field(default_factory=list)
    complete: bool = False
    """Whether it was read until the execution would not change any more."""

    @property
    def messages(self) -> Iterator[WatchExecutionResponse]:
        """Of all streams."""
        return (message for stream in self.streams for message in stream.messages)

    @property
    def changes(self) -> list[HistoryEntry]:
        """The status changes that were told, in that order."""
        return [message.change for message in self.messages if message.event == STATUS_CHANGED]

    @property
    def start(self) -> int | None:
        """The revision after which it tells everything, None while that is not known."""
        return next((stream.start for stream in self.streams if stream.start is not None), None)


def ordered(watch: Watch, truth: Truth) -> list[str]:
    """Revisions go up, a snapshot comes first where one was asked for and nowhere else, and nothing comes early."""
    wrong, last = [], 0
    for stream in watch.streams:
        for number, message in enumerate(stream.messages):
            if (message.event == SNAPSHOT) != (number == 0 and stream.after_revision is None):
                wrong.append(f"message {number} after {stream.after_revision} is {_name(message)}")
            if message.revision < last:
                wrong.append(f"{_name(message)} comes after revision {last}")
            if message.event == STATUS_CHANGED and not last < message.change.revision <= message.revision:
                wrong.append(f"{_name(message)} tells of revision {message.change.revision} after {last}")
            last = max(last, message.revision)
    return wrong


def unique(watch: Watch, truth: Truth) -> list[str]:
    """No status change is told twice, and no revision is, but by a bookmark."""
    told = [message.revision for message in watch.messages if message.event != BOOKMARK]
    changes = [change.revision for change in watch.changes]
    return [f"revision {one} is told again" for one in _repeated(told)] + [
        f"the status change at revision {one} is told again" for one in _repeated(changes)
    ]


def reliable(watch: Watch, truth: Truth) -> list[str]:
    """Every status change after the start was told, up to where the watch came, and each as it is in the history."""
    told = {change.revision: change for change in watch.changes}
    wrong = [f"the status change at {one} never happened so" for one in told if truth.get(one) != told[one]]
    if watch.start is not None:
        last = max((message.revision for message in watch.messages), default=watch.start)
        end = max(truth) if watch.complete else last
        wrong += [
            f"the status change at {one} is missing"
            for one in truth
            if watch.start < one <= end and one not in told
        ]
    return wrong


def resumable(watch: Watch, truth: Truth) -> list[str]:
    """A stream that was asked for after a revision brings what came after it: nothing else, and without a gap."""
    wrong, cursor = [], watch.streams[0].after_revision if watch.streams else None
    for stream in watch.streams:
        if stream.after_revision != cursor:
            wrong.append(f"asked for what came after {stream.after_revision}, not {cursor}")
        for message in stream.messages:
            first = stream.after_revision
            if first is not None and message.revision < first + (message.event != BOOKMARK):
                wrong.append(f"{_name(message)} after {first}")
        told = {message.change.revision for message in stream.messages if message.event == STATUS_CHANGED}
        between = [one for one in truth if (stream.start or 0) < one <= (stream.cursor or 0)]
        wrong += [f"the stream after {stream.start} left out {one}" for one in between if one not in told]
        cursor = stream.cursor
    return wrong


def bookmarkable(watch: Watch, truth: Truth) -> list[str]:
    """A bookmark says where the reader stands: not ahead of what was told, never behind."""
    wrong = []
    for stream in watch.streams:
        stands = stream.after_revision or 0
        for message in stream.messages:
            if message.event != BOOKMARK:
                stands = message.revision
            elif message.revision != stands:
                wrong.append(f"a bookmark at {message.revision} for a reader at {stands}")
    return wrong


def conflated(watch: Watch, truth: Truth) -> list[str]:
    """What is left out is updates only: each record is as the status changes that were told have left it."""
    wrong = []
    for message in watch.messages:
        record = message.execution
        if message.event == BOOKMARK or (
            message.event == STATUS_CHANGED and not message.HasField("execution")
        ):
            continue
        led = [one for one in truth if one <= message.revision]
        if record.revision != message.revision:
            wrong.append(f"{_name(message)} carries revision {record.revision}")
        elif record.status_changes != len(led) or record.status != truth[max(led)].to:
            wrong.append(f"{_name(message)} does not have the status that the history gives it")
    for stream in watch.streams:
        stands = stream.after_revision
        for message in stream.messages:
            hidden = stands is not None and any(stands < one <= message.revision for one in truth)
            if message.event == UPDATED and hidden:
                wrong.append(f"{_name(message)} hides a status change after {stands}")
            stands = message.revision
    return wrong


VALIDATORS: Final[tuple[Callable[[Watch, Truth], list[str]], ...]] = (
    ordered,
    unique,
    reliable,
    resumable,
    bookmarkable,
    conflated,
)


def violations(watch: Watch, truth: Truth) -> list[str]:
    """What all six find wrong."""
    return [f"{check.__name__}: {wrong}" for check in VALIDATORS for wrong in check(watch, truth)]


def truth_of(*histories: list[HistoryEntry]) -> dict[int, HistoryEntry]:
    """The truth from records that were read at different times, for executions that outlive their history."""
    return {entry.revision: entry for history in histories for entry in history}


def _repeated(numbers: list[int]) -> list[int]:
    return sorted({one for one in numbers if numbers.count(one) > 1})


def _name(message: WatchExecutionResponse) -> str:
    return f"{WatchEvent.Name(message.event).removeprefix('WATCH_EVENT_')} {message.revision}"
