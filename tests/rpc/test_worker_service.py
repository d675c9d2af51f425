"""WorkerService: what its requests may hold, and the way of an execution through a worker's hands."""

from __future__ import annotations

from itertools import count
from queue import SimpleQueue
from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import StatusReason
from execution_server.domain import limits
from execution_server.domain.status import COMPLETED, RETRYING, RUNNING
from google.protobuf.struct_pb2 import Value

from tests.process.programs import DEADLINE_SECONDS
from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import NOBODY, Stubs, create, get, in_status
from tests.rpc.values import NO_DURATIONS, milliseconds
from tests.servers import Server

AT_ONCE: Final = milliseconds(1)
HELD: Final = work.HeldAttempt(id=NOBODY, attempt=1)
_types = (f"work {number}" for number in count())


def lease(field: str, put: kinds.Put) -> list[Edge]:
    """1 s to 1 h; 0 is not given."""
    return [
        *(Edge(f"{field}: {what}", field, put(bad)) for what, bad in NO_DURATIONS.items()),
        Edge(f"{field}: 1 s", field, put(milliseconds(999)), put(milliseconds(1_000))),
        Edge(f"{field}: 1 h", field, put(milliseconds(3_600_001)), put(milliseconds(3_600_000))),
    ]


CLAIM_EDGES: Final = [
    *kinds.name("worker_id", lambda value: {"worker_id": value}),
    Edge("types: at least 1", "types", {"types": []}),
    Edge("types: 20", "types", {"types": ["t"] * 21}, {"types": ["t"] * 20}),
    *kinds.name("types[1]", lambda value: {"types": ["t", value]}),
    *kinds.whole("max_executions", lambda value: {"max_executions": value}, 0, 1_000),
    *lease("lease_duration", lambda value: {"lease_duration": value}),
    Edge("wait: 60 s", "wait", {"wait": milliseconds(60_001)}),
    *(Edge(f"wait: {what}", "wait", {"wait": bad}) for what, bad in NO_DURATIONS.items()),
]
HELD_EDGES: Final = [
    Edge("held: 1,000", "held", {"held": [HELD] * 1_001}, {"held": [HELD] * 1_000}),
    Edge("held: an id", "held[1].id", {"held": [HELD, work.HeldAttempt(id="x", attempt=1)]}),
    Edge("held: an attempt", "held[1].attempt", {"held": [HELD, work.HeldAttempt(id=NOBODY)]}),
]


def hello(field: str) -> kinds.Put:
    fields = {"worker_id": "w-1", "types": ["nothing is of this type"], "slots": 1}
    return lambda value: {"hello": work.WorkHello(**{**fields, field: value})}


HELLO_EDGES: Final = [
    Edge("hello: missing", "hello", {}),
    *kinds.name("hello.worker_id", hello("worker_id")),
    Edge("hello.types: 20", "hello.types", hello("types")(["t"] * 21)),
    *kinds.whole("hello.slots", hello("slots"), 1, 10_000),
    *lease("hello.lease_duration", hello("lease_duration")),
    Edge("hello.held: 1,000", "hello.held", hello("held")([HELD] * 1_001)),
    Edge("hello.held: an id", "hello.held[0].id", hello("held")([work.HeldAttempt(id="x", attempt=1)])),
    Edge("reports: 1,000", "reports", {**hello("slots")(1), "reports": [work.WorkReport()] * 1_001}),
]


@pytest.mark.parametrize("edge", CLAIM_EDGES, ids=str)
def test_a_claim_has_its_limits(edge: Edge, stubs: Stubs, store: Server) -> None:
    """Nothing is handed out to who cannot say what it takes."""
    base = work.ClaimExecutionsRequest(worker_id="w-1", types=["nothing is of this type"], wait=AT_ONCE)
    check(edge, stubs.workers.ClaimExecutions, base, store)


@pytest.mark.parametrize("edge", HELD_EDGES, ids=str)
def test_a_heartbeat_has_its_limits(edge: Edge, stubs: Stubs, store: Server) -> None:
    """Of many attempts the path says which one is wrong."""
    check(edge, stubs.workers.Heartbeat, work.HeartbeatRequest(), store)


@pytest.mark.parametrize("edge", kinds.pause("delay", lambda value: {"delay": value}), ids=str)
def test_a_release_has_its_limits(edge: Edge, stubs: Stubs, store: Server) -> None:
    """A delay is a time to wait."""
    execution = in_status(stubs.executions, RUNNING)
    check(edge, stubs.workers.ReleaseExecution, work.ReleaseExecutionRequest(id=execution.id), store)


