"""What happens to a call on its way, and what becomes of its answer. Holds for both clients."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from execution_client import AsyncExecutionClient, ClientClosed, Contention, DeadlineExceeded

from tests.clients.python.scripted_server import (
    ID,
    LONG_SECONDS,
    STORE_AWAY,
    Fault,
    ScriptedServer,
    Silence,
    answer_to,
)


async def test_unavailable_is_repeated_until_the_answer_comes(client: Any, server: ScriptedServer) -> None:
    """A rolling restart of the service must not be seen by its callers."""
    server.script("GetExecution", STORE_AWAY, Fault(grpc.StatusCode.UNAVAILABLE), answer_to("GetExecution"))
    assert (await client.get(ID)).id == ID
    assert len(server.requests("GetExecution")) == 3


async def test_a_large_request_is_repeated_too(client: Any, server: ScriptedServer) -> None:
    """gRPC keeps only so much of a request for a repeat."""
    server.script("CompleteExecution", STORE_AWAY, answer_to("CompleteExecution"))
    result = "x" * 1_000_000
    await client.complete(ID, result, checkpoints={"a": result, "b": result})
    assert [request.result.string_value == result for request in server.requests("CompleteExecution")] == [
        True
    ] * 2


async def test_a_call_that_a_stopping_server_cancels_is_repeated(client: Any, server: ScriptedServer) -> None:
    """With CANCELLED, grpcio's server ends what has arrived but was not taken up when it stops."""
    server.script("GetExecution", Fault(grpc.StatusCode.CANCELLED), answer_to("GetExecution"))
    assert (await client.get(ID)).id == ID


async def test_a_call_that_its_caller_cancels_is_not_repeated(server: ScriptedServer) -> None:
    """Nobody waits for its answer any more."""
    silence = Silence()
    server.script("GetExecution", silence, answer_to("GetExecution"))
    async with AsyncExecutionClient(server.target) as client:
        call = asyncio.create_task(client.get(ID))
        assert await asyncio.to_thread(silence.begun.wait, LONG_SECONDS)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(silence.ended.wait, LONG_SECONDS)
        await client.get(ID)
    assert len(server.requests("GetExecution")) == 2


async def test_no_other_code_is_repeated(client: Any, server: ScriptedServer) -> None:
    """What was refused once is refused again, and the caller wants to know now."""
    server.script(
        "StartExecution", Fault(grpc.StatusCode.ABORTED, "CONTENTION", metadata={"executionId": ID})
    )
    with pytest.raises(Contention) as caught:
        await client.start(ID)
    assert caught.value.execution_id == ID
    assert len(server.requests("StartExecution")) == 1


async def test_every_call_has_a_deadline(connect: Callable[..., Any], server: ScriptedServer) -> None:
    """A call without one may hang for ever."""
    client = connect(server.target, deadline=timedelta(seconds=30))
    server.script("GetExecution", *[answer_to("GetExecution")] * 4)
    await client.get(ID)
    await client.get(ID, deadline=100)
    await client.get(ID, deadline=timedelta(minutes=10))
    await connect(server.target).get(ID)
    seconds = [call.seconds for call in server.received["GetExecution"]]
    bounds = [(11, 33), (33, 110), (110, 660), (0, 11)]  # gRPC rounds up on the wire.
    assert all(low < (left or 0) <= high for left, (low, high) in zip(seconds, bounds, strict=True)), seconds


async def test_a_call_without_an_answer_ends_at_its_deadline_and_says_where_to(
    client: Any, server: ScriptedServer
) -> None:
    """The caller must learn that the outcome is not known, as a problem like all others."""
    silence = Silence()
    server.script("StartExecution", silence)
    with pytest.raises(DeadlineExceeded) as caught:
        await client.start(ID, deadline=0.2)
    assert (caught.value.code, caught.value.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "")
    assert caught.value.__notes__[0].startswith(f"{server.target} gave no answer")
    assert caught.value.__notes__[0].endswith("can it be reached without TLS?")
    assert silence.ended.wait(LONG_SECONDS)


async def test_a_server_that_comes_late_is_waited_for(
    connect: Callable[..., Any], server: ScriptedServer
) -> None:
    """Services start in any order; a refused connection is not an answer."""
    target = server.target
    server.stop()
    client = connect(target)
    with pytest.raises(DeadlineExceeded):
        await client.get(ID, deadline=0.1)
    call = asyncio.create_task(client.get(ID))
    late = ScriptedServer(target)
    late.script("GetExecution", answer_to("GetExecution"))
    assert (await call).id == ID
    # It waited, and did not use up its tries meanwhile.
    assert "grpc-previous-rpc-attempts" not in late.received["GetExecution"][0].metadata
    late.stop()


async def test_a_closed_client_says_so(client: Any) -> None:
    """Closing twice is harmless; a call afterwards is a mistake that must not look like a network's."""
    await client.close()
    await client.close()
    with pytest.raises(ClientClosed):
        await client.get(ID)


async def test_an_argument_that_cannot_be_sent_is_refused_before_anything_is_sent(
    client: Any, server: ScriptedServer
) -> None:
    """The error names the culprit, and there is no network in its traceback."""
    with pytest.raises(ValueError, match=r"payload\.items\[1\]\.id"):
        await client.create("email", {"items": [{"id": 1}, {"id": 2**53 + 1}]})
    with pytest.raises(TypeError, match=r"checkpoints\.at"):
        await client.save_checkpoint(ID, "at", datetime.now(UTC))
    with pytest.raises(TypeError, match="timeout must be a timedelta, not int"):
        await client.create("email", timeout=30000)
    with pytest.raises(ValueError, match="'fulll' is not a valid View"):
        await client.get(ID, view="fulll")
    assert not server.received


async def test_create_tells_whether_it_created(client: Any, server: ScriptedServer) -> None:
    """With an idempotency key the caller may meet an execution that somebody else created."""
    held = answer_to("CreateExecution")
    new = answer_to("CreateExecution")
    new.created = True
    server.script("CreateExecution", new, held)
    assert (await client.create("email", idempotency_key="k")).created
    assert not (await client.create("email", idempotency_key="k")).created
