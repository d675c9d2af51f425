"""WaitExecution: for callers that cannot stream."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionView
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value

from tests.waiting import until
from tests.watch.served import Served, Worker, refusal_of


def wait(
    server: Served, worker: Worker, *, milliseconds: int = 20_000, deadline: float = 30, **fields: Any
) -> Any:
    """Begin to wait."""
    timeout = Duration()
    timeout.FromMilliseconds(milliseconds)
    request = api.WaitExecutionRequest(id=worker.id, timeout=timeout, **fields)
    return server.stub.WaitExecution(request, timeout=deadline)


async def waiting(server: Served, worker: Worker) -> None:
    """Wait until the server waits for the execution."""
    await until(
        lambda: worker.id in server.hub._topics and server.hub._topics[worker.id]._waiting, "it is waited for"
    )


@pytest.mark.parametrize("end", [Worker.complete, Worker.fail, Worker.time_out, Worker.cancel])
async def test_a_wait_ends_with_the_execution(server: Served, end: Any) -> None:
    """It answers all of it, the result included."""
    worker = await (await Worker.create(server.stub, payload=Value(string_value="input"))).start()
    call = wait(server, worker)
    await waiting(server, worker)

    await end(worker)

    answer = await call
    assert answer.done
    assert answer.execution == await worker.get()


async def test_a_wait_for_what_rests_is_answered_at_once(server: Served) -> None:
    """There is nothing to wait for, whatever the timeout."""
    worker = await (await Worker.create(server.stub)).cancel()
    answer = await wait(server, worker, milliseconds=60_000, view=ExecutionView.EXECUTION_VIEW_BASIC)
    assert answer.done
    assert not answer.execution.history


async def test_a_wait_in_vain_answers_how_things_stand(server: Served) -> None:
    """The caller decides whether to wait again."""
    worker = await (await Worker.create(server.stub)).start()
    answer = await wait(server, worker, milliseconds=1)
    assert not answer.done
    assert answer.execution == await worker.get()


async def test_a_wait_ends_before_its_callers_deadline(server: Served) -> None:
    """An answer that comes later is none."""
    worker = await Worker.create(server.stub)
    answer = await wait(server, worker, milliseconds=60_000, deadline=1)
    assert not answer.done


async def test_a_wait_outlasts_a_rest_that_did_not_last(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was retried before the answer could be read is not done."""
    worker = await (await Worker.create(server.stub)).start()
    call = wait(server, worker)
    await waiting(server, worker)
    get = server.service._manager.get

    async def get_late(*args: Any, **kwargs: Any) -> Any:
        await worker.retry()
        monkeypatch.undo()
        return await get(*args, **kwargs)

    monkeypatch.setattr(server.service._manager, "get", get_late)
    await worker.fail()
    await until(lambda: worker.record.status == 5, "it was revived")
    await worker.start()
    assert not call.done()
    await worker.complete()
    assert (await call).execution.revision == worker.revision


async def test_a_wait_for_what_is_deleted_ends(server: Served) -> None:
    """It would never come to rest."""
    worker = await (await Worker.create(server.stub)).start()
    call = wait(server, worker)
    await waiting(server, worker)

    await worker.delete()

    refusal = await refusal_of(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND")
    refusal = await refusal_of(wait(server, worker))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND")


async def test_a_draining_server_sends_its_waiters_on(server: Served) -> None:
    """Another server answers them."""
    worker = await Worker.create(server.stub)
    call = wait(server, worker)
    await waiting(server, worker)

    server.hub.drain()

    refusal = await refusal_of(call)
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING")


async def test_callers_who_go_away_leave_nothing(server: Served) -> None:
    """Each wait holds a place among the watches."""
    worker = await Worker.create(server.stub)
    calls = [wait(server, worker) for _ in range(5)]
    await until(lambda: server.hub.watches == 5, "all wait")
    for call in calls:
        call.cancel()
    await asyncio.wait([asyncio.ensure_future(refusal_of(call)) for call in calls])
    await until(lambda: server.hub.watches == 0 and not server.hub._topics, "nothing is left")
