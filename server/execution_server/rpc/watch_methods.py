"""The RPCs that wait for changes: what the hub knows, as messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Execution, HistoryEntry

from ..domain.limits import PAGE_SIZE
from ..domain.problems import (
    ExecutionNotFound,
    ServerDraining,
    StoreUnavailable,
    WatchRevisionCompacted,
)
from ..domain.status import ENDED
from ..manager import Manager
from ..store.port import Part, Query
from ..watch import Gathering, Hub, Topic
from . import pages, validate
from .calls import Call
from .views import part_of, present

WAIT_SECONDS: Final = 20.0
READ_SECONDS: Final = 10.0

WatchEvent = messages.WatchEvent
One = messages.WatchExecutionResponse
Many = messages.WatchExecutionsResponse


class WatchMethods:
    """The methods, named as their RPCs."""

    def __init__(self, manager: Manager, hub: Hub) -> None:
        self._manager = manager
        self._hub = hub

    async def WatchExecution(
        self, request: messages.WatchExecutionRequest, call: Call
    ) -> AsyncIterator[One | bytes]:
        validate.watch(request)
        part = part_of(request.view, Part.BASIC)
        message: One | bytes
        with self._hub.admitted(call.peer):
            async with self._hub.topic(request.id) as topic:
                if request.HasField("after_revision"):
                    cursor = request.after_revision
                else:
                    cursor, message = await self._snapshot(topic, part)
                    yield message
                quiet_until = self._bookmark_time()
                while True:
                    if self._hub.draining:
                        raise ServerDraining(revision=cursor)
                    if topic.turned_back:
                        raise WatchRevisionCompacted(topic.id, cursor, 1)
                    if topic.revision > cursor:
                        before = cursor
                        cursor, message = await self._next(topic, cursor, part)
                        self._hub.deliver(topic.record, conflated=cursor - before - 1)
                    elif topic.ended and cursor == topic.revision and not request.follow:
                        return
                    elif topic.deleted:
                        raise ExecutionNotFound(topic.id)
                    elif await topic.woken(quiet_until):
                        continue
                    else:
                        message = One(revision=cursor, event=WatchEvent.WATCH_EVENT_BOOKMARK)
                    yield message
                    quiet_until = self._bookmark_time()

    async def WaitExecution(
        self, request: messages.WaitExecutionRequest, call: Call
    ) -> messages.WaitExecutionResponse:
        validate.wait(request)
        loop = asyncio.get_running_loop()
        seconds = request.timeout.ToMilliseconds() / 1000 if request.HasField("timeout") else WAIT_SECONDS
        until = min(loop.time() + seconds, call.latest)
        part = part_of(request.view, Part.FULL)
        known = 0
        with self._hub.admitted(call.peer):
            async with self._hub.topic(request.id) as topic:
                while True:
                    in_time = True
                    while in_time and not (topic.ended and topic.revision >= known):
                        if topic.deleted:
                            raise ExecutionNotFound(topic.id)
                        if self._hub.draining:
                            raise ServerDraining
                        if topic.turned_back:
                            raise StoreUnavailable
                        in_time = await topic.woken(until)
                    record = await self._manager.get(request.id, part, deadline=loop.time() + READ_SECONDS)
                    if record.status in ENDED or not in_time:
                        break
                    known = record.revision  # revived already, which the topic is about to learn
        response = messages.WaitExecutionResponse(done=record.status in ENDED)
        present(record, response.execution)
        return response

    async def WatchExecutions(
        self, request: messages.WatchExecutionsRequest, call: Call
    ) -> AsyncIterator[Many | bytes]:
        validate.watch_many(request)
        query = pages.query_of(request.filter)
        gathering = Gathering(query)
        with self._hub.admitted(call.peer):
            async with self._hub.listening(gathering):
                if request.snapshot:
                    async for message in self._all(query, gathering):
                        yield message
                quiet_until = self._bookmark_time()
                while True:
                    if self._hub.draining:
                        raise ServerDraining
                    for message in self._news(gathering):
                        yield message
                        quiet_until = self._bookmark_time()
                    if not await gathering.woken(quiet_until):
                        yield Many(event=WatchEvent.WATCH_EVENT_BOOKMARK)
                        quiet_until = self._bookmark_time()

    def _bookmark_time(self) -> float:
        return asyncio.get_running_loop().time() + self._hub.bookmark_seconds

    async def _snapshot(self, topic: Topic, part: Part) -> tuple[int, One | bytes]:
        """The execution as it is, and its revision."""
        event = WatchEvent.WATCH_EVENT_SNAPSHOT
        if part is not Part.FULL:
            return topic.revision, _newest(topic, event)
        record = await self._read(topic.id)
        return record.revision, _one(record, event)

    async def _next(self, topic: Topic, cursor: int, part: Part) -> tuple[int, One | bytes]:
        """
        The first status change after *cursor*, or else the newest record; and the revision that it brings.

        The newest status change comes with the newest record, which may be some updates ahead of it: they are told
        with it. Each earlier one comes alone, since the record that it led to is not known any more.
        """
        changes = topic.changes_after(cursor)
        if not changes:
            return topic.revision, _newest(topic, WatchEvent.WATCH_EVENT_UPDATED)
        event, change = WatchEvent.WATCH_EVENT_STATUS_CHANGED, changes[0]
        if len(changes) == 1 and part is not Part.FULL:
            return topic.revision, _newest(topic, event, change)
        if len(changes) == 1:
            with suppress(ExecutionNotFound):  # deleted since, which is told next
                record = await self._read(topic.id)
                if record.history[-1].revision == change.revision:
                    return record.revision, _one(record, event, change)
        return change.revision, One(revision=change.revision, event=event, change=change)

    async def _read(self, execution_id: str) -> Execution:
        deadline = asyncio.get_running_loop().time() + READ_SECONDS
        return await self._manager.get(execution_id, Part.FULL, deadline=deadline)

    async def _all(self, query: Query, gathering: Gathering) -> AsyncIterator[Many]:
        """Every execution that matches, with what changes meanwhile in between; then a bookmark."""
        after_id, more = "", True
        while more:
            deadline = asyncio.get_running_loop().time() + READ_SECONDS
            page, after_id = await self._manager.list(
                query, after_id, PAGE_SIZE, Part.BASIC, deadline=deadline
            )
            more = bool(after_id)
            for record in page:
                gathering.told(record)
                yield _many(record, WatchEvent.WATCH_EVENT_SNAPSHOT)
                if self._hub.draining:
                    raise ServerDraining
            for message in self._news(gathering):
                yield message
        gathering.told_all()
        yield Many(event=WatchEvent.WATCH_EVENT_BOOKMARK)

    def _news(self, gathering: Gathering) -> Iterator[Many]:
        """What is to be told, until nothing is; per execution as ``_next`` does."""
        changed = WatchEvent.WATCH_EVENT_STATUS_CHANGED
        while (news := gathering.take()) is not None:
            record, changes = news.record, news.changes
            told = len(changes) + 1 if news.deleted else max(1, len(changes))
            self._hub.deliver(record, conflated=news.arrived - told)
            for entry in changes if news.deleted else changes[:-1]:
                yield Many(id=record.id, revision=entry.revision, event=changed, change=entry)
            if news.deleted:
                yield Many(id=record.id, revision=record.revision, event=WatchEvent.WATCH_EVENT_DELETED)
            elif changes:
                yield _many(record, changed, changes[-1])
            else:
                yield _many(record, WatchEvent.WATCH_EVENT_UPDATED)


def _newest(topic: Topic, event: messages.WatchEvent, change: HistoryEntry | None = None) -> bytes:
    """The message about the topic's revision in the BASIC view, made once for all who watch."""
    made = topic.messages
    key = (event, change.revision if change is not None else 0)
    if key not in made:
        made[key] = _one(topic.record, event, change, view=Part.BASIC).SerializeToString()
    return made[key]


def _one(
    record: Execution, event: messages.WatchEvent, change: HistoryEntry | None = None, view: Part = Part.FULL
) -> One:
    message = One(revision=record.revision, event=event, change=change)
    present(record, message.execution)
    if view is Part.BASIC:
        message.execution.ClearField("history")  # a notice brings what it added
    return message


def _many(record: Execution, event: messages.WatchEvent, change: HistoryEntry | None = None) -> Many:
    message = Many(id=record.id, revision=record.revision, event=event, change=change)
    present(record, message.execution)
    message.execution.ClearField("history")  # a notice brings what it added
    return message
