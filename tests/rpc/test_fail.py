"""FailExecution."""

from __future__ import annotations

from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, Progress, RetryPolicy, StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import FAILED, RETRYING, RUNNING
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct, Value

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused, unchanged
from tests.rpc.subjects import FAILURE, PASSING_FAILURE, get, in_status
from tests.rpc.values import WIDEST
from tests.servers import Server


def put(field: str) -> kinds.Put:
    return lambda value: {"error": ExecutionError(**{"message": "No.", field: value})}


EDGES: Final = [
    Edge("error: missing", "error", {"error": None}),
    Edge("error.message: missing", "error.message", put("message")(""), put("message")("x")),
    *kinds.name("error.code", put("code"))[1:],  # it may be left out
    *kinds.struct("error.details", put("details"), limits.DETAILS_BYTES),
    *kinds.pause("error.retry_delay", put("retry_delay")),
    *kinds.progress(lambda value: {"progress": value}),
    *kinds.checkpoints(lambda value: {"checkpoints": value}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A failure that is refused leaves the attempt running, so that it can be reported again."""
    execution = in_status(stub, RUNNING)
    base = api.FailExecutionRequest(id=execution.id, error=FAILURE)
    check(edge, stub.FailExecution, base, store)
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id, force=True))


def fail(stub: ExecutionServiceStub, execution_id: str, **error: Any) -> api.FailExecutionResponse:
    failure = ExecutionError(**{"message": "No.", **error})
    return stub.FailExecution(api.FailExecutionRequest(id=execution_id, error=failure))


@pytest.mark.parametrize(
    ("field", "limit"),
    [("message", limits.TEXT_BYTES), ("stack", limits.STACK_BYTES)],
    ids=["message", "stack"],
)
def test_message_and_stack_are_cut_and_marked(field: str, limit: int, stub: ExecutionServiceStub) -> None:
    """A long stack must not keep a worker from reporting that it failed; nor may a cut tear a letter apart."""
    fits, too_long = WIDEST * (limit // 4), WIDEST * (limit // 4) + "x"

    for given in (fits, too_long):
        execution = in_status(stub, RUNNING)
        fail(stub, execution.id, **{field: given})
        kept: str = getattr(get(stub, execution.id).error, field)
        if given is fits:
            assert kept == given
        else:
            assert kept.endswith(f"{WIDEST} … (cut)")
            assert limit - 4 < len(kept.encode()) <= limit
            assert given.startswith(kept.removesuffix(" … (cut)"))


def test_the_failure_is_kept_as_it_was_reported(stub: ExecutionServiceStub) -> None:
    """It is what people look at first."""
    error = ExecutionError(
        message="No.",
        code="E_DISK",
        stack="line 1",
        retryable=True,
        details=Struct(fields={"disk": Value(string_value="sda")}),
    )
    execution = in_status(stub, RUNNING)

    answer = stub.FailExecution(
        api.FailExecutionRequest(
            id=execution.id,
            error=error,
            progress=Progress(current=1, total=4),
            checkpoints={"page": Value(number_value=7)},
        )
    ).execution

    failed = get(stub, execution.id)
    assert failed.error == error
    assert (failed.status, failed.revision) == (RETRYING, execution.revision + 1)
    assert (failed.progress.percent, failed.checkpoints["page"].number_value) == (25, 7)
    assert answer.error.code == "E_DISK"
    assert not answer.error.stack


def test_the_last_attempt_leads_to_failed_and_is_no_error(stub: ExecutionServiceStub) -> None:
    """That the attempts are used up is a status; the call has done what it was to do."""
    execution = in_status(stub, RUNNING, max_attempts=1)
    answer = fail(stub, execution.id, retryable=True).execution
    assert (answer.status, answer.status_reason) == (FAILED, StatusReason.STATUS_REASON_ATTEMPTS_EXHAUSTED)


def test_what_waits_for_its_next_attempt_can_be_given_up(stub: ExecutionServiceStub, store: Server) -> None:
    """By a failure that cannot pass. It runs no attempt, so it has nothing to report."""
    execution = in_status(stub, RETRYING)
    request = api.FailExecutionRequest(id=execution.id, error=FAILURE, progress=Progress(current=1, total=1))
    with unchanged(store):
        refusal = refused(stub.FailExecution, request)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXECUTION_NOT_RUNNING")
    assert refusal.metadata == {"executionId": execution.id, "status": "retrying"}

    answer = fail(stub, execution.id).execution
    assert (answer.status, answer.status_reason) == (FAILED, StatusReason.STATUS_REASON_GIVEN_UP)


def test_what_waits_can_be_given_up_by_a_code_of_the_policy(stub: ExecutionServiceStub) -> None:
    """Such an error is none that may be repeated, whatever it says; and it replaces all of the one before."""
    execution = in_status(stub, RUNNING)
    fail(stub, execution.id, retryable=True, code="GONE", stack="at the door")
    policy = Execution(id=execution.id, retry_policy=RetryPolicy(non_retryable_codes=["GONE"]))
    mask = FieldMask(paths=["retry_policy"])
    stub.UpdateExecution(api.UpdateExecutionRequest(execution=policy, update_mask=mask))

    answer = fail(stub, execution.id, retryable=True, code="GONE").execution

    assert (answer.status, answer.status_reason) == (FAILED, StatusReason.STATUS_REASON_GIVEN_UP)
    assert not get(stub, execution.id).error.stack


def test_what_has_failed_cannot_fail_again(stub: ExecutionServiceStub, store: Server) -> None:
    """Least of all may a late report bring it back to life."""
    execution = in_status(stub, FAILED)
    for error in (FAILURE, PASSING_FAILURE):
        with unchanged(store):
            refusal = refused(stub.FailExecution, api.FailExecutionRequest(id=execution.id, error=error))
        assert (refusal.reason, refusal.metadata["to"]) == ("INVALID_STATE_TRANSITION", "failed")
