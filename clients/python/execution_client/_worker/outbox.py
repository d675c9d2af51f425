"""
What the worker has reported and nobody has acknowledged yet.

A report is sent in order, and again after a broken stream, until it is acknowledged. By its ``request_id`` the service
knows a repeat, so neither a lost report nor a lost acknowledgement changes what happens: each has its effect once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from croco.execution.v1 import worker_service_pb2 as messages

from .._problems import ExecutionProblem
from .refusals import may_pass, problem_of

REPORTS_PER_MESSAGE: Final = 1_000
BYTES_PER_MESSAGE: Final = 3 * 1024 * 1024
"""The service takes messages of 4 MiB. One report is never near that: what is in it has limits of its own."""
PAUSE_SECONDS: Final = 0.5
"""How long to wait before a report is repeated that was refused for something that passes."""

Answered = Callable[[ExecutionProblem | None], None]
"""Is called once, with None when the report was taken and else with why it was not."""


@dataclass(slots=True)
class _Entry:
    report: messages.WorkReport
    answered: Answered
    repeat: bool


class Outbox:
    """Holds the reports of one worker. Of the event loop's thread only."""

    def __init__(self) -> None:
        self._name = str(uuid4())
        self._last = 0
        self._entries: dict[int, _Entry] = {}  # in the order in which they were added
        self._to_send: deque[int] = deque()
        self._woken = asyncio.Event()

    def __len__(self) -> int:
        """How many reports wait for their acknowledgement."""
        return len(self._entries)

    def add(self, report: messages.WorkReport, answered: Answered, *, repeat: bool = True) -> None:
        """
        Have a report sent.

        Args:
            report: without sequence and request id, which it gets here.
            repeat: whether to send it again after a broken stream; else it is forgotten without an answer.

        Raises:
            ValueError: it is larger than the service takes.
        """
        size = report.ByteSize()
        if size > BYTES_PER_MESSAGE:
            raise ValueError(f"The report has {size} bytes; the limit is {BYTES_PER_MESSAGE}.")
        self._last += 1
        report.sequence = self._last
        report.request_id = f"{self._name}-{self._last}"
        self._entries[self._last] = _Entry(report, answered, repeat)
        self._to_send.append(self._last)
        self.wake()

    def take(self) -> messages.WorkRequest | None:
        """Answer a message of all that has gathered, as far as one message holds it; None if there is nothing."""
        request = messages.WorkRequest()
        size = 0
        while self._to_send and len(request.reports) < REPORTS_PER_MESSAGE:
            entry = self._entries.get(self._to_send[0])
            if entry is not None:
                size += entry.report.ByteSize()
                if request.reports and size > BYTES_PER_MESSAGE:
                    break
                request.reports.append(entry.report)
            self._to_send.popleft()
        return request if request.reports else None

    async def filled(self) -> None:
        """Wait until ``take`` may answer something, or ``wake`` was called."""
        await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        """Let ``filled`` return."""
        self._woken.set()

    def send_again(self) -> None:
        """The stream broke: whatever is not acknowledged has to be sent on the next one."""
        for sequence in [sequence for sequence, entry in self._entries.items() if not entry.repeat]:
            del self._entries[sequence]
        self._to_send = deque(self._entries)
        self.wake()

    def take_acknowledgement(self, acknowledgement: messages.WorkAcknowledgement) -> None:
        """Tell whoever made the report, or repeat it if it was refused for something that passes."""
        entry = self._entries.get(acknowledgement.sequence)
        if entry is None:
            return  # It was sent twice, and this is the second answer.
        problem = problem_of(acknowledgement.refusal) if acknowledgement.HasField("refusal") else None
        if problem is not None and entry.repeat and may_pass(problem):
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self._repeat, acknowledgement.sequence)
            return
        del self._entries[acknowledgement.sequence]
        entry.answered(problem)

    def _repeat(self, sequence: int) -> None:
        if sequence in self._entries and sequence not in self._to_send:
            self._to_send.append(sequence)
            self.wake()
