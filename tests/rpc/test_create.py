"""CreateExecution."""

from __future__ import annotations

from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, Retention, RetryPolicy, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import COMPLETED, PENDING
from google.protobuf.struct_pb2 import NULL_VALUE, ListValue, Struct, Value

from tests.rpc import kinds
from tests.rpc.edges import Edge, check, too_large
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import NOBODY, create, in_status
from tests.rpc.values import milliseconds
from tests.servers import Server


def put(field: str) -> kinds.Put:
    return lambda value: {field: value}


def put_policy(field: str) -> kinds.Put:
    return lambda value: {"retry_policy": RetryPolicy(**{field: value})}


def put_retention(field: str) -> kinds.Put:
    return lambda value: {"retention": Retention(**{field: value})}


CODES: Final = "retry_policy.non_retryable_codes"
EDGES: Final = [
    *kinds.name("type", put("type")),
    *kinds.value("payload", put("payload"), limits.PAYLOAD_BYTES),
    *kinds.many_values("payload", put("payload")),
    *kinds.whole("max_attempts", put("max_attempts"), 1, 1_000_000),
    *kinds.timeout("timeout", put("timeout")),
    *kinds.timeout("start_timeout", put("start_timeout")),
    *kinds.timeout("total_timeout", put("total_timeout")),
    *kinds.struct("metadata", put("metadata"), limits.METADATA_BYTES),
    *kinds.labels("labels", put("labels")),
    *kinds.timestamp("scheduled_at", put("scheduled_at")),
    *kinds.whole("priority", put("priority"), 0, 9),
    *kinds.whole("max_crashes", put("max_crashes"), 0, 1_000),
    *kinds.timeout("retention.succeeded", put_retention("succeeded")),
    *kinds.timeout("retention.failed", put_retention("failed")),
    *kinds.pause("retry_policy.initial_interval", put_policy("initial_interval")),
    *kinds.pause("retry_policy.maximum_interval", put_policy("maximum_interval")),
    *(
        Edge(
            f"retry_policy.{field}: not {over}",
            f"retry_policy.{field}",
            put_policy(field)(over),
            put_policy(field)(within),
        )
        for field, over, within in (
            ("backoff_coefficient", 0.99, 1),
            ("backoff_coefficient", 100.1, 100),
            ("backoff_coefficient", float("nan"), 2),
            ("jitter", -0.01, 0),
            ("jitter", 1.01, 1),
            ("jitter", float("nan"), 0.5),
        )
    ),
    Edge(
        f"{CODES}: 20",
        CODES,
        put_policy("non_retryable_codes")(["E"] * 21),
        put_policy("non_retryable_codes")(["E"] * 20),
    ),
    *kinds.name(f"{CODES}[1]", lambda code: put_policy("non_retryable_codes")(["E", code])),
    too_large(
        "idempotency_key: 512 bytes",
        "idempotency_key",
        {"idempotency_key": "é" * 256 + "x"},
        {"idempotency_key": "é" * 256},
    ),
    Edge("idempotency_key: printable", "idempotency_key", {"idempotency_key": "a\0b"}),
    Edge("parent_id: an id", "parent_id", {"parent_id": "parent-1"}, {"parent_id": NOBODY}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """What is over a limit is refused with the field's path, and nothing is written."""
    check(edge, stub.CreateExecution, api.CreateExecutionRequest(type="report"), store)


def test_a_new_execution_is_pending_with_what_its_creator_chose(stub: ExecutionServiceStub) -> None:
    """Everything that was sent comes back, and nothing is made up beside the documented defaults."""
    request = api.CreateExecutionRequest(
        type="report",
        payload=Value(string_value="may"),
        max_attempts=7,
        timeout=milliseconds(1_500),
        parent_id=NOBODY,
        metadata=Struct(fields={"customer": Value(string_value="c-1")}),
        labels={"team": "blue"},
        idempotency_key="new-1",
    )

    response = stub.CreateExecution(request)

    assert response.created
    created = response.execution
    for field in ("type", "payload", "max_attempts", "timeout", "parent_id", "metadata", "labels"):
        assert getattr(created, field) == getattr(request, field)
    assert (created.status, created.status_reason) == (PENDING, StatusReason.STATUS_REASON_CREATED)
    assert (created.attempts, created.revision, created.status_changes) == (0, 1, 1)
    assert created.created_at == created.updated_at == created.history[0].at
    for absent in ("started_at", "completed_at", "result", "error", "progress"):
        assert not created.HasField(absent)


def test_three_attempts_are_the_default(stub: ExecutionServiceStub) -> None:
    """The library's timeout example retries without having asked for attempts."""
    assert create(stub).max_attempts == 3


TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def traced(stub: ExecutionServiceStub, *traceparents: str) -> str:
    """What an execution remembers whose creator sent these headers."""
    headers = tuple(("traceparent", value) for value in traceparents)
    return stub.CreateExecution(
        api.CreateExecutionRequest(type="report"), metadata=headers
    ).execution.trace_parent


def test_an_execution_remembers_the_trace_that_created_it(stub: ExecutionServiceStub) -> None:
    """Weeks later its worker's span links to it."""
    assert traced(stub, TRACE) == TRACE


@pytest.mark.parametrize(
    "header",
    [
        TRACE.upper(),
        TRACE[:-1],
        f"{TRACE}-01",
        "ff" + TRACE[2:],
        f"00-{'0' * 32}-{'1' * 16}-01",
        "",
        "no trace",
    ],
)
def test_a_header_that_names_no_trace_is_passed_over(header: str, stub: ExecutionServiceStub) -> None:
    """A faulty tracer must not keep anybody's work from being done, nor get its text into a record."""
    assert traced(stub, header) == ""
    assert traced(stub) == ""


def test_a_payload_that_is_null_is_not_one_that_is_absent(stub: ExecutionServiceStub) -> None:
    """JSON null is a value."""
    assert create(stub, payload=Value(null_value=NULL_VALUE)).payload.WhichOneof("kind") == "null_value"
    assert not create(stub).HasField("payload")


def payload(amount: float, *, backwards: bool = False) -> Value:
    """An object within a list, with its keys in either order."""
    fields = [("amount", Value(number_value=amount)), ("currency", Value(string_value="KRW"))]
    struct = Struct(fields=dict(reversed(fields) if backwards else fields))
    return Value(list_value=ListValue(values=[Value(struct_value=struct)]))


def with_key(stub: ExecutionServiceStub, key: str, **fields: Any) -> api.CreateExecutionResponse:
    request = {"type": "payment", "payload": payload(100), **fields}
    return stub.CreateExecution(api.CreateExecutionRequest(idempotency_key=key, **request))


def test_the_same_key_type_and_payload_give_the_same_execution(
    stub: ExecutionServiceStub, store: Server
) -> None:
    """In whatever order the payload's keys come; what else differs does not count."""
    first = with_key(stub, "key-1")
    with unchanged(store):
        second = with_key(stub, "key-1", payload=payload(100, backwards=True), max_attempts=9)
    assert (first.created, second.created) == (True, False)
    assert second.execution == first.execution


def test_a_key_holds_in_every_status(stub: ExecutionServiceStub) -> None:
    """The order was paid: to ask again must not pay again."""
    done = in_status(stub, COMPLETED, type="payment", payload=payload(100), idempotency_key="key-2")
    again = with_key(stub, "key-2")
    assert (again.created, again.execution) == (False, done)


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("another type", {"type": "refund"}),
        ("another payload", {"payload": payload(101)}),
        ("no payload", {"payload": None}),
    ],
)
def test_a_key_for_something_else_is_refused(
    key: str, other: dict[str, Any], stub: ExecutionServiceStub, store: Server
) -> None:
    """Two pieces of work under one name are a mistake of the caller's that must not be silent."""
    first = with_key(stub, key)
    request = {"type": "payment", "payload": payload(100), **other}

    with unchanged(store):
        refusal = refused(stub.CreateExecution, api.CreateExecutionRequest(idempotency_key=key, **request))

    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "IDEMPOTENCY_KEY_REUSED")
    assert refusal.metadata == {"idempotencyKey": key, "executionId": first.execution.id}


def test_a_key_is_free_again_once_its_execution_is_deleted(stub: ExecutionServiceStub) -> None:
    """It lives as long as the record."""
    first = with_key(stub, "key-4").execution
    stub.DeleteExecution(api.DeleteExecutionRequest(id=first.id))
    second = with_key(stub, "key-4")
    assert second.created
    assert second.execution.id != first.id


def test_what_the_server_alone_sets_cannot_be_sent(stub: ExecutionServiceStub) -> None:
    """The request has no field for it; this keeps it so."""
    settable = {field.name for field in api.CreateExecutionRequest.DESCRIPTOR.fields}
    fields = {field.name for field in Execution.DESCRIPTOR.fields}
    assert settable - {"request_id"} <= fields
    assert not settable & {
        "id",
        "status",
        "attempts",
        "created_at",
        "revision",
        "history",
        "lease",
        "crashes",
    }
