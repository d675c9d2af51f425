"""What each verb puts on the wire. Holds for both clients."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import ExecutionStatus, Progress, Retention, RetryPolicy, View
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message import Message

from tests.clients.python.scripted_server import ID, STORE_AWAY, ScriptedServer, answer_to

GUARDS = {"expected_revision": 7, "request_id": "r"}
FENCED = {**GUARDS, "attempt": 2}
GUARDS_SENT = {"expectedRevision": "7", "requestId": "r"}
FENCED_SENT = {**GUARDS_SENT, "attempt": 2}
PROGRESS = Progress(1, 4, "reading", percent=30)
PROGRESS_SENT = {"current": 1.0, "total": 4.0, "message": "reading", "percent": 30.0}

POLICY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    backoff_coefficient=1.5,
    maximum_interval=timedelta(minutes=1),
    jitter=0,
    non_retryable_codes=("E2",),
    retry_timeouts=True,
)
POLICY_SENT = {
    "initialInterval": "1s",
    "backoffCoefficient": 1.5,
    "maximumInterval": "60s",
    "jitter": 0.0,
    "nonRetryableCodes": ["E2"],
    "retryTimeouts": True,
}

EXACT: list[tuple[str, tuple[Any, ...], dict[str, Any], str, dict[str, Any]]] = [
    (
        "create",
        ("email", {"to": ["a", None]}),
        {
            "max_attempts": 5,
            "timeout": timedelta(milliseconds=1500),
            "start_timeout": timedelta(minutes=1),
            "total_timeout": timedelta(hours=1),
            "retry_policy": POLICY,
            "retention": Retention(succeeded=timedelta(days=1), failed=timedelta(days=2)),
            "scheduled_at": datetime(2026, 1, 2, tzinfo=UTC),
            "priority": 0,
            "max_crashes": 0,
            "idempotency_key": "k",
            "parent_id": ID,
            "metadata": {"a": {"b": 1}},
            "labels": {"team": "x"},
            "request_id": "r",
        },
        "CreateExecution",
        {
            "type": "email",
            "payload": {"to": ["a", None]},
            "maxAttempts": 5,
            "timeout": "1.500s",
            "startTimeout": "60s",
            "totalTimeout": "3600s",
            "retryPolicy": POLICY_SENT,
            "retention": {"succeeded": "86400s", "failed": "172800s"},
            "scheduledAt": "2026-01-02T00:00:00Z",
            "priority": 0,
            "maxCrashes": 0,
            "idempotencyKey": "k",
            "parentId": ID,
            "metadata": {"a": {"b": 1.0}},
            "labels": {"team": "x"},
            "requestId": "r",
        },
    ),
    ("get", (ID,), {"view": View.BASIC}, "GetExecution", {"id": ID, "view": "EXECUTION_VIEW_BASIC"}),
    (
        "get_by_idempotency_key",
        ("k",),
        {"view": View.FULL},
        "GetExecutionByIdempotencyKey",
        {"idempotencyKey": "k", "view": "EXECUTION_VIEW_FULL"},
    ),
    (
        "update",
        (ID,),
        {
            "metadata": {"a": 1},
            "labels": {"b": "c"},
            "max_attempts": 4,
            "timeout": timedelta(seconds=2),
            "total_timeout": timedelta(seconds=3),
            "retry_policy": POLICY,
            **GUARDS,
        },
        "UpdateExecution",
        {
            "execution": {
                "id": ID,
                "metadata": {"a": 1},
                "labels": {"b": "c"},
                "maxAttempts": 4,
                "timeout": "2s",
                "totalTimeout": "3s",
                "retryPolicy": POLICY_SENT,
            },
            "updateMask": "metadata,labels,maxAttempts,timeout,totalTimeout,retryPolicy",
            **GUARDS_SENT,
        },
    ),
    (
        "update",
        (ID,),
        {"metadata": None, "timeout": None, "request_id": "r"},
        "UpdateExecution",
        {"execution": {"id": ID}, "updateMask": "metadata,timeout", "requestId": "r"},
    ),
    ("delete", (ID,), {"force": True, **GUARDS}, "DeleteExecution", {"id": ID, "force": True, **GUARDS_SENT}),
    ("start", (ID,), GUARDS, "StartExecution", {"id": ID, **GUARDS_SENT}),
    (
        "complete",
        (ID, [1.5]),
        {"progress": PROGRESS, "checkpoints": {"a": 1}, **FENCED},
        "CompleteExecution",
        {"id": ID, "result": [1.5], "progress": PROGRESS_SENT, "checkpoints": {"a": 1.0}, **FENCED_SENT},
    ),
    (
        "fail",
        (ID, "Boom."),
        {
            "retryable": True,
            "code": "E1",
            "stack": "line 1",
            "retry_delay": timedelta(seconds=4),
            "details": {"a": 1},
            "progress": PROGRESS,
            "checkpoints": {"a": None},
            **FENCED,
        },
        "FailExecution",
        {
            "id": ID,
            "error": {
                "message": "Boom.",
                "retryable": True,
                "retryDelay": "4s",
                "code": "E1",
                "stack": "line 1",
                "details": {"a": 1.0},
            },
            "progress": PROGRESS_SENT,
            "checkpoints": {"a": None},
            **FENCED_SENT,
        },
    ),
    (
        "cancel",
        (ID, "Not needed."),
        {"grace_period": timedelta(seconds=5), **GUARDS},
        "CancelExecution",
        {"id": ID, "reason": "Not needed.", "gracePeriod": "5s", **GUARDS_SENT},
    ),
    (
        "retry",
        (ID,),
        {"additional_attempts": 2, **GUARDS},
        "RetryExecution",
        {"id": ID, "additionalAttempts": 2, **GUARDS_SENT},
    ),
    ("time_out", (ID,), FENCED, "TimeOutExecution", {"id": ID, **FENCED_SENT}),
    (
        "update_progress",
        (ID, 1, 4),
        {"message": "reading", "percent": 30, **FENCED},
        "UpdateProgress",
        {"id": ID, "progress": PROGRESS_SENT, **FENCED_SENT},
    ),
    (
        "save_checkpoint",
        (ID, "lastIndex", 3),
        FENCED,
        "SaveCheckpoint",
        {"id": ID, "checkpoints": {"lastIndex": 3.0}, **FENCED_SENT},
    ),
    (
        "save_checkpoints",
        (ID, {"a": None, "b": {}}),
        {"progress": PROGRESS, **FENCED},
        "SaveCheckpoint",
        {"id": ID, "checkpoints": {"a": None, "b": {}}, "progress": PROGRESS_SENT, **FENCED_SENT},
    ),
]
"""A verb with all its arguments, the method that it calls, and the request in protobuf's JSON."""

