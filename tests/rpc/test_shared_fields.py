"""The fields that many requests share: ids, request ids, expected revisions, attempts. Each RPC checks its own."""

from __future__ import annotations

from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2, worker_service_pb2

from tests.rpc.edges import Edge, check
from tests.rpc.refusals import answered, refused, unchanged
from tests.rpc.subjects import NOBODY, RPCS, Rpc, Stubs, in_status, with_field
from tests.servers import Server

ID_EDGES: Final = [
    Edge("missing", "id", {"id": ""}),
    Edge("not an id", "id", {"id": "execution-1"}),
    Edge("in capitals", "id", {"id": NOBODY.upper()}),
    Edge("with a line feed", "id", {"id": f"{NOBODY}\n"}),
    Edge("with a key's end", "id", {"id": NOBODY[:-1] + "}"}),
    Edge("of version 4", "id", {"id": NOBODY.replace("-7", "-4", 1)}),
]
REQUEST_ID_EDGES: Final = [
    Edge("128 characters", "request_id", {"request_id": "주" * 129}, {"request_id": "주" * 128}),
    Edge("printable", "request_id", {"request_id": "a\tb"}, {"request_id": "a b"}),
]


def named(rpcs: list[Rpc]) -> pytest.MarkDecorator:
    """The parametrization by RPCs."""
    return pytest.mark.parametrize("rpc", rpcs, ids=[rpc.name for rpc in rpcs])


def test_every_rpc_has_a_request_here() -> None:
    """So that the checks below hold for an RPC from the day it is born. Work has tests of its own."""
    in_contract = {
        method.name
        for file in (execution_service_pb2, worker_service_pb2)
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert {rpc.name for rpc in RPCS} == in_contract - {"Work"}


@named(list(RPCS))
def test_the_request_is_taken_as_it_is(rpc: Rpc, stubs: Stubs) -> None:
    """Else the tests below would refuse it for another reason than they think."""
    execution = in_status(stubs.executions, rpc.status)
    if rpc.name == "GetExecutionByIdempotencyKey":
        assert refused(stubs.method(rpc.name), rpc.request(execution.id)).code == "NOT_FOUND"
    elif rpc.name != "WatchExecutions":  # which says nothing before something happens
        answered(stubs.method(rpc.name), rpc.request(execution.id))


@named(with_field("id"))
@pytest.mark.parametrize("edge", ID_EDGES, ids=str)
def test_an_id_is_a_uuid_of_version_7_in_canonical_form(
    rpc: Rpc, edge: Edge, stubs: Stubs, store: Server
) -> None:
    """What is no id is wrong in any state, and never becomes part of a key."""
    check(edge, stubs.method(rpc.name), rpc.request(NOBODY), store)


@named(with_field("id"))
def test_who_asks_for_an_execution_that_is_not_there_is_told_so(
    rpc: Rpc, stubs: Stubs, store: Server
) -> None:
    """It may have been deleted, or expired."""
    with unchanged(store):
        refusal = refused(stubs.method(rpc.name), rpc.request(NOBODY))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "EXECUTION_NOT_FOUND")
    assert refusal.metadata == {"executionId": NOBODY}


@named(with_field("request_id"))
@pytest.mark.parametrize("edge", REQUEST_ID_EDGES, ids=str)
def test_a_request_id_is_up_to_128_printable_characters(
    rpc: Rpc, edge: Edge, stubs: Stubs, store: Server
) -> None:
    """It is remembered by its digest, but it is logged as it is."""
    execution = in_status(stubs.executions, rpc.status)
    check(edge, stubs.method(rpc.name), rpc.request(execution.id), store)


@named(with_field("expected_revision"))
def test_an_expected_revision_must_be_the_current_one(rpc: Rpc, stubs: Stubs, store: Server) -> None:
    """The caller decided on something that is not so any more: nothing of it may be taken."""
    execution = in_status(stubs.executions, rpc.status)
    request = rpc.request(execution.id)
    for wrong in (0, execution.revision - 1, execution.revision + 1):
        request.expected_revision = wrong
        with unchanged(store):
            refusal = refused(stubs.method(rpc.name), request)
        assert (refusal.code, refusal.reason) == ("ABORTED", "REVISION_MISMATCH")
        assert refusal.metadata == {
            "executionId": execution.id,
            "expectedRevision": str(wrong),
            "revision": str(execution.revision),
        }
    negative = Edge("negative", "expected_revision", {"expected_revision": -1})
    check(negative, stubs.method(rpc.name), rpc.request(execution.id), store)

    request.expected_revision = execution.revision
    answered(stubs.method(rpc.name), request)


@named(with_field("attempt"))
def test_a_call_of_another_attempt_is_refused_and_told_why(rpc: Rpc, stubs: Stubs, store: Server) -> None:
    """A worker that comes back from a long pause must not write over the work of the next one."""
    execution = in_status(stubs.executions, rpc.status)
    method, request = stubs.method(rpc.name), rpc.request(execution.id)
    for wrong in (0, 2):
        request.attempt = wrong
        with unchanged(store):
            refusal = refused(method, request)
        assert (refusal.code, refusal.reason) == ("ABORTED", "ATTEMPT_FENCED")
        assert refusal.metadata == {
            "executionId": execution.id,
            "attempt": str(wrong),
            "currentAttempt": "1",
            "status": "running",
            "cause": "",
        }
    check(Edge("negative", "attempt", {"attempt": -1}), method, rpc.request(execution.id), store)

    stubs.executions.TimeOutExecution(execution_service_pb2.TimeOutExecutionRequest(id=execution.id))
    request.attempt = 1
    refusal = refused(method, request)
    assert (refusal.metadata["status"], refusal.metadata["cause"]) == ("timed_out", "reported_timeout")


@named(with_field("attempt"))
def test_the_current_attempt_is_taken(rpc: Rpc, stubs: Stubs) -> None:
    """The fence has a gate."""
    execution = in_status(stubs.executions, rpc.status)
    request = rpc.request(execution.id)
    request.attempt = 1
    answered(stubs.method(rpc.name), request)


@named(with_field("view"))
def test_a_view_that_is_none_is_refused(rpc: Rpc, stubs: Stubs, store: Server) -> None:
    """A client of a later version must not get something else than it asked for."""
    execution = in_status(stubs.executions, rpc.status)
    check(Edge("99", "view", {"view": 99}), stubs.method(rpc.name), rpc.request(execution.id), store)
