"""Watchers that come back after every break, as a client should, and write down what they read."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import execution_client
import grpc
from croco.execution.v1 import execution_pb2
from croco.execution.v1 import execution_service_pb2 as api
from execution_client import AsyncExecutionClient, WatchMessage, WatchRevisionCompacted

from tests.watch.served import Refusal
from tests.watch.traffic import PASSING, Servers, Subject
from tests.watch.validators import BOOKMARK, Stream, Watch, violations

COMPACTED: Final = "WATCH_REVISION_COMPACTED"


class Watcher:
    """
    One watch of one subject.

    Attributes:
        watches: what was read. More than one where the history did not reach back and it had to begin anew.
        breaks: how often its streams broke, by reason.
    """

    def __init__(
        self, servers: Servers, subject: Subject, dice: random.Random, *, slow: Callable[[], bool]
    ) -> None:
        self._servers, self._subject, self._dice, self._slow = servers, subject, dice, slow
        self._purpose = 2 if slow() else 1
        self.watches: list[Watch] = []
        self.breaks = Counter[str]()
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Begin with a snapshot or a revision of the past, present or future, and watch until nothing more comes."""
        now = self._subject.record.revision
        cursor = self._dice.choice(
            [None, None, 0, self._dice.randint(0, now), now, now + self._dice.randint(1, 20)]
        )
        follow = self._dice.random() < 0.5
        watch = self._anew()
        while not (self._subject.rests and cursor is not None and cursor >= self._subject.record.revision):
            stream = Stream(cursor)
            watch.streams.append(stream)
            refusal = await self._read(stream, follow)
            cursor = stream.cursor
            if refusal is not None and refusal.reason == COMPACTED:
                self._check_compacted(refusal, cursor)
                watch, cursor = self._anew(), None
            elif refusal is not None and refusal.code not in PASSING:
                self.wrong.append(f"the stream ended with {refusal}")
                return
            # A server that has just gone is not asked again at once; and what rests may be revived soon.
            await asyncio.sleep(self._dice.uniform(0, 0.2))
        watch.complete = True

    def violations(self) -> list[str]:
        """What all six validators find wrong, and whether it never came to the end."""
        wrong = [one for watch in self.watches for one in violations(watch, self._subject.truth)]
        if not self.watches[-1].complete:
            wrong.append(
                f"stands at {self.watches[-1].streams[-1].cursor} of {self._subject.record.revision}"
            )
        return self.wrong + wrong

    @property
    def messages(self) -> int:
        """How many were read."""
        return sum(len(stream.messages) for watch in self.watches for stream in watch.streams)

    def _anew(self) -> Watch:
        self.watches.append(Watch())
        return self.watches[-1]

    def _start(self, now: int) -> int | None:
        return self._dice.choice(
            [None, None, 0, self._dice.randint(0, now), now, now + self._dice.randint(1, 20)]
        )

    async def _read(self, stream: Stream, follow: bool) -> Refusal | None:
        """Read until the stream ends or nothing more can come; what it ended with, None if with OK or by us."""
        cursor = stream.after_revision
        request = api.WatchExecutionRequest(id=self._subject.record.id, after_revision=cursor, follow=follow)
        call = self._servers.stub(self._purpose).WatchExecution(request)
        reading = asyncio.ensure_future(call.read())
        try:
            while True:
                await asyncio.wait([reading], timeout=0.5)
                if not reading.done():
                    if self._subject.rests and (stream.cursor or 0) >= self._subject.record.revision:
                        return None
                    continue
                message = reading.result()
                if message is grpc.aio.EOF:
                    return None
                stream.messages.append(message)
                await self._dawdle()
                reading = asyncio.ensure_future(call.read())
        except grpc.aio.AioRpcError as error:
            refusal = Refusal.of(error.code(), error.trailing_metadata())
            self.breaks[refusal.reason or error.code().name] += 1
            return refusal
        finally:
            call.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _dawdle(self) -> None:
        if self._slow():
            await asyncio.sleep(self._dice.uniform(0, 1))

    def _check_compacted(self, refusal: Refusal, cursor: int | None) -> None:
        oldest = int(refusal.metadata["oldestRevision"])
        if cursor is None or cursor >= oldest - 1:
            self.wrong.append(f"refused to go on after {cursor} with a history from {oldest}")


