"""Races over two servers on one store: of calls that exclude each other one wins, of the others none is lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator
from contextlib import AsyncExitStack
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import COMPLETED, PENDING, RUNNING
from google.protobuf.struct_pb2 import Value

from tests import servers, service
from tests.rpc.refusals import refusal_of
from tests.rpc.subjects import PASSING_FAILURE
from tests.store.checker import check

ROUNDS: Final = 300
STARTS: Final = 32
CREATES: Final = 64
CHECKPOINTS: Final = 2_000


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Two servers. When all is over, index and records in their store must agree."""
    with servers.running("valkey9") as store:
        options = ("--store-url", store.url, "--max-checkpoints", str(CHECKPOINTS))
        folders = [tmp_path_factory.mktemp("races") for _ in range(2)]
        with service.serving(folders[0], *options) as one, service.serving(folders[1], *options) as other:
            yield [one.address, other.address]
        with store.client() as client:
            assert check(client) == []


@pytest.fixture
async def stubs(addresses: list[str]) -> AsyncIterator[list[Any]]:
    """A client of each."""
    async with AsyncExitStack() as stack:
        channels = [await stack.enter_async_context(service.aio_channel(address)) for address in addresses]
        yield [ExecutionServiceStub(channel) for channel in channels]


async def outcome(call: Awaitable[Any]) -> str:
    """``"OK"``, or the reason of the refusal."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error).reason
    return "OK"


async def outcomes(calls: Iterable[Awaitable[Any]]) -> Counter[str]:
    """How many of the calls, made at once, came out how."""
    return Counter(await asyncio.gather(*map(outcome, calls)))


async def create(stub: Any, **fields: Any) -> Execution:
    response = await stub.CreateExecution(api.CreateExecutionRequest(type="race", **fields))
    execution: Execution = response.execution
    return execution


async def get(stub: Any, execution_id: str) -> Execution:
    execution: Execution = (await stub.GetExecution(api.GetExecutionRequest(id=execution_id))).execution
    return execution


async def test_of_racing_starts_exactly_one_wins(stubs: list[Any]) -> None:
    """Two workers on one attempt would do the work twice. 300 rounds of 32."""
    for _ in range(ROUNDS):
        execution = await create(stubs[0])
        request = api.StartExecutionRequest(id=execution.id)
        racing = await outcomes(stubs[number % 2].StartExecution(request) for number in range(STARTS))
        assert racing == {"OK": 1, "INVALID_STATE_TRANSITION": STARTS - 1}
        started = await get(stubs[0], execution.id)
        assert (started.status, started.attempts, started.revision) == (RUNNING, 1, 2)


async def test_of_racing_creates_with_one_key_one_creates(stubs: list[Any]) -> None:
    """And all are given the same execution. 64 of them, several times over."""
    for number in range(10):
        request = api.CreateExecutionRequest(type="race", idempotency_key=f"key {number}")
        answers = await asyncio.gather(*(stubs[one % 2].CreateExecution(request) for one in range(CREATES)))
        assert Counter(answer.created for answer in answers) == {True: 1, False: CREATES - 1}
        assert len({answer.execution.id for answer in answers}) == 1


async def test_of_racing_creates_of_one_request_all_are_told_that_they_created(stubs: list[Any]) -> None:
    """They are repeats of one call, and there is one execution."""
    request = api.CreateExecutionRequest(type="race by request", request_id="r-1")
    answers = await asyncio.gather(*(stubs[one % 2].CreateExecution(request) for one in range(CREATES)))
    assert all(answer.created for answer in answers)
    assert len({answer.execution.id for answer in answers}) == 1
    filter_ = api.ExecutionFilter(types=["race by request"])
    assert (await stubs[0].CountExecutions(api.CountExecutionsRequest(filter=filter_))).count == 1


async def test_racing_checkpoints_all_survive(stubs: list[Any]) -> None:
    """Each is merged into what stands, whoever was first: 2,000 keys on one execution, one call each."""
    execution = await create(stubs[0])
    await stubs[0].StartExecution(api.StartExecutionRequest(id=execution.id))
    places = asyncio.Semaphore(64)

    async def save(number: int) -> None:
        checkpoints = {f"key {number}": Value(number_value=number)}
        request = api.SaveCheckpointRequest(id=execution.id, checkpoints=checkpoints, attempt=1)
        async with places:
            await stubs[number % 2].SaveCheckpoint(request)

    await asyncio.gather(*map(save, range(CHECKPOINTS)))

    saved = await get(stubs[1], execution.id)
    assert {key: value.number_value for key, value in saved.checkpoints.items()} == {
        f"key {number}": number for number in range(CHECKPOINTS)
    }
    assert saved.revision == 2 + CHECKPOINTS


async def test_what_races_with_a_completion_never_revives_it(stubs: list[Any]) -> None:
    """A report that was on its way is taken before the end or refused after it; the end stays the end."""
    for _ in range(30):
        execution = await create(stubs[0])
        await stubs[0].StartExecution(api.StartExecutionRequest(id=execution.id))
        progress = api.UpdateProgressRequest(id=execution.id, progress=Progress(current=1, total=2))
        complete = api.CompleteExecutionRequest(id=execution.id)
        racing = [stubs[number % 2].UpdateProgress(progress) for number in range(15)]
        racing.insert(7, stubs[0].CompleteExecution(complete))
        racing.insert(9, stubs[1].CompleteExecution(complete))

        results = await asyncio.gather(*map(outcome, racing))

        assert Counter((results.pop(9), results.pop(7))) == {"OK": 1, "INVALID_STATE_TRANSITION": 1}
        assert set(results) <= {"OK", "EXECUTION_NOT_RUNNING"}
        done = await get(stubs[1], execution.id)
        assert [entry.to for entry in done.history] == [PENDING, RUNNING, COMPLETED]
        assert done.history[-1].revision == done.revision, "nothing changes after the end"
        assert done.revision == 3 + results.count("OK")


async def test_of_racing_ends_exactly_one_wins(stubs: list[Any]) -> None:
    """Completed, cancelled or timed out: only one can be true, and all who look see the same."""
    for _ in range(30):
        execution = await create(stubs[0])
        await stubs[0].StartExecution(api.StartExecutionRequest(id=execution.id))
        ends = [
            stubs[0].CompleteExecution(api.CompleteExecutionRequest(id=execution.id)),
            stubs[1].CancelExecution(api.CancelExecutionRequest(id=execution.id)),
            stubs[0].TimeOutExecution(api.TimeOutExecutionRequest(id=execution.id)),
            stubs[1].CompleteExecution(api.CompleteExecutionRequest(id=execution.id)),
        ]
        assert await outcomes(ends) == {"OK": 1, "INVALID_STATE_TRANSITION": 3}
        looks = await asyncio.gather(*(get(stub, execution.id) for stub in stubs))
        assert looks[0] == looks[1]
        assert looks[0].revision == 3


async def test_no_call_is_refused_for_what_was_so_once(stubs: list[Any]) -> None:
    """A server remembers executions, and another changes them: it may not refuse on the strength of its memory."""
    one, other = stubs
    execution = await create(one)
    await other.StartExecution(api.StartExecutionRequest(id=execution.id))
    progress = api.UpdateProgressRequest(id=execution.id, progress=Progress(current=1, total=2))
    assert await outcome(one.UpdateProgress(progress)) == "OK"

    failure = api.FailExecutionRequest(id=execution.id, error=PASSING_FAILURE, attempt=1)
    await other.FailExecution(failure)
    await other.StartExecution(api.StartExecutionRequest(id=execution.id))
    done = api.CompleteExecutionRequest(id=execution.id, attempt=2, expected_revision=5)
    assert await outcome(one.CompleteExecution(done)) == "OK"
