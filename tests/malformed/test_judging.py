"""The judge and the reader see what they are there to see."""

from __future__ import annotations

import asyncio
from pathlib import Path

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.malformed.inputs import METHODS, Input
from tests.malformed.judging import Judge
from tests.malformed.reading import unreadable
from tests.rpc.spoilt import SpoiltStore
from tests.rpc.subjects import NOBODY, create

GET = METHODS["GetExecution"]
PATH = f"/{GET.containing_service.full_name}/{GET.name}"
PROPER = api.GetExecutionRequest(id=NOBODY).SerializeToString()


def judged(address: str, *inputs: Input) -> Judge:
    """What the judge makes of the answers."""
    judge = Judge()
    with service.channel(address) as channel:
        for one in inputs:
            judge.send(channel, one)
    return judge


async def test_a_fault_of_the_service_is_a_complaint(tmp_path: Path) -> None:
    """INTERNAL is documented, and nobody's input may lead to it."""
    store = SpoiltStore()
    async with service.in_process(store, tmp_path) as address:
        proper = Input("mutated", PATH, (PROPER,), method=GET)
        assert (await asyncio.to_thread(judged, address, proper)).complaints == []

        store.failure = RuntimeError("a fault")
        (complaint,) = (await asyncio.to_thread(judged, address, proper)).complaints
        assert "INTERNAL with the reason UNEXPECTED" in complaint


def test_a_code_without_a_reason_is_a_complaint(tmp_path: Path) -> None:
    """As gRPC gives by itself, where the contract has one."""
    with service.serving(tmp_path, "--store-url", "memory://") as server:
        wrong = Input("mutated", f"{PATH}s", (PROPER,), method=GET)
        (complaint,) = judged(server.address, wrong).complaints
    assert "UNIMPLEMENTED without a reason" in complaint


def test_an_execution_that_a_list_leaves_out_is_a_complaint(tmp_path: Path) -> None:
    """Here its index has lost it."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url) as server,
        service.channel(server.address) as channel,
        store.client() as client,
    ):
        stub = ExecutionServiceStub(channel)
        kept, lost = create(stub).id, create(stub).id
        assert unreadable(stub, (kept, lost)) == []
        for key in client.scan_iter("*}:i:*", count=1_000):
            client.zrem(key, lost)
        assert unreadable(stub, (kept, lost)) == [f"{lost} is not listed as it is"]
