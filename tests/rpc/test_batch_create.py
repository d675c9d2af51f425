"""BatchCreateExecutions: each entry as a call of its own."""

from __future__ import annotations

from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.error_reason_pb2 import ErrorReason
from croco.execution.v1.execution_pb2 import ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import PENDING, RUNNING
from google.protobuf.struct_pb2 import Value

from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import create, get, start
from tests.rpc.values import WIDEST, of_size
from tests.servers import Server

Outcomes = list[api.BatchCreateOutcome]
FULL: Final = ExecutionView.EXECUTION_VIEW_FULL


def request(*entries: dict[str, Any], **fields: Any) -> api.BatchCreateExecutionsRequest:
    """A request of these entries, of the type "report" unless they say otherwise."""
    requests = [api.CreateExecutionRequest(**{"type": "report", **entry}) for entry in entries]
    return api.BatchCreateExecutionsRequest(requests=requests, **fields)


def created(stub: ExecutionServiceStub, *entries: dict[str, Any], **fields: Any) -> Outcomes:
    """What becomes of *entries*."""
    return list(stub.BatchCreateExecutions(request(*entries, **fields)).outcomes)


EDGES: Final = [
    Edge("none", "requests", {"requests": []}),
    Edge(
        "500 entries",
        "requests",
        {"requests": request(*[{}] * (limits.BATCH_SIZE + 1)).requests},
        {"requests": request(*[{}] * limits.BATCH_SIZE).requests},
    ),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_the_number_of_entries_has_its_limits(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """One too many creates none of them."""
    check(edge, stub.BatchCreateExecutions, request(), store)


def test_each_entry_becomes_what_a_call_of_its_own_would_make(stub: ExecutionServiceStub) -> None:
    """In the order of the requests, with everything that the creator chose."""
    chosen = [
        {
            "type": f"batch {number}",
            "payload": Value(number_value=number),
            "priority": number,
            "labels": {"n": "1"},
        }
        for number in range(5)
    ]
    outcomes = created(stub, *chosen, view=FULL)
    for fields, outcome in zip(chosen, outcomes, strict=True):
        assert outcome.created
        assert not outcome.cut
        single = create(stub, **fields)
        for field in ("id", "created_at", "updated_at", "history"):
            outcome_field, single_field = getattr(outcome.execution, field), getattr(single, field)
            assert type(outcome_field) is type(single_field)
        assert get(stub, outcome.execution.id) == outcome.execution
        for execution in (outcome.execution, single):
            for own in ("id", "created_at", "updated_at", "history"):
                execution.ClearField(own)
        assert outcome.execution == single


def test_the_answer_leaves_out_what_is_large_unless_it_is_asked_for(stub: ExecutionServiceStub) -> None:
    """Whoever creates 500 executions knows their payloads."""
    (basic,) = created(stub, {"payload": Value(string_value="input"), "labels": {"team": "blue"}})
    assert not basic.execution.HasField("payload")
    assert not basic.execution.history
    assert basic.execution.labels == {"team": "blue"}
    assert basic.execution.status == PENDING


def test_a_refused_entry_is_told_by_its_path_and_harms_no_other(stub: ExecutionServiceStub) -> None:
    """The others are created; the refusal says what the error of a single call says."""
    outcomes = created(
        stub, {}, {"type": ""}, {"payload": of_size(limits.PAYLOAD_BYTES + 1)}, {"request_id": "a\tb"}, {}
    )
    assert [outcome.WhichOneof("outcome") for outcome in outcomes] == [
        "execution",
        *["refusal"] * 3,
        "execution",
    ]
    missing, large, named = (outcome.refusal for outcome in outcomes[1:4])
    assert missing.reason == ErrorReason.ERROR_REASON_INVALID_FIELD
    assert (missing.code, missing.metadata["field"]) == (3, "requests[1].type")
    assert missing.message == "requests[1].type: is required."
    assert large.reason == ErrorReason.ERROR_REASON_PAYLOAD_TOO_LARGE
    assert large.metadata == {
        "field": "requests[2].payload",
        "sizeBytes": str(limits.PAYLOAD_BYTES + 1),
        "limitBytes": str(limits.PAYLOAD_BYTES),
    }
    assert named.metadata["field"] == "requests[3].request_id"
    assert not any(outcome.created for outcome in outcomes[1:4])


def test_an_entry_that_repeats_a_single_call_is_answered_as_that_was(stub: ExecutionServiceStub) -> None:
    """And the other way round: a batch whose answer was lost may be sorted out by single calls."""
    first = create(stub, request_id="batch-repeat-1")
    (again, new) = created(stub, {"request_id": "batch-repeat-1"}, {"request_id": "batch-repeat-2"})
    assert (again.execution.id, again.created) == (first.id, True)
    assert create(stub, request_id="batch-repeat-2").id == new.execution.id


def test_a_batch_may_be_repeated(stub: ExecutionServiceStub, store: Server) -> None:
    """The same executions, and nothing more in the store."""
    asked = request(*({"request_id": f"batch-again-{number}"} for number in range(20)))
    first = stub.BatchCreateExecutions(asked)
    with unchanged(store):
        assert stub.BatchCreateExecutions(asked) == first


def test_keys_hold_within_a_batch_and_beyond_it(stub: ExecutionServiceStub) -> None:
    """An entry sees what was there, and the entries before it."""
    before = create(stub, idempotency_key="batch-key-1", payload=Value(number_value=1))
    start(stub, before.id)
    key_1, key_2 = {"idempotency_key": "batch-key-1"}, {"idempotency_key": "batch-key-2"}
    one, two = {"payload": Value(number_value=1)}, {"payload": Value(number_value=2)}
    found, other, first, second = created(
        stub, {**key_1, **one}, {**key_1, **two}, {**key_2, **one}, {**key_2, **one}
    )
    assert (found.execution.id, found.created, found.execution.status) == (before.id, False, RUNNING)
    assert other.refusal.reason == ErrorReason.ERROR_REASON_IDEMPOTENCY_KEY_REUSED
    assert other.refusal.metadata == {"idempotencyKey": "batch-key-1", "executionId": before.id}
    assert (first.created, second.created) == (True, False)
    assert second.execution.id == first.execution.id


def test_what_is_created_remembers_the_trace_of_the_batch(stub: ExecutionServiceStub) -> None:
    """A worker's span links to whoever created its execution, however many there were."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    outcomes = stub.BatchCreateExecutions(request({}, {}), metadata=(("traceparent", trace),)).outcomes
    assert [outcome.execution.trace_parent for outcome in outcomes] == [trace, trace]


def test_a_request_id_names_one_entry(stub: ExecutionServiceStub) -> None:
    """Used twice for different things it is a mistake, which must not go unnoticed."""
    _, other = created(stub, {"request_id": "batch-one"}, {"request_id": "batch-one", "type": "another"})
    assert other.refusal.metadata["field"] == "requests[1].request_id"


def test_what_has_no_room_in_the_answer_is_cut(stub: ExecutionServiceStub) -> None:
    """Clients take 4 MiB. All is created, and each says what it is."""
    outcomes = created(stub, *[{"payload": of_size(700 * limits.KIB)}] * 5, view=FULL)
    assert [outcome.cut for outcome in outcomes] == [False, False, True, True, True]
    for outcome in outcomes:
        whole = get(stub, outcome.execution.id)
        assert whole.HasField("payload")
        if outcome.cut:
            for field, _ in whole.ListFields():
                if field.name not in {"id", "type", "status", "revision", "created_at", "updated_at"}:
                    whole.ClearField(field.name)
        assert outcome.execution == whole
        stub.DeleteExecution(api.DeleteExecutionRequest(id=outcome.execution.id))


def test_500_of_the_longest_refusals_fit_in_an_answer(stub: ExecutionServiceStub) -> None:
    """Beside as much of executions as an answer holds."""
    longest = WIDEST * 128
    create(stub, idempotency_key=longest)
    large = [{"payload": of_size(limits.MIB * 2 // 3)}] * 3
    outcomes = created(stub, *large, *[{"idempotency_key": longest, "type": "another"}] * 497, view=FULL)
    assert sum(outcome.HasField("refusal") for outcome in outcomes) == 497


def test_a_batch_that_is_too_large_creates_nothing(stub: ExecutionServiceStub, store: Server) -> None:
    """4 MiB hold for the request as a whole."""
    with unchanged(store):
        refusal = refused(
            stub.BatchCreateExecutions, request(*[{"payload": of_size(limits.PAYLOAD_BYTES)}] * 4)
        )
    assert (refusal.reason, refusal.fields) == ("PAYLOAD_TOO_LARGE", ["(request)"])
