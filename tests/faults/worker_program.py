"""
A worker on the bare stub, in a process that a test may kill or stop at any moment. It notes what it does as it does it.

Each execution is three steps; a checkpoint remembers the last that is done. The payload says how many attempts fail.
A line is written at once, by one write to the end of a file, so what is noted has happened, whatever kills the process.

    python worker_program.py NAME LEASE_MS NOTES TYPES ADDRESS...
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from itertools import count
from typing import Any, Final

import grpc.aio
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.error_reason_pb2 import ErrorReason
from croco.execution.v1.execution_pb2 import Execution, ExecutionError
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from google.protobuf.duration_pb2 import Duration

SLOTS: Final = 4
STEPS: Final = 3
OPTIONS: Final = (("grpc.use_local_subchannel_pool", 1), ("grpc.enable_http_proxy", 0))

Attempt = tuple[str, int]


class Worker:
    """Works for ever, on one stream after the other."""

    def __init__(self, name: str, lease_ms: int, notes: str, types: list[str]) -> None:
        lease = Duration()
        lease.FromMilliseconds(lease_ms)
        self._hello = work.WorkHello(worker_id=name, types=types, slots=SLOTS, lease_duration=lease)
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._running: dict[Attempt, asyncio.Task[None]] = {}
        self._unheard: dict[int, work.WorkReport] = {}  # reports that nobody has acknowledged yet
        self._answers: dict[int, asyncio.Future[bool]] = {}
        self._sequence = count(1)
        self._say = asyncio.Queue[work.WorkRequest]()

    def note(self, what: str, attempt: Attempt, **more: object) -> None:
        line = {
            "what": what,
            "worker": self._hello.worker_id,
            "id": attempt[0],
            "attempt": attempt[1],
            **more,
        }
        os.write(self._notes, json.dumps(line).encode() + b"\n")

    async def run(self, addresses: list[str]) -> None:
        address = addresses[0]
        while True:
            try:
                await self._stream(address)
            except grpc.aio.AioRpcError:
                await asyncio.sleep(random.uniform(0.02, 0.2))
            address = random.choice(addresses)

    async def _stream(self, address: str) -> None:
        """Come back with what is held, say again what was not heard, and go on."""
        self._say = asyncio.Queue()
        hello = work.WorkHello()
        hello.CopyFrom(self._hello)
        hello.held.extend(work.HeldAttempt(id=id_, attempt=number) for id_, number in self._running)
        self._say.put_nowait(work.WorkRequest(hello=hello, reports=self._unheard.values()))
        async with grpc.aio.insecure_channel(address, OPTIONS) as channel:
            async for response in WorkerServiceStub(channel).Work(self._said(self._say)):
                for directive in response.directives:
                    self._obey(directive)
                for acknowledgement in response.acknowledgements:
                    self._hear(acknowledgement)
                for execution in response.assignments:
                    self._begin(execution)

    async def _said(self, say: asyncio.Queue[work.WorkRequest]) -> AsyncIterator[work.WorkRequest]:
        while True:
            yield await say.get()

    def _begin(self, execution: Execution) -> None:
        attempt = (execution.id, execution.attempts)
        done = int(execution.checkpoints["step"].number_value) if "step" in execution.checkpoints else 0
        self.note("begin", attempt, done=done, revision=execution.revision)
        task = asyncio.create_task(self._carry_out(execution, done))
        self._running[attempt] = task
        task.add_done_callback(lambda _: self._running.pop(attempt, None))

    async def _carry_out(self, execution: Execution, done: int) -> None:
        attempt = (execution.id, execution.attempts)
        fails = int(execution.payload.number_value)
        for step in range(done + 1, STEPS + 1):
            await asyncio.sleep(random.uniform(0.04, 0.16))
            if step == STEPS and execution.attempts - execution.refunded_attempts <= fails:
                error = ExecutionError(message="It was to fail.", retryable=True)
                error.retry_delay.FromMilliseconds(50)
                await self._report(attempt, "fail", step, fail=error)
                return
            report = work.WorkReport()
            report.checkpoints["step"].number_value = step
            if not await self._report(attempt, "checkpoint", step, checkpoints=report.checkpoints):
                return
        await self._report(attempt, "complete", STEPS, complete=work.WorkCompletion())

    async def _report(self, attempt: Attempt, kind: str, step: int, **fields: Any) -> bool:
        """Report until it is heard; answers whether it was taken."""
        sequence = next(self._sequence)
        name = f"{attempt[1]} {kind} {step}"
        report = work.WorkReport(
            sequence=sequence, id=attempt[0], attempt=attempt[1], request_id=name, **fields
        )
        self._unheard[sequence] = report
        self._answers[sequence] = asyncio.get_running_loop().create_future()
        self._say.put_nowait(work.WorkRequest(reports=[report]))
        return await self._answers[sequence]

    def _hear(self, acknowledgement: work.WorkAcknowledgement) -> None:
        report = self._unheard.pop(acknowledgement.sequence, None)
        if report is None:
            return  # it was said again, and heard twice
        attempt, refusal = (report.id, report.attempt), acknowledgement.refusal
        kind = report.WhichOneof("end") or "checkpoint"
        taken = not acknowledgement.HasField("refusal")
        if taken:
            step = int(report.checkpoints["step"].number_value) if kind == "checkpoint" else STEPS
            self.note("taken", attempt, kind=kind, step=step, revision=acknowledgement.revision)
        else:
            reason, cause = ErrorReason.Name(refusal.reason), refusal.metadata.get("cause", "")
            self.note("refused", attempt, kind=kind, reason=reason, cause=cause)
        answer = self._answers.pop(acknowledgement.sequence)
        if not answer.done():
            answer.set_result(taken)

    def _obey(self, directive: work.WorkDirective) -> None:
        attempt = (directive.id, directive.attempt)
        if directive.WhichOneof("directive") == "lease_lost":
            self.note("lost", attempt, cause=directive.lease_lost.cause)
            task = self._running.get(attempt)
            if task is not None:
                task.cancel()


def main() -> None:
    name, lease_ms, notes, types, *addresses = sys.argv[1:]
    worker = Worker(name, int(lease_ms), notes, types.split(","))
    asyncio.run(worker.run(addresses))


if __name__ == "__main__":
    main()