@pytest.mark.parametrize("edge", HELLO_EDGES, ids=str)
def test_a_workers_hello_has_its_limits(edge: Edge, stubs: Stubs, store: Server) -> None:
    """The stream ends before anything is handed out."""

    def first(request: Any, **options: Any) -> Any:
        return stubs.workers.Work(iter([request]), **options)

    # What is taken is answered by nothing, so that is left to the other tests.
    refusal = Edge(edge.name, edge.field, edge.refused)
    check(refusal, first, work.WorkRequest(), store)


def claim(stubs: Stubs, type_: str, **fields: Any) -> list[Any]:
    """What a claim is given."""
    request = work.ClaimExecutionsRequest(worker_id="w-1", types=[type_], **fields)
    return list(stubs.workers.ClaimExecutions(request, timeout=DEADLINE_SECONDS).executions)


def test_a_claimed_execution_belongs_to_its_worker(stubs: Stubs, store: Server) -> None:
    """Nobody else gets it, and whoever writes without saying which attempt it is gets nowhere."""
    type_ = next(_types)
    created = create(stubs.executions, type=type_, payload=Value(string_value="input"))

    (claimed,) = claim(stubs, type_)

    assert (claimed.id, claimed.status, claimed.attempts) == (created.id, RUNNING, 1)
    assert claimed.payload == created.payload
    assert (claimed.lease.worker_id, claimed.lease.duration) == ("w-1", milliseconds(limits.DEFAULT_LEASE_MS))
    assert claim(stubs, type_, wait=AT_ONCE) == []
    with unchanged(store):
        refusal = refused(stubs.executions.CompleteExecution, api.CompleteExecutionRequest(id=created.id))
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ["attempt"])

    request = api.CompleteExecutionRequest(id=created.id, attempt=1)
    assert stubs.executions.CompleteExecution(request).execution.status == COMPLETED


def test_a_heartbeat_keeps_the_lease_and_says_what_is_lost(stubs: Stubs) -> None:
    """The worker learns what it need not go on with."""
    kept_type, lost_type = next(_types), next(_types)
    for type_ in (kept_type, lost_type):
        create(stubs.executions, type=type_)
    (kept,), (lost,) = claim(stubs, kept_type), claim(stubs, lost_type)
    stubs.executions.CancelExecution(api.CancelExecutionRequest(id=lost.id))

    held = [work.HeldAttempt(id=execution.id, attempt=1) for execution in (kept, lost)]
    (directive,) = stubs.workers.Heartbeat(work.HeartbeatRequest(held=held)).directives

    assert (directive.id, directive.WhichOneof("directive")) == (lost.id, "lease_lost")
    assert directive.lease_lost.cause == "cancel_requested"
    renewed = get(stubs.executions, kept.id).lease.expires_at
    assert renewed.ToMilliseconds() >= kept.lease.expires_at.ToMilliseconds()


def test_what_is_released_costs_no_attempt(stubs: Stubs) -> None:
    """A worker that has to go takes nothing from the execution."""
    type_ = next(_types)
    create(stubs.executions, type=type_, max_attempts=1)
    (claimed,) = claim(stubs, type_)

    request = work.ReleaseExecutionRequest(id=claimed.id, attempt=1)
    released = stubs.workers.ReleaseExecution(request).execution

    assert (released.status, released.status_reason) == (RETRYING, StatusReason.STATUS_REASON_RELEASED)
    assert (released.attempts, released.refunded_attempts) == (1, 1)
    (again,) = claim(stubs, type_)
    assert (again.id, again.attempts) == (claimed.id, 2)


def test_a_stream_carries_work_out_and_results_back(stubs: Stubs) -> None:
    """A worker's whole contract in one stream."""
    type_ = next(_types)
    execution = create(stubs.executions, type=type_)
    requests = SimpleQueue[work.WorkRequest | None]()
    stream = stubs.workers.Work(iter(requests.get, None), timeout=DEADLINE_SECONDS)

    requests.put(work.WorkRequest(hello=work.WorkHello(worker_id="w-2", types=[type_], slots=1)))
    (assigned,) = next(stream).assignments
    assert (assigned.id, assigned.attempts) == (execution.id, 1)
    completion = work.WorkCompletion(result=Value(string_value="output"))
    report = work.WorkReport(sequence=1, id=assigned.id, attempt=1, complete=completion)
    requests.put(work.WorkRequest(reports=[report]))
    acknowledged = next(message for message in stream if message.acknowledgements).acknowledgements
    requests.put(None)

    assert [(one.sequence, one.HasField("refusal")) for one in acknowledged] == [(1, False)]
    assert get(stubs.executions, execution.id).result.string_value == "output"
