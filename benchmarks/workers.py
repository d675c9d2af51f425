"""
What work costs: from creation to a worker, through a stream or by single calls, and how late deadlines are.

Each execution reports progress once and is then completed. By single calls that is StartExecution, UpdateProgress and
CompleteExecution by somebody who knows the id; through a stream it is an assignment and two reports, each sent when the
one before is acknowledged. Slices of the two take turns, and their ratio is kept.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, Progress

from . import calls, load, processes, workload
from .calls import Side
from .http2 import Connection
from .report import percentile, progress, spread, table
from .scale import Scale

WORK: Final = "/croco.execution.v1.WorkerService/Work"
ONE_AT_A_TIME: Final = (1, 1)
UNDER_LOAD: Final = (calls.CONNECTIONS, calls.PER_CONNECTION)
"""Connections, and how many executions are worked on at a time on each."""
TIMED: Final = 200
"""Creations that are timed, and empty calls, per round."""
EXECUTIONS: Final = 300
"""Per slice of each way to work."""
LAG_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0


class Stream:
    """A worker's stream that reports as it is told to, and notes when what came."""

    def __init__(self, connection: Connection, type_: str, slots: int, on_done: Callable[[], None]) -> None:
        self.assigned = dict[str, float]()
        """When each execution was assigned, on the clock of ``time.perf_counter``."""
        self._on_done = on_done
        self._sequence = 0
        self._after: dict[int, Execution | None] = {}  # report -> the execution that it goes on with
        hello = work.WorkHello(worker_id=str(uuid.uuid4()), types=[type_], slots=slots)
        first = work.WorkRequest(hello=hello).SerializeToString()
        self._stream = connection.stream(WORK, first, self._take, more_follow=True)

    def leave(self) -> None:
        """Take nothing more."""
        self._stream.send_no_more()

    def _take(self, data: bytes) -> None:
        response = work.WorkResponse.FromString(data)
        request = work.WorkRequest()
        for execution in response.assignments:
            self.assigned[execution.id] = time.perf_counter()
            step = Progress(current=1, total=3, message="rendering the pages")
            self._report(request, execution, execution, progress=step)
        for acknowledgement in response.acknowledgements:
            if acknowledgement.HasField("refusal"):
                raise RuntimeError(acknowledgement.refusal.message)
            execution_ = self._after.pop(acknowledgement.sequence)
            if execution_ is None:
                self._on_done()
            else:
                result = work.WorkCompletion()
                result.result.struct_value.update({"invoice": "2026-1027", "pages": 3})
                self._report(request, execution_, None, complete=result)
        if request.reports:
            self._stream.send(request.SerializeToString())

    def _report(
        self,
        request: work.WorkRequest,
        about: Execution,
        then: Execution | None,
        **fields: Progress | work.WorkCompletion,
    ) -> None:
        self._sequence += 1
        self._after[self._sequence] = then
        request.reports.add(
            sequence=self._sequence,
            id=about.id,
            attempt=about.attempts,
            request_id=str(uuid.uuid4()),
            **fields,
        )


async def measure(scale: Scale) -> None:
    """Print a table for each of the three questions."""
    async with (
        processes.embedded_store() as store,
        processes.service(store) as server,
        load.connected(server, calls.CONNECTIONS) as connections,
        calls.empty(server) as empty,
    ):
        service = server, connections
        await _latency(service, empty, scale.rounds)
        await _cost(service, scale.rounds)
        await _lag(service, 2 * scale.calls)


async def _latency(service: Side, empty: Side, rounds: int) -> None:
    """From the creation to the worker, which has nothing else to do."""
    halves, ends = [], []
    for number in range(-1, rounds):
        requests = [workload.create() for _ in range(TIMED)]
        _, alone = await load.run(
            empty[1][:1], workload.SERVICE + "CreateExecution", requests, per_connection=1
        )
        found = await _seconds_to_worker(service)
        if number >= 0:  # the round before the first warms both up
            halves.append(median(found) / median(alone))
            ends.append(percentile(found, 99) / median(alone))
        progress(f"workers: latency, round {number + 1} of {rounds}")
    table(
        "From creation to an idle worker / an empty call's median",
        ["median", "p99"],
        [[spread(halves), spread(ends)]],
    )


async def _seconds_to_worker(service: Side) -> list[float]:
    """Create one after the other, each when the one before is completed: how long each took to be assigned."""
    _, (creator, connection, *_) = service
    type_ = str(uuid.uuid4())
    done = asyncio.Event()
    stream = Stream(connection, type_, 1, done.set)
    seconds = []
    for _ in range(TIMED):
        done.clear()
        began = time.perf_counter()
        id_ = await _create(creator, type_)
        await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)
        seconds.append(stream.assigned[id_] - began)
    stream.leave()
    return seconds


