"""Deadlines: every call has one, and the store is told."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.rpc.refusals import refusal_of, refused
from tests.rpc.spoilt import SpoiltStore
from tests.rpc.subjects import NOBODY, create, get
from tests.waiting import until


@pytest.mark.parametrize(
    ("sent", "least", "most"),
    [(None, 4, 8), (3600.0, 8, 20), (4.0, 0, 4)],
    ids=["none: the server's default", "a long one: the server's limit", "a short one: the caller's"],
)
async def test_the_store_is_told_until_when_an_answer_is_waited_for(
    sent: float | None, least: float, most: float, tmp_path: Path
) -> None:
    """Without a deadline a call on a store that is gone would wait for ever, and take its place in memory with it."""
    store = SpoiltStore()
    settings = {"default_deadline": "8s", "max_deadline": "20s"}
    async with (
        service.in_process(store, tmp_path, **settings) as address,
        service.aio_channel(address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetExecution(api.GetExecutionRequest(id=NOBODY), timeout=sent)
    (given,) = store.seconds_given
    assert least < given <= most


async def test_a_call_answers_a_moment_before_its_caller_gives_up(tmp_path: Path) -> None:
    """So that the reason arrives, and not only that the time is over."""
    store = SpoiltStore()
    async with service.in_process(store, tmp_path) as address, service.aio_channel(address) as channel:
        stub = ExecutionServiceStub(channel)
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.GetExecution(api.GetExecutionRequest(id=NOBODY), timeout=5)
    (given,) = store.seconds_given
    assert given < 4.95


def test_a_store_that_does_not_answer_is_unavailable_when_the_time_is_over(tmp_path: Path) -> None:
    """And the caller is told when to come back; what it sent has had its effect before that or never has."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url, "--default-deadline", "300ms") as server,
        service.channel(server.address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        execution = create(stub)
        store.pause()
        start = api.StartExecutionRequest(id=execution.id)
        with pytest.raises(grpc.RpcError) as raised:
            stub.StartExecution(start)  # with the server's deadline
        refusal = refusal_of(raised.value)
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "STORE_UNAVAILABLE")
        assert refusal.metadata == {}
        assert refusal.retry_ms is not None
        assert refusal.retry_ms > 0

        # What lies in the store's socket is carried out when it wakes up, and comes too late by its own word.
        store.resume()
        assert create(stub).revision == 1
        assert get(stub, execution.id) == execution


async def test_whoever_goes_away_is_not_waited_for(tmp_path: Path) -> None:
    """A call that its caller has cancelled ends on the server too: nothing of it is left to count."""
    store = SpoiltStore()
    store.hanging = True
    settings = {"max_inflight": "1"}
    async with (
        service.in_process(store, tmp_path, **settings) as address,
        service.aio_channel(address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        call = stub.GetExecution(api.GetExecutionRequest(id=NOBODY))
        await until(lambda: store.is_waited_for, "the call has reached the store")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.GetExecution(api.GetExecutionRequest(id=NOBODY))
        refusal = refusal_of(raised.value)
        assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
        assert refusal.metadata == {"limit": "1"}
        assert refusal.retry_ms is not None

        call.cancel()
        await until(lambda: store.was_cancelled, "the server has let go of the call")
        store.hanging = False
        await stub.CountExecutions(api.CountExecutionsRequest())


def test_a_deadline_that_is_over_already_does_no_harm(stub: ExecutionServiceStub) -> None:
    """Whoever notices first refuses the call, unless the store's answer is there before; and the service lives on."""
    with pytest.raises(grpc.RpcError) as raised:
        stub.GetExecution(api.GetExecutionRequest(id=NOBODY), timeout=0)
    noticed = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
    assert raised.value.code() in (*noticed, grpc.StatusCode.NOT_FOUND)
    assert refused(stub.GetExecution, api.GetExecutionRequest(id=NOBODY)).code == "NOT_FOUND"