MUTATING = [
    (verb, args, kwargs, method) for verb, args, kwargs, method, _ in EXACT if not verb.startswith("get")
]


@pytest.mark.parametrize(("verb", "args", "kwargs", "method", "sent"), EXACT)
async def test_every_argument_of_a_verb_is_sent_and_nothing_else(
    client: Any,
    server: ScriptedServer,
    verb: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    method: str,
    sent: dict[str, Any],
) -> None:
    """A verb is a thin layer over its method: an argument that gets lost would be a silent lie."""
    server.script(method, answer_to(method))
    answer = await getattr(client, verb)(*args, **kwargs)
    wanted: Message = ParseDict(sent, getattr(verbs, f"{method}Request")())
    assert MessageToDict(server.requests(method)[0]) == MessageToDict(wanted)
    assert answer is None if verb == "delete" else answer.status is ExecutionStatus.RUNNING


def test_every_field_of_a_request_has_an_argument() -> None:
    """A field that is added to the contract must not be forgotten here, nor in the table of these tests."""
    methods = {method for _, _, _, method, _ in EXACT}
    for method in methods:
        message = getattr(verbs, f"{method}Request").DESCRIPTOR
        sent = {name for _, _, _, name_of, json in EXACT if name_of == method for name in json}
        assert sent == {field.json_name for field in message.fields}, method


async def test_what_is_left_out_is_absent_on_the_wire(client: Any, server: ScriptedServer) -> None:
    """Absent and null are not the same: the server has defaults for what is absent."""
    server.script("CreateExecution", *[answer_to("CreateExecution")] * 2)
    server.script("CompleteExecution", *[answer_to("CompleteExecution")] * 2)
    await client.create("email")
    await client.create("email", None)
    await client.complete(ID)
    await client.complete(ID, None)
    without, with_null = server.requests("CreateExecution")
    assert [field.name for field, _ in without.ListFields()] == ["type", "request_id"]
    assert with_null.payload.WhichOneof("kind") == "null_value"
    without, with_null = server.requests("CompleteExecution")
    assert [field.name for field, _ in without.ListFields()] == ["id", "request_id"]
    assert with_null.result.WhichOneof("kind") == "null_value"


@pytest.mark.parametrize(("verb", "args", "kwargs", "method"), MUTATING)
async def test_a_repeat_after_unavailable_carries_the_request_id_of_the_first_try(
    client: Any, server: ScriptedServer, verb: str, args: tuple[Any, ...], kwargs: dict[str, Any], method: str
) -> None:
    """Otherwise a call whose answer was lost would take effect twice."""
    kwargs = {name: value for name, value in kwargs.items() if name != "request_id"}
    server.script(method, STORE_AWAY, answer_to(method), answer_to(method))
    await getattr(client, verb)(*args, **kwargs)
    await getattr(client, verb)(*args, **kwargs)
    first, repeat, other = (request.request_id for request in server.requests(method))
    assert first == repeat != other
    assert first
