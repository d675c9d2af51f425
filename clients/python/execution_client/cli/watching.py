"""
Reads a watch in a thread of its own, so that the screen goes on while nothing comes.

What is read waits in a queue of bounded length. When it is full the stream is not read, and the server conflates: a
slow terminal costs no memory, here or there.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from queue import Empty, Queue
from typing import Any, Final, Protocol, TypeAlias

from .._model import ExecutionStatus, View, WatchEvent, WatchMessage
from .._sync.client import ExecutionClient
from .hearing import HearingClient, Sign

_PLACES: Final = 256


class Screen(Protocol):
    """Shows what is told."""

    tick: float | None
    """After how many seconds without news it wants to draw; None is never."""

    def tell(self, message: WatchMessage) -> None:
        """Show a message."""

    def lost(self, lost: bool) -> None:
        """Show that the connection was lost, or found again."""

    def draw(self) -> None:
        """Show what the time has changed."""


class _Ended:
    """No more messages come."""


_News: TypeAlias = WatchMessage | Sign | _Ended | Exception


def show(client: HearingClient, messages: Iterable[WatchMessage], screen: Screen) -> ExecutionStatus:
    """
    Show what a watch of ``client`` tells until it ends.

    Returns:
        The status that was told last.

    Raises:
        ExecutionProblem: the watch ended with one.
    """
    queue: Queue[_News] = Queue(_PLACES)
    client.hear = queue.put
    threading.Thread(target=_read, args=(messages, queue), name="watch", daemon=True).start()
    status, lost = ExecutionStatus.UNKNOWN, False
    while True:
        for news in _take(queue, screen.tick):
            if isinstance(news, Exception):
                raise news
            if isinstance(news, _Ended):
                return status
            if lost is not (news is Sign.LOST):
                lost = not lost
                screen.lost(lost)
            if isinstance(news, WatchMessage):
                status = _status_told(news) or status
                screen.tell(news)
        screen.draw()


def watch_one(client: ExecutionClient, id: str, view: View) -> Iterator[WatchMessage]:
    """
    Tell an execution as it is, in ``view``, and then what happens to it.

    The first call fails as every call does where the service cannot be reached; a watch alone would try for ever.
    """
    execution = client.get(id, view=view)
    yield WatchMessage(id, execution.revision, WatchEvent.SNAPSHOT, None, execution)
    if not execution.status.at_rest:
        yield from client.watch(id, after_revision=execution.revision)


def watch_many(client: ExecutionClient, **filter: Any) -> Iterator[WatchMessage]:
    """Tell what happens to all executions that match. As for ``watch_one`` there is a call before the watch."""
    client.count(**filter)
    yield from client.watch_all(**filter)


def _read(messages: Iterable[WatchMessage], queue: Queue[_News]) -> None:
    try:
        for message in messages:
            queue.put(message)
        queue.put(_Ended())
    except Exception as problem:  # raised again where it can be shown
        queue.put(problem)


def _take(queue: Queue[_News], seconds: float | None) -> Iterator[_News]:
    """Wait up to ``seconds`` for news, and answer what there is."""
    try:
        yield queue.get(timeout=seconds)
        for _ in range(_PLACES):  # and no more, however fast it comes: between the news the screen is drawn
            yield queue.get_nowait()
    except Empty:
        return


def _status_told(message: WatchMessage) -> ExecutionStatus | None:
    if message.execution is not None:
        return message.execution.status
    return message.change.to_status if message.change is not None else None
