"""Errors: each has a class to catch, and a reason that is the same in every language."""

import grpc
import pytest
from execution_client import (
    ExecutionClient,
    ExecutionNotFound,
    ExecutionProblem,
    ExecutionStatus,
    InvalidStateTransition,
    MaxRetriesExceeded,
)

NOBODY = "0190a3c4-5b6c-7d3e-8f00-112233445566"


def test_not_found(client: ExecutionClient) -> None:
    with pytest.raises(ExecutionNotFound) as refused:
        client.get(NOBODY)

    assert refused.value.reason == "EXECUTION_NOT_FOUND"
    assert refused.value.code == grpc.StatusCode.NOT_FOUND
    assert refused.value.execution_id == NOBODY


def test_max_retries_exceeded(client: ExecutionClient) -> None:
    execution = client.create("risky", max_attempts=1)
    client.start(execution.id)
    client.fail(execution.id, "No luck.", retryable=True)  # that was the only attempt

    with pytest.raises(MaxRetriesExceeded) as refused:
        client.retry(execution.id)

    assert refused.value.reason == "MAX_RETRIES_EXCEEDED"
    assert refused.value.code == grpc.StatusCode.FAILED_PRECONDITION
    assert (refused.value.attempts, refused.value.max_attempts) == (1, 1)


def test_invalid_state_transition(client: ExecutionClient) -> None:
    execution = client.create("report")

    with pytest.raises(InvalidStateTransition) as refused:
        client.complete(execution.id)  # it was never started

    assert refused.value.reason == "INVALID_STATE_TRANSITION"
    assert refused.value.code == grpc.StatusCode.FAILED_PRECONDITION
    assert refused.value.from_status == ExecutionStatus.PENDING
    assert refused.value.to_status == ExecutionStatus.COMPLETED
    assert refused.value.allowed == (ExecutionStatus.RUNNING, ExecutionStatus.CANCELLED)


def test_all_of_them_are_execution_problems(client: ExecutionClient) -> None:
    with pytest.raises(ExecutionProblem, match=NOBODY):
        client.start(NOBODY)
