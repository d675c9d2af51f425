"""More than a server takes: what is too much is refused with a reason, and nobody else notices."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from types import SimpleNamespace
from typing import Any, Final, cast

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.problems import ExecutionNotFound
from execution_server.rpc.calls import Call, Calls
from google.protobuf.struct_pb2 import Value
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests import service
from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import Refusal, refusal_of
from tests.rpc.spoilt import SpoiltStore
from tests.rpc.subjects import NOBODY
from tests.servers import Server
from tests.waiting import until
from tests.watch.served import CALL_LIMITS

WATCHES: Final = 5_000
ON_ONE_CONNECTION: Final = 1_000
FLOOD: Final = 64
SHARE: Final = 8
MIB: Final = 1 << 20


async def refusal(call: Any) -> Refusal | None:
    """Why a call was refused; None if it was answered."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return refusal_of(error)
    return None


async def check_served(stub: Any, channel: grpc.aio.Channel, times: int = 1) -> None:
    """Unary calls and health checks must be answered."""
    health: Any = HealthStub(channel)
    for _ in range(times):
        created = await stub.CreateExecution(api.CreateExecutionRequest(type="t"), timeout=DEADLINE_SECONDS)
        request = api.GetExecutionRequest(id=created.execution.id)
        assert (await stub.GetExecution(request, timeout=DEADLINE_SECONDS)).execution == created.execution
        checked = await health.Check(HealthCheckRequest(), timeout=DEADLINE_SECONDS)
        assert checked.status == HealthCheckResponse.SERVING


async def test_one_connections_flood_leaves_room_for_the_others(store: Server, tmp_path: Path) -> None:
    """It is refused over its share, with a time to come back at, which is not the same for all."""
    options = ("--store-url", store.url, "--max-inflight-per-connection", str(SHARE))
    with service.serving(tmp_path, *options) as server:
        async with service.aio_channel(server.address) as flood, service.aio_channel(server.address) as calm:
            flooding: Any = ExecutionServiceStub(flood)
            refusals: list[Refusal] = []
            stop = asyncio.Event()

            async def caller() -> None:
                while not stop.is_set():
                    request = api.CreateExecutionRequest(type="flood")
                    refused = await refusal(flooding.CreateExecution(request, timeout=DEADLINE_SECONDS))
                    refusals.extend([refused] if refused else [])

            callers = [asyncio.create_task(caller()) for _ in range(FLOOD)]
            await until(lambda: len(refusals) > FLOOD, "the flood is more than its share")
            await check_served(ExecutionServiceStub(calm), calm, times=5)
            stop.set()
            await asyncio.gather(*callers)
    assert {(one.code, one.reason) for one in refusals} == {("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")}
    assert refusals[0].metadata == {"limit": str(SHARE)}
    waits = {one.retry_ms for one in refusals}
    assert None not in waits
    assert len(waits) > 1
    refused_lines = [line for line in server.log_lines() if line["message"] == "calls are refused"]
    assert 1 <= len(refused_lines) < len(refusals)
    assert not [line for line in server.log_lines() if line["message"] == "failed call"]


async def test_a_share_is_free_again_when_its_calls_have_ended(tmp_path: Path) -> None:
    """Else a connection that was full once would be full for ever."""
    store = SpoiltStore()
    store.hanging = True
    settings = {"max_inflight_per_connection": "1"}
    async with (
        service.in_process(store, tmp_path, **settings) as address,
        service.aio_channel(address) as channel,
        service.aio_channel(address) as other,
    ):
        stub: Any = ExecutionServiceStub(channel)
        held = stub.GetExecution(api.GetExecutionRequest(id=NOBODY))
        await until(lambda: store.is_waited_for, "the call has reached the store")
        assert await refusal(stub.CountExecutions(api.CountExecutionsRequest())) is not None
        assert (
            await refusal(ExecutionServiceStub(other).CountExecutions(api.CountExecutionsRequest())) is None
        )
        held.cancel()
        await until(lambda: store.was_cancelled, "the server has let go of the call")
        assert await refusal(stub.CountExecutions(api.CountExecutionsRequest())) is None


async def test_who_was_told_that_a_call_has_ended_may_call_again() -> None:
    """The place is free before the answer leaves, also when that is a refusal."""
    calls = Calls(CALL_LIMITS)
    during, afterwards = [], []

    async def fails(request: object, call: Call) -> api.GetExecutionResponse:
        during.append(calls.places.taken)
        raise ExecutionNotFound(NOBODY)

    class Told:
        """What gRPC hands to a handler, as far as a refusal needs it."""

        def time_remaining(self) -> None: ...

        def invocation_metadata(self) -> tuple[()]:
            return ()

        def peer(self) -> str:
            return "somebody"

        async def abort(self, *refusal: object) -> None:
            afterwards.append((calls.places.taken, calls.bytes))

    service = api.DESCRIPTOR.services_by_name["ExecutionService"]
    servicer = SimpleNamespace(**{method.name: fails for method in service.methods})
    path = "/croco.execution.v1.ExecutionService/GetExecution"
    method: Any = calls.handler(service, servicer).service(
        cast(grpc.HandlerCallDetails, SimpleNamespace(method=path))
    )
    await method.unary_unary(
        method.request_deserializer(api.GetExecutionRequest(id=NOBODY).SerializeToString()), Told()
    )
    assert (during, afterwards) == ([1], [(0, 0)])


