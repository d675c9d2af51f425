"""What happens to a call on its way, and what becomes of its answer. Holds for both clients."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from execution_client import (
    AsyncExecutionClient,
    ClientClosed,
    Contention,
    DeadlineExceeded,
    NewExecution,
    RetryPolicy,
)

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


@pytest.mark.parametrize(
    ("verb", "arguments", "message"),
    [
        ("create", {"type": 5}, "type must be a Unicode str, not 5 (int)."),
        ("create", {"type": "t", "max_attempts": "3"}, "max_attempts must be a 32-bit int, not '3' (str)."),
        ("create", {"type": "t", "scheduled_at": "2030-01-01"}, "scheduled_at must be a datetime, not str."),
        ("create", {"type": "t", "labels": ["a"]}, "labels must be a dict of str to str, not ['a'] (list)."),
        ("create", {"type": "t", "retry_policy": {}}, "retry_policy must be a RetryPolicy, not dict."),
        (
            "create",
            {"type": "t", "retry_policy": RetryPolicy(jitter="x")},  # type: ignore[arg-type]  # what is tested
            "retry_policy.jitter must be a float, not 'x' (str).",
        ),
        ("create", {"type": "t", "retention": 3}, "retention must be a Retention, not int."),
        ("get", {"id": NewExecution("t")}, "id must be a Unicode str, not NewExecution"),
        ("get", {"id": ID, "deadline": "3"}, "deadline must be a number of seconds or a timedelta, not str."),
        ("update", {"id": ID, "max_attempts": "3"}, "max_attempts must be a 32-bit int, not '3' (str)."),
        ("complete", {"id": ID, "attempt": "1"}, "attempt must be a 32-bit int, not '1' (str)."),
        ("complete", {"id": ID, "progress": 3}, "progress must be a Progress, not int."),
        (
            "update_progress",
            {"id": ID, "current": "1", "total": 2},
            "current must be a float, not '1' (str).",
        ),
        ("heartbeat", {"held": [ID]}, "held must be a Mapping, not list."),
        ("batch_create", {"new": ["t"]}, "requests[0] must be a NewExecution, not str."),
        ("batch_create", {"new": 5}, "new must be a list, not a single int."),
        ("batch_create", {"new": [NewExecution(5)]}, "requests[0].type must be a Unicode str, not 5 (int)."),  # type: ignore[arg-type]  # what is tested
        ("batch_get", {"ids": ID}, "ids must be a list, not a single str."),
        ("batch_get", {"ids": [1]}, "ids must be a list, of which each is a Unicode str, not [1] (list)."),
    ],
)
async def test_an_argument_of_a_wrong_type_is_named(
    client: Any, server: ScriptedServer, verb: str, arguments: dict[str, Any], message: str
) -> None:
    """Protobuf's own errors name neither it nor what is allowed."""
    with pytest.raises(TypeError) as caught:
        await getattr(client, verb)(**arguments)
    assert str(caught.value).startswith(message)
    assert not server.received


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_attempts": 2**31}, "max_attempts must be a 32-bit int, not 2147483648 (int)."),
        ({"idempotency_key": "\ud800"}, "idempotency_key must be a Unicode str, not"),
        ({"labels": {"a": "\ud800"}}, "labels must be a dict of str to str, not"),
    ],
)
async def test_an_argument_that_the_contract_cannot_hold_is_named(
    client: Any, server: ScriptedServer, arguments: dict[str, Any], message: str
) -> None:
    """Its type is right, so it is a ValueError."""
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        await client.create("t", **arguments)
    assert not server.received


async def test_create_tells_whether_it_created(client: Any, server: ScriptedServer) -> None:
    """With an idempotency key the caller may meet an execution that somebody else created."""
    held = answer_to("CreateExecution")
    new = answer_to("CreateExecution")
    new.created = True
    server.script("CreateExecution", new, held)
    assert (await client.create("email", idempotency_key="k")).created
    assert not (await client.create("email", idempotency_key="k")).created