async def _cost(service: Side, rounds: int) -> None:
    """CPU per execution and executions per time, through streams and by single calls."""
    rows = []
    for name, (connections, each) in {"one at a time": ONE_AT_A_TIME, "under load": UNDER_LOAD}.items():
        cpu, speed = [], []
        side = service[0], service[1][:connections]
        for number in range(-1, rounds):
            before, first = await _by_calls(side, each, EXECUTIONS // 2)
            streamed, seconds = await _by_streams(side, each, EXECUTIONS)
            after, second = await _by_calls(side, each, EXECUTIONS // 2)
            if number >= 0:
                cpu.append(streamed / (before + after))
                speed.append((first + second) / seconds)
            progress(f"workers: {name}, round {number + 1} of {rounds}")
        rows.append([name, spread(cpu), spread(speed)])
    table(
        "Work through a stream / by single calls",
        ["executions", "server CPU per execution", "executions per second"],
        rows,
    )


async def _by_streams(side: Side, each: int, count: int) -> tuple[float, float]:
    """Have *count* executions done by streams: the server's CPU seconds, and the seconds that passed."""
    server, connections = side
    type_ = str(uuid.uuid4())
    await _create_all(connections, type_, count)
    left, done = count, asyncio.Event()

    def one_is_done() -> None:
        nonlocal left
        left -= 1
        if not left:
            done.set()

    cpu, began = server.cpu_seconds(), time.perf_counter()
    streams = [Stream(connection, type_, each, one_is_done) for connection in connections]
    await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)
    for stream in streams:
        stream.leave()
    return server.cpu_seconds() - cpu, time.perf_counter() - began


async def _by_calls(side: Side, each: int, count: int) -> tuple[float, float]:
    """The same by single calls."""
    server, connections = side
    left = iter(await _create_all(connections, str(uuid.uuid4()), count))
    cpu, began = server.cpu_seconds(), time.perf_counter()

    async def worker(connection: Connection) -> None:
        for id_ in left:
            for method in ("StartExecution", "UpdateProgress", "CompleteExecution"):
                await connection.unary(workload.SERVICE + method, workload.request(method, id_))

    async with asyncio.TaskGroup() as workers:
        for connection in connections:
            for _ in range(each):
                workers.create_task(worker(connection))
    return server.cpu_seconds() - cpu, time.perf_counter() - began


async def _lag(service: Side, count: int) -> None:
    """How long after their deadlines *count* executions are seen to have started too late."""
    _, (creator, watcher, *_) = service
    type_ = str(uuid.uuid4())
    due_ms: dict[str, int] = {}
    seen_ms: dict[str, float] = {}

    def take(data: bytes) -> None:
        message = messages.WatchExecutionsResponse.FromString(data)
        if message.change.to == ExecutionStatus.EXECUTION_STATUS_CANCELLED:
            seen_ms[message.id] = time.time() * 1_000

    filter_ = messages.ExecutionFilter(types=[type_], statuses=[ExecutionStatus.EXECUTION_STATUS_CANCELLED])
    watch = messages.WatchExecutionsRequest(filter=filter_).SerializeToString()
    watcher.stream(workload.SERVICE + "WatchExecutions", watch, take)
    for request in _spread_out(type_, count):
        answer = await creator.unary(workload.SERVICE + "CreateExecution", request)
        execution = messages.CreateExecutionResponse.FromString(answer).execution
        due_ms[execution.id] = (
            execution.created_at.ToMilliseconds() + execution.start_timeout.ToMilliseconds()
        )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(seen_ms) < count:  # noqa: ASYNC110 - a count has no event
            await asyncio.sleep(0.05)
    lags = [seen_ms[id_] - due for id_, due in due_ms.items()]
    row = [f"{value:.0f}" for value in (median(lags), percentile(lags, 99), max(lags))]
    title = f"Deadlines: {count:,} in {LAG_SECONDS:g} s, until a watcher sees them (ms)"
    table(title, ["median", "p99", "longest"], [row])


def _spread_out(type_: str, count: int) -> Iterator[bytes]:
    """Requests to create executions whose start deadlines lie evenly in ``LAG_SECONDS``, after all are made."""
    first_ms = time.time() * 1_000 + 5 * count
    for number in range(count):
        due = first_ms + number / count * LAG_SECONDS * 1_000
        request = messages.CreateExecutionRequest(type=type_)
        request.start_timeout.FromMilliseconds(max(1, int(due - time.time() * 1_000)))
        yield request.SerializeToString()


async def _create(connection: Connection, type_: str) -> str:
    answer = await connection.unary(workload.SERVICE + "CreateExecution", workload.create(type_))
    return messages.CreateExecutionResponse.FromString(answer).execution.id


async def _create_all(connections: Sequence[Connection], type_: str, count: int) -> list[str]:
    requests = [workload.create(type_) for _ in range(count)]
    answers, _ = await load.run(connections, workload.SERVICE + "CreateExecution", requests, per_connection=8)
    return [messages.CreateExecutionResponse.FromString(answer).execution.id for answer in answers]
