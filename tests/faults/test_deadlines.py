"""Thousands of deadlines while most of the servers are killed: each comes true once, none early, all are seen."""

from __future__ import annotations

import asyncio
import math
import os
import time
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import quantiles
from typing import Any, Final

import redis
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain.status import CANCELLED, TIMED_OUT, reason_name
from google.protobuf.duration_pb2 import Duration

from tests import servers
from tests.faults.fleet import calls, running_servers
from tests.waiting import until

DEADLINES: Final = int(os.environ.get("DEADLINES_COUNT") or 3_000)
SPREAD_SECONDS: Final = float(os.environ.get("DEADLINES_SECONDS") or 5)
AT_ONCE: Final = 32
"""Calls under way to each server while the executions are made."""
SAMPLE: Final = 150
"""How many are made first, to learn how long the others take to make."""
PATIENCE_SECONDS: Final = 60.0
TYPE: Final = "deadline"


class Clock:
    """
    The store's clock from above, carried on by this process's.

    The store answers later than it was asked, so what it answers is ahead by what the way took; the quickest of many
    answers is ahead the least. It may be set while the test runs: of several looks the one furthest ahead counts.
    """

    def __init__(self, store: servers.Server) -> None:
        self._store = store
        self._ahead = -math.inf
        self.look()

    def look(self) -> None:
        """Ask the store again."""
        with self._store.client() as client:
            self._ahead = max(self._ahead, min(self._ask(client) for _ in range(50)))

    def now_ms(self) -> int:
        """In epoch milliseconds, not behind the store's."""
        return math.ceil(self.at_ms(time.monotonic()))

    def at_ms(self, monotonic: float) -> float:
        """What the store's clock said at most, in epoch milliseconds, when this process's said *monotonic*."""
        return monotonic * 1_000 + self._ahead

    @staticmethod
    def _ask(client: redis.Redis) -> float:
        asked_ms = time.monotonic() * 1_000
        seconds, microseconds = client.time()
        return seconds * 1_000 + microseconds / 1_000 - asked_ms


class Deadlines:
    """
    Executions whose deadlines lie evenly in a span of time, and what a watcher is told of them.

    Attributes:
        due_ms: when each execution's deadline is, by id.
        changes: the reasons of the status changes that the server made by itself, by id.
        seen: when the first of them was seen, by this process's monotonic clock.
    """

    def __init__(self, stubs: list[Any], clock: Clock) -> None:
        self.due_ms: dict[str, int] = {}
        self.changes = defaultdict[str, list[str]](list)
        self.seen: dict[str, float] = {}
        self._stubs, self._clock = stubs, clock

    async def watch(self) -> None:
        """Note every status change that a server makes by itself, and when it is seen. The first server is asked."""
        ends = api.ExecutionFilter(types=[TYPE], statuses=[CANCELLED, TIMED_OUT])
        async for message in self._stubs[0].WatchExecutions(api.WatchExecutionsRequest(filter=ends)):
            if message.change.actor == "server":
                self.seen.setdefault(message.id, time.monotonic())
                self.changes[message.id].append(reason_name(message.change.reason))

    async def make(self, count: int, first_ms: int) -> None:
        """Make *count* of them, by all servers, the first with its deadline at *first_ms*."""
        numbers = iter(range(count))

        async def maker(stub: Any) -> None:
            for number in numbers:
                offset_ms = int(number / count * SPREAD_SECONDS * 1_000)
                await self._make_one(stub, first_ms + offset_ms, started=number % 4 == 0)

        async with asyncio.TaskGroup() as group:
            for stub in self._stubs:
                for _ in range(AT_ONCE):
                    group.create_task(maker(stub))

    async def make_and_forget(self, count: int) -> float:
        """Make *count* that nobody waits for; how long each took, in milliseconds."""
        began_ms = self._clock.now_ms()
        await self.make(count, began_ms + 3_600_000)
        each_ms = (self._clock.now_ms() - began_ms) / count
        for id_ in self.due_ms:
            await self._stubs[0].CancelExecution(api.CancelExecutionRequest(id=id_))
        self.due_ms.clear()
        return each_ms

    async def _make_one(self, stub: Any, due_ms: int, *, started: bool) -> None:
        """One that has to be started by *due_ms*, or one that has been and may run until then."""
        after = Duration()
        after.FromMilliseconds(max(1, due_ms - self._clock.now_ms()))
        if started:
            request = api.CreateExecutionRequest(type=TYPE, timeout=after)
            created = (await stub.CreateExecution(request)).execution
            running = (await stub.StartExecution(api.StartExecutionRequest(id=created.id))).execution
            from_ = running.started_at
        else:
            request = api.CreateExecutionRequest(type=TYPE, start_timeout=after)
            created = (await stub.CreateExecution(request)).execution
            from_ = created.created_at
        self.due_ms[created.id] = from_.ToMilliseconds() + after.ToMilliseconds()