class ClientWatcher(Watcher):
    """The same through the Python client, which bridges the breaks by itself and keeps bookmarks to itself."""

    def _start(self, now: int) -> int | None:
        return self._dice.choice([None, 0, self._dice.randint(0, now), now])

    async def _read(self, stream: Stream, follow: bool) -> Refusal | None:
        async with AsyncExecutionClient(self._servers.address()) as client:
            watching = client.watch(self._subject.record.id, after_revision=stream.after_revision)
            try:
                async for told in watching:
                    stream.messages.append(as_sent(told))
                    await self._dawdle()
            except WatchRevisionCompacted as problem:
                metadata = {"oldestRevision": str(problem.oldest_revision)}
                return Refusal(grpc.StatusCode.OUT_OF_RANGE, COMPACTED, metadata, False)
        return None


class WatcherOfAll:
    """Watches all subjects at once, and begins with a new snapshot after every break."""

    def __init__(self, servers: Servers, subjects: list[Subject], dice: random.Random) -> None:
        self._servers, self._dice = servers, dice
        self._subjects = {subject.record.id: subject for subject in subjects}
        self._streams: list[dict[str, Stream]] = []
        self.wrong: list[str] = []

    async def run(self) -> None:
        """Watch until nothing more comes."""
        while not self._is_complete():
            call = self._servers.stub(1).WatchExecutions(
                api.WatchExecutionsRequest(filter=api.ExecutionFilter(types=["faults"]), snapshot=True)
            )
            streams = {execution_id: Stream(None) for execution_id in self._subjects}
            self._streams.append(streams)
            try:
                while not self._is_complete():
                    message = await call.read()
                    if message.event != BOOKMARK:
                        streams[message.id].messages.append(_as_of_one(message))
            except grpc.aio.AioRpcError as error:
                if error.code() not in PASSING:
                    self.wrong.append(
                        f"the stream ended with {Refusal.of(error.code(), error.trailing_metadata())}"
                    )
                    return
            finally:
                call.cancel()
            await asyncio.sleep(self._dice.uniform(0, 0.2))

    def violations(self) -> list[str]:
        """What the validators find wrong: each stream is a watch of its own of each subject."""
        wrong = [
            violation
            for streams in self._streams
            for execution_id, stream in streams.items()
            for violation in violations(Watch([stream]), self._subjects[execution_id].truth)
        ]
        if not self._is_complete():
            wrong.append("a watch of all never came to the end")
        return self.wrong + wrong

    def _is_complete(self) -> bool:
        return bool(self._streams) and all(
            subject.rests and (self._streams[-1][execution_id].cursor or 0) >= subject.record.revision
            for execution_id, subject in self._subjects.items()
        )


def _as_of_one(message: api.WatchExecutionsResponse) -> api.WatchExecutionResponse:
    """The same as a watch of that execution alone would tell it."""
    one = api.WatchExecutionResponse(revision=message.revision, event=message.event)
    for field in ("change", "execution"):
        if message.HasField(field):
            getattr(one, field).CopyFrom(getattr(message, field))
    return one


def as_sent(told: WatchMessage) -> api.WatchExecutionResponse:
    """A message of the client as the server has sent it, as far as the validators look."""
    message = api.WatchExecutionResponse(revision=told.revision, event=f"WATCH_EVENT_{told.event.name}")
    if (change := told.change) is not None:
        entry = message.change
        entry.revision, entry.attempt, entry.actor = change.revision, change.attempt, change.actor
        entry.to = _status(change.to_status)
        entry.reason = getattr(execution_pb2, f"STATUS_REASON_{change.reason.name}")
        setattr(entry, "from", _status(change.from_status))
        if change.at is not None:
            entry.at.FromDatetime(change.at)
    if (record := told.execution) is not None:
        message.execution.revision, message.execution.status_changes = record.revision, record.status_changes
        message.execution.status = _status(record.status)
    return message


def _status(status: execution_client.ExecutionStatus | None) -> Any:
    name = status.name if status is not None else "UNSPECIFIED"
    return getattr(execution_pb2, f"EXECUTION_STATUS_{name}")
