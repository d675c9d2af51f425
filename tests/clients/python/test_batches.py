"""Batches, and what a server says of itself. Holds for both clients."""

import inspect
from datetime import timedelta
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from croco.execution.v1.error_reason_pb2 import ErrorReason, Refusal
from execution_client import (
    AsyncExecutionClient,
    CreatedExecution,
    DurabilityClass,
    ExecutionNotFound,
    ExecutionProblem,
    IdempotencyKeyReused,
    InvalidField,
    NewExecution,
    ServerInfo,
    ServerLimits,
    StoreKind,
    Unavailable,
    View,
)

from tests.clients.python.scripted_server import STORE_AWAY, Fault, ScriptedServer

REUSED = Refusal(
    reason=ErrorReason.ERROR_REASON_IDEMPOTENCY_KEY_REUSED,
    message="A sentence.",
    metadata={"idempotencyKey": "k", "executionId": "e9"},
    code=6,
)
GONE = Fault(grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND", metadata={"executionId": "b"})


def execution(id: str, **fields: Any) -> nouns.Execution:
    return nouns.Execution(id=id, **fields)


def test_new_executions_have_the_arguments_of_create() -> None:
    """What can be created by itself can be created among others, with the same defaults."""
    create = dict(inspect.signature(AsyncExecutionClient.create).parameters)
    for of_the_call in ("self", "deadline"):
        del create[of_the_call]
    new = inspect.signature(NewExecution).parameters
    assert {name: (one.kind, one.default) for name, one in new.items()} == {
        name: (one.kind, one.default) for name, one in create.items()
    }


async def test_each_outcome_stands_in_the_place_of_its_request(client: Any, server: ScriptedServer) -> None:
    """Created, found and refused: whoever asks for many has to know which is which."""
    outcomes = [
        verbs.BatchCreateOutcome(execution=execution("a"), created=True),
        verbs.BatchCreateOutcome(refusal=REUSED),
        verbs.BatchCreateOutcome(execution=execution("c")),
    ]
    server.script("BatchCreateExecutions", verbs.BatchCreateExecutionsResponse(outcomes=outcomes))
    new = [NewExecution("mail", {"to": number}, idempotency_key=f"k{number}") for number in range(3)]

    first, refused, third = await client.batch_create(new, view=View.FULL)

    assert isinstance(first, CreatedExecution)
    assert [(one.id, one.created) for one in (first, third)] == [("a", True), ("c", False)]
    assert isinstance(refused, IdempotencyKeyReused)
    assert (refused.execution_id, refused.code) == ("e9", grpc.StatusCode.ALREADY_EXISTS)
    assert (refused.reason, refused.message) == ("IDEMPOTENCY_KEY_REUSED", "A sentence.")
    (sent,) = server.requests("BatchCreateExecutions")
    assert sent.view == nouns.EXECUTION_VIEW_FULL
    assert [one.payload.struct_value["to"] for one in sent.requests] == [0, 1, 2]
    assert [one.idempotency_key for one in sent.requests] == ["k0", "k1", "k2"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        (NewExecution("t", {"n": float("nan")}), "requests[1].payload.n "),
        (NewExecution("t", metadata={"n": float("nan")}), "requests[1].metadata.n "),
        (NewExecution("t", timeout=3), "requests[1].timeout "),  # type: ignore[arg-type]  # what is tested
    ],
)
async def test_what_cannot_be_sent_is_named_with_its_place(
    client: Any, wrong: NewExecution, path: str
) -> None:
    """Of 500, the one to look at; nothing has been sent."""
    with pytest.raises((TypeError, ValueError)) as caught:
        await client.batch_create([NewExecution("t"), wrong])
    assert str(caught.value).startswith(path)


async def test_a_batch_is_repeated_with_the_same_request_ids(client: Any, server: ScriptedServer) -> None:
    """Its answer may have been lost with 500 executions created."""
    done = verbs.BatchCreateExecutionsResponse(
        outcomes=[verbs.BatchCreateOutcome(execution=execution(id), created=True) for id in "ab"]
    )
    server.script("BatchCreateExecutions", STORE_AWAY, done)
    await client.batch_create([NewExecution("mail"), NewExecution("mail", request_id="mine")])
    first, second = server.requests("BatchCreateExecutions")
    assert first == second
    assert len(first.requests[0].request_id) == 36
    assert first.requests[1].request_id == "mine"