async def test_every_deadline_comes_true_once_and_never_early(tmp_path: Path) -> None:
    """Whichever replica is left; and whoever watches sees each of them."""
    print(f"{DEADLINES} deadlines in {SPREAD_SECONDS:g} s")
    with running_servers(tmp_path, 3) as (store, started):
        async with AsyncExitStack() as stack:
            stubs = [await stack.enter_async_context(calls(one.address)) for one in started]
            clock = Clock(store)
            deadlines = Deadlines(stubs, clock)
            watching = asyncio.create_task(deadlines.watch())
            first_ms = clock.now_ms() + int(2 * await deadlines.make_and_forget(SAMPLE) * DEADLINES) + 500
            await deadlines.make(DEADLINES, first_ms)
            assert clock.now_ms() < first_ms, "a void run: making them took longer than thought"

            half_ms = first_ms + SPREAD_SECONDS * 1_000 / 2
            await until(lambda: clock.now_ms() >= half_ms, "half of the time is over", PATIENCE_SECONDS)
            before = len(deadlines.seen)
            for doomed in started[1:]:
                doomed.kill9()
            await until(
                lambda: len(deadlines.seen) >= DEADLINES or watching.done(), "all are seen", PATIENCE_SECONDS
            )
            assert not watching.done(), watching.exception()
            executions = {id_: await _get(stubs[0], id_) for id_ in deadlines.due_ms}
            watching.cancel()
            await asyncio.wait([watching])
            clock.look()
    lags_ms = []
    for id_, due_ms in deadlines.due_ms.items():
        _check_one(executions[id_], due_ms)
        lags_ms.append(clock.at_ms(deadlines.seen[id_]) - due_ms)
        assert lags_ms[-1] >= 0, "it was seen before its time"
        assert deadlines.changes[id_] == [reason_name(executions[id_].status_reason)]
    assert DEADLINES / 4 < before < DEADLINES * 3 / 4, f"a void run: {before} came before the killing"
    _print_lag(lags_ms)


def _check_one(execution: Execution, due_ms: int) -> None:
    """Its deadline has come true in the history: once, when it was due or later, and nothing else has happened."""
    made = 2 if execution.attempts else 1
    *_, last = execution.history
    assert len(execution.history) == execution.revision == made + 1
    expected = (TIMED_OUT, "attempt_timeout") if execution.attempts else (CANCELLED, "start_expired")
    assert (last.to, reason_name(last.reason), last.actor) == (*expected, "server")
    assert last.at.ToMilliseconds() >= due_ms


async def _get(stub: Any, id_: str) -> Execution:
    found: Execution = (await stub.GetExecution(api.GetExecutionRequest(id=id_))).execution
    return found


def _print_lag(lags_ms: list[float]) -> None:
    cuts = quantiles(lags_ms, n=100)
    print(f"lag until seen: p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, max {max(lags_ms):.0f} ms")
