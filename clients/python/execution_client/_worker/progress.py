"""
The newest progress of a job, on its way to the service.

A task may say as often as it likes how far it is. What it says replaces what it said before. It is sent when the one
before is acknowledged, and not more often than the worker is set to; what is left in the end leaves with the report of
the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from typing import Final

from .._model import Progress
from .._problems import ExecutionProblem

_MESSAGE_BYTES: Final = 4096

Send = Callable[[Progress, Callable[[ExecutionProblem | None], None]], None]
"""Sends a progress and calls back when it is acknowledged."""


class ConflatedProgress:
    """Holds the newest progress of one job. ``put`` may be called in any thread, all else in the event loop's."""

    def __init__(self, loop: asyncio.AbstractEventLoop, interval: float, send: Send) -> None:
        """
        Args:
            interval: the least time between two that are sent, in seconds.
            send: see ``Send``.
        """
        self._loop, self._interval, self._send = loop, interval, send
        self._newest: Progress | None = None
        self._under_way = False  # from when one is to be sent until it is acknowledged
        self._not_before = 0.0

    def put(self, progress: Progress) -> None:
        """
        Take what the task says.

        Raises:
            ValueError: the service would refuse it.
        """
        _check(progress)
        self._newest = progress
        # Thousands may come before the first is sent: only it wakes the loop.
        if not self._under_way:
            self._under_way = True
            with suppress(RuntimeError):  # The loop is closed: the worker has ended, and this thread has not.
                self._loop.call_soon_threadsafe(self._send_in_time)

    def take(self) -> Progress | None:
        """Answer what was not sent yet, and take it as sent."""
        newest, self._newest = self._newest, None
        return newest

    def _send_in_time(self) -> None:
        self._loop.call_later(max(0.0, self._not_before - self._loop.time()), self._send_newest)

    def _send_newest(self) -> None:
        self._under_way = False  # First this: what a thread puts from now on wakes the loop again.
        newest = self.take()
        if newest is not None:
            self._under_way = True
            self._not_before = self._loop.time() + self._interval
            self._send(newest, self._acknowledged)

    def _acknowledged(self, problem: ExecutionProblem | None) -> None:
        self._under_way = False
        if self._newest is not None and problem is None:
            self._under_way = True
            self._send_in_time()


def _check(progress: Progress) -> None:
    for name, number in (("current", progress.current), ("total", progress.total)):
        if not isfinite(number) or number < 0:
            raise ValueError(f"{name} is {number}; it has to be finite and at least 0.")
    if progress.percent is not None and not 0 <= progress.percent <= 100:
        raise ValueError(f"percent is {progress.percent}; it has to be 0 to 100.")
    if len(progress.message.encode()) > _MESSAGE_BYTES:
        raise ValueError(f"message is longer than {_MESSAGE_BYTES} bytes.")