async def test_what_had_no_room_is_fetched(client: Any, server: ScriptedServer) -> None:
    """A cut execution would look like one without a payload."""
    outcomes = [
        verbs.BatchCreateOutcome(execution=execution("a", labels={"k": "v"})),
        verbs.BatchCreateOutcome(execution=execution("b"), created=True, cut=True),
        verbs.BatchCreateOutcome(execution=execution("c"), created=True, cut=True),
    ]
    server.script("BatchCreateExecutions", verbs.BatchCreateExecutionsResponse(outcomes=outcomes))
    whole = execution("c", labels={"k": "w"})
    server.script("GetExecution", GONE, verbs.GetExecutionResponse(execution=whole))

    first, gone, third = await client.batch_create([NewExecution("mail")] * 3)

    assert (first.labels, first.created) == ({"k": "v"}, False)
    assert isinstance(gone, ExecutionNotFound)
    assert (third.labels, third.created) == ({"k": "w"}, True)
    asked = [(one.id, one.view) for one in server.requests("GetExecution")]
    assert asked == [("b", nouns.EXECUTION_VIEW_BASIC), ("c", nouns.EXECUTION_VIEW_BASIC)]


async def test_many_are_read_with_what_is_missing_in_its_place(client: Any, server: ScriptedServer) -> None:
    """One that is gone must not hide the others."""
    missing = Refusal(
        reason=ErrorReason.ERROR_REASON_EXECUTION_NOT_FOUND, metadata={"executionId": "b"}, code=5
    )
    outcomes = [
        verbs.BatchGetOutcome(execution=execution("a")),
        verbs.BatchGetOutcome(refusal=missing),
        verbs.BatchGetOutcome(execution=execution("c"), cut=True),
    ]
    server.script("BatchGetExecutions", verbs.BatchGetExecutionsResponse(outcomes=outcomes))
    server.script("GetExecution", verbs.GetExecutionResponse(execution=execution("c", labels={"k": "w"})))

    first, gone, third = await client.batch_get(["a", "b", "c"], view=View.FULL)

    assert (first.id, third.labels) == ("a", {"k": "w"})
    assert isinstance(gone, ExecutionNotFound)
    assert gone.execution_id == "b"
    assert server.requests("BatchGetExecutions")[0].ids == ["a", "b", "c"]
    assert server.requests("GetExecution")[0].view == nouns.EXECUTION_VIEW_FULL


async def test_what_is_wrong_with_all_is_raised(client: Any, server: ScriptedServer) -> None:
    """Nothing of it was done, so there is nothing to tell one by one."""
    server.script("BatchGetExecutions", Fault(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD"))
    with pytest.raises(InvalidField):
        await client.batch_get([])


@pytest.mark.parametrize(("code", "kind"), [(14, Unavailable), (3, ExecutionProblem), (99, ExecutionProblem)])
async def test_a_reason_that_only_a_newer_server_knows_is_the_class_of_its_code(
    client: Any, server: ScriptedServer, code: int, kind: type[ExecutionProblem]
) -> None:
    """Whether to try again can be told from the code alone."""
    newer = verbs.BatchGetOutcome(refusal=Refusal(reason=99, code=code))  # type: ignore[arg-type]  # one to come
    server.script("BatchGetExecutions", verbs.BatchGetExecutionsResponse(outcomes=[newer]))
    (problem,) = await client.batch_get(["a"])
    assert type(problem) is kind


async def test_a_server_says_what_it_is(client: Any, server: ScriptedServer) -> None:
    """Every field of it."""
    limits = verbs.ServerLimits(
        message_bytes=1, batch_size=2, page_size=3, checkpoints=4, calls_under_way=5, watches_per_connection=6
    )
    limits.default_deadline.FromSeconds(7)
    limits.max_deadline.FromSeconds(8)
    told = verbs.GetServerInfoResponse(
        version="1.2.3",
        store_kind=verbs.STORE_KIND_CLUSTER,
        durability=verbs.DURABILITY_CLASS_LOCAL,
        partitions=16,
        limits=limits,
    )
    server.script("GetServerInfo", told, verbs.GetServerInfoResponse(store_kind=99))  # type: ignore[arg-type]  # one to come

    assert await client.server_info() == ServerInfo(
        version="1.2.3",
        store_kind=StoreKind.CLUSTER,
        durability=DurabilityClass.LOCAL,
        partitions=16,
        limits=ServerLimits(
            message_bytes=1,
            batch_size=2,
            page_size=3,
            checkpoints=4,
            calls_under_way=5,
            watches_per_connection=6,
            default_deadline=timedelta(seconds=7),
            max_deadline=timedelta(seconds=8),
        ),
    )
    newer = await client.server_info()
    assert (newer.store_kind, newer.durability) == (StoreKind.UNKNOWN, DurabilityClass.UNKNOWN)
    assert {field.name for field in verbs.ServerLimits.DESCRIPTOR.fields} == set(
        ServerLimits.__dataclass_fields__
    )
    assert {field.name for field in verbs.GetServerInfoResponse.DESCRIPTOR.fields} == set(
        ServerInfo.__dataclass_fields__
    )
