"""Checks of the WorkerService's requests: see ``validate.py``."""

from __future__ import annotations

from collections.abc import Sequence

from croco.execution.v1 import worker_service_pb2 as messages

from ..domain import limits
from ..domain.problems import InvalidField
from .json_values import value
from .validate import report, terms
from .values import error, identity, lease, name, pause, types, wait_time, within


def hello(first: messages.WorkRequest) -> None:
    if not first.HasField("hello"):
        raise InvalidField("hello", "is required in the first message of the stream")
    given = first.hello
    name("hello.worker_id", given.worker_id)
    if given.types:  # who takes nothing new may go on with what it holds
        types("hello.types", given.types)
    within("hello.slots", given.slots, 1, limits.SLOTS)
    lease("hello.lease_duration", given.lease_duration)
    held("hello.held", given.held, given.slots)
    reports(first, greeting=True)


def reports(request: messages.WorkRequest, *, greeting: bool = False) -> None:
    if request.HasField("hello") and not greeting:
        raise InvalidField("hello", "belongs in the first message of the stream only")
    if len(request.reports) > limits.HELD:
        raise InvalidField("reports", f"has {len(request.reports)} entries; the limit is {limits.HELD}")


def report_of_work(given: messages.WorkReport) -> None:
    within("sequence", given.sequence, 1, 2**63 - 1)
    identity("id", given.id)
    within("attempt", given.attempt, 1, 2**31 - 1)
    terms(given)
    report(given)
    match given.WhichOneof("end"):
        case "complete" if given.complete.HasField("result"):
            value("complete.result", given.complete.result, limits.PAYLOAD_BYTES)
        case "fail":
            error("fail", given.fail)
        case "release":
            pause("release.delay", given.release.delay)


def claim(request: messages.ClaimExecutionsRequest) -> None:
    name("worker_id", request.worker_id)
    types("types", request.types)
    within("max_executions", request.max_executions, 0, limits.HELD)
    lease("lease_duration", request.lease_duration)
    wait_time("wait", request.wait)


def release(request: messages.ReleaseExecutionRequest) -> None:
    identity("id", request.id)
    pause("delay", request.delay)


def heartbeat(request: messages.HeartbeatRequest) -> None:
    held("held", request.held, limits.HELD)


def held(field: str, given: Sequence[messages.HeldAttempt], most: int) -> None:
    if len(given) > most:
        raise InvalidField(field, f"has {len(given)} entries; the limit is {most}")
    for number, one in enumerate(given):
        identity(f"{field}[{number}].id", one.id)
        within(f"{field}[{number}].attempt", one.attempt, 1, 2**31 - 1)


def lease_ms(request: messages.WorkHello | messages.ClaimExecutionsRequest) -> int:
    """The lease that the worker asks for, or the default."""
    return request.lease_duration.ToMilliseconds() or limits.DEFAULT_LEASE_MS
