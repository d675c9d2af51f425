"""A service that refuses: the worker, or a report."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from croco.execution.v1 import worker_service_pb2 as messages
from execution_client import ExecutionProblem, Worker

from tests.clients.worker.scripted_work import Requests, acknowledgement, assignment, scripted
from tests.clients.worker.working import working
from tests.process.programs import DEADLINE_SECONDS
from tests.waiting import until

HOPELESS = [
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.UNAUTHENTICATED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNIMPLEMENTED,
]


def worker_for(target: str) -> Worker:
    worker = Worker(target)
    worker.task("a")(lambda job: "done")
    return worker


@pytest.mark.parametrize("code", HOPELESS)
async def test_what_will_not_pass_ends_the_worker(code: grpc.StatusCode) -> None:
    """A worker that asks for ever with the wrong token helps nobody; who started it has to know."""

    async def refuse(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        await context.abort(code, "No.")
        yield messages.WorkResponse()

    async with scripted(refuse) as target:
        with pytest.raises(ExecutionProblem) as raised:
            await asyncio.wait_for(worker_for(target).run(), DEADLINE_SECONDS)
    assert raised.value.code is code


@pytest.mark.parametrize("code", sorted(set(grpc.StatusCode) - {*HOPELESS, grpc.StatusCode.OK}, key=str))
async def test_whatever_may_pass_is_waited_for(code: grpc.StatusCode) -> None:
    """A worker outlives everything that its service may be going through."""
    greeted = list[messages.WorkHello]()

    async def refuse(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        await context.abort(code, "Not now.")
        yield messages.WorkResponse()

    async def greet(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        async for request in requests:
            greeted.append(request.hello)
            yield messages.WorkResponse()

    async with scripted(refuse, greet) as target, working(worker_for(target)):
        await until(lambda: greeted, "the worker comes back")
    assert greeted[0].types == ["a"]


async def test_an_end_that_is_not_taken_at_all_leaves_the_lease_to_run_out() -> None:
    """A stream keeps the leases of all that it was given: the next one is told that the worker holds it no more."""
    reported, later = list[str](), list[messages.WorkHello]()

    async def refuse_all(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        yield assignment("a")
        async for request in requests:
            for report in request.reports:
                reported.append(str(report.WhichOneof("end")))
                yield acknowledgement(report, refused_for="UNEXPECTED")

    async def greet(requests: Requests, context: Any) -> AsyncIterator[messages.WorkResponse]:
        async for request in requests:
            later.append(request.hello)
            yield messages.WorkResponse()

    async with scripted(refuse_all, greet) as target, working(worker_for(target)):
        await until(lambda: later, "the worker opens another stream")
    assert reported == ["complete", "fail"]
    assert not later[0].held