async def test_requests_may_be_so_large_together(tmp_path: Path) -> None:
    """While the store hangs, calls wait with what they brought; that many large ones must not fill the memory."""
    store = SpoiltStore()
    store.hanging = True
    settings = {"max_inflight_bytes": str(4 * MIB)}
    async with (
        service.in_process(store, tmp_path, **settings) as address,
        service.aio_channel(address) as channel,
    ):
        stub: Any = ExecutionServiceStub(channel)
        result = Value(string_value="x" * 1_000_000)
        # Calls on one execution would take turns, and only the first would reach the store.
        ids = [NOBODY[:-1] + str(number) for number in range(5)]
        held = [
            stub.CompleteExecution(api.CompleteExecutionRequest(id=id_, result=result)) for id_ in ids[:4]
        ]
        await until(lambda: len(store.seconds_given) == 4, "all have reached the store")

        complete = api.CompleteExecutionRequest(id=ids[4], result=result)
        refused = await refusal(stub.CompleteExecution(complete))
        assert refused is not None
        assert (refused.reason, refused.metadata) == ("QUOTA_EXCEEDED", {"limit": str(4 * MIB)})
        assert await refusal(stub.CountExecutions(api.CountExecutionsRequest())) is None, "a small one fits"
        for call in held:
            call.cancel()
        store.hanging = False
        await until(lambda: store.was_cancelled, "the server has let go of them")
        answer = await refusal(stub.CompleteExecution(complete))
        assert answer is not None
        assert answer.reason == "EXECUTION_NOT_FOUND"


async def test_five_thousand_watches_take_no_place_from_other_calls(tmp_path: Path) -> None:
    """Each class of call has limits of its own: watches that are many do not keep calls from being answered."""
    options = ("--store-url", "memory://", "--max-watches", str(WATCHES), "--max-inflight", "8")
    with service.serving(tmp_path, *options) as server:
        async with AsyncExitStack() as stack, service.aio_channel(server.address) as channel:
            stub: Any = ExecutionServiceStub(channel)
            created = await stub.CreateExecution(api.CreateExecutionRequest(type="watched"))
            request = api.WatchExecutionRequest(id=created.execution.id)
            watches = []
            for _ in range(WATCHES // ON_ONE_CONNECTION):
                watching: Any = ExecutionServiceStub(
                    await stack.enter_async_context(service.aio_channel(server.address))
                )
                opened = [watching.WatchExecution(request) for _ in range(ON_ONE_CONNECTION)]
                for watch in opened:
                    assert (await watch.read()).revision == 1
                watches += opened

            await check_served(stub, channel, times=20)
            too_many = await refusal(stub.WaitExecution(api.WaitExecutionRequest(id=created.execution.id)))
            assert too_many is not None
            assert (too_many.reason, too_many.retry_ms is None) == ("TOO_MANY_WATCHES", False)
            await stub.StartExecution(api.StartExecutionRequest(id=created.execution.id))
            for watch in watches:
                while (await watch.read()).revision == 1:
                    pass  # on a slow machine bookmarks come before


def resident(server: service.Service) -> int:
    """How many bytes of memory the server process holds."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
async def test_a_flood_that_is_refused_takes_no_memory(store: Server, tmp_path: Path) -> None:
    """It may go on for days."""
    # Calls that wait have their memory, and it swings with how many came before one was served: so they come in waves
    # that are small against a leak.
    rounds, waves, calls = 9, 50, 50
    options = ("--store-url", store.url, "--max-inflight-per-connection", "1")
    with service.serving(tmp_path, *options) as server:
        async with service.aio_channel(server.address) as channel:
            stub: Any = ExecutionServiceStub(channel)
            sizes, refused = [], 0
            for _ in range(rounds):
                for _ in range(waves):
                    made = [
                        stub.CountExecutions(api.CountExecutionsRequest(), timeout=60) for _ in range(calls)
                    ]
                    refused += sum([await refusal(call) is not None for call in made])
                sizes.append(resident(server))
            await check_served(stub, channel)
    print(f"resident KiB after each {waves * calls}: {[size // 1024 for size in sizes]}, {refused} refused")
    assert refused > rounds * waves * calls / 4
    # Six rounds lie between: this sees a leak of a kilobyte a refusal.
    assert median(sizes[-3:]) - median(sizes[:3]) < 4 * MIB
