"""The full matrix: every verb in every status of the contract, and what must hold whatever is done in which order."""

from __future__ import annotations

import inspect
from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, StatusReason
from execution_server.domain import leases, transitions
from execution_server.domain.problems import InvalidStateTransition, Problem
from execution_server.domain.status import (
    ALLOWED,
    ENDED,
    FAILED,
    RETRYING,
    RUNNING,
    STATUSES,
    TIMED_OUT,
    status_name,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain import records
from tests.domain.records import NOW_MS, created, in_status
from tests.domain.steps import steps
from tests.domain.verbs import VERBS, Result, Verb

RPCS: Final = {
    method.name
    for file in (execution_service_pb2, worker_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
ELSEWHERE: Final = {
    *("GetExecution", "GetExecutionByIdempotencyKey", "ListExecutions", "CountExecutions"),
    *("WatchExecution", "WatchExecutions", "WaitExecution"),  # these change nothing
    *("BatchGetExecutions", "GetServerInfo"),  # nor do these
    *("CreateExecution", "BatchCreateExecutions"),  # have no status before
    "Work",  # carries the others
}
MATRIX: Final = [
    pytest.param(verb, status, id=f"{verb.name} | {status_name(status)}")
    for verb in VERBS
    for status in records.STATUSES
]


def test_every_changing_rpc_is_in_the_matrix() -> None:
    """A verb that nobody listed would be tested in no status at all."""
    assert {verb.rpc for verb in VERBS} == RPCS - ELSEWHERE


def test_every_transition_is_in_the_matrix() -> None:
    """The same for the functions behind them."""
    public = {
        name
        for module in (transitions, leases)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    verbs = {
        *("start", "complete", "fail", "retry", "cancel", "time_out"),
        *("update_progress", "save_checkpoint", "update", "check_delete"),
        *("claim", "keep", "release"),
    }
    deeds = {"retry_by_policy", "give_up", "expire"}
    assert public == verbs | deeds | {"create", "attempts_left", "available_ms"}


def test_the_table_has_every_status_of_the_contract() -> None:
    """A status without a row could be entered and never judged."""
    assert set(ALLOWED) == set(STATUSES) == set(records.STATUSES)


@pytest.mark.parametrize(("verb", "status"), MATRIX)
def test_a_verb_does_what_its_row_says(verb: Verb, status: ExecutionStatus) -> None:
    """The first promise: an illegal transition never commits, and a legal one leads where it says, and why."""
    before = verb.before(status)
    untouched = Execution.FromString(before.SerializeToString())
    expected = verb.outcome(status)

    if isinstance(expected, Result):
        after = verb.call(before, now_ms=NOW_MS)
        assert after.status == expected.status
        assert after.status_reason == (expected.reason or before.status_reason)
        assert after.revision == before.revision + expected.revisions
        assert (after is before) == (not expected.changes)
    else:
        with pytest.raises(expected) as refused:
            verb.call(before, now_ms=NOW_MS)
        assert type(refused.value) is expected
        if verb.to is not None and expected is InvalidStateTransition:
            assert refused.value.metadata == {
                "executionId": before.id,
                "from": status_name(status),
                "to": status_name(verb.to_exceptions.get(status, verb.to)),
                "allowed": ",".join(map(status_name, ALLOWED[status])),
            }
    assert before == untouched, "a transition answers a copy and leaves what it was given"


def test_the_matrix_reaches_every_edge_of_the_table_and_no_other() -> None:
    """An edge that nothing uses is a promise that nobody keeps."""
    used = {(origin, to) for _, origin, to, _ in steps()}
    assert used == {(status, to) for status, following in ALLOWED.items() for to in following}


def test_the_matrix_uses_every_status_reason() -> None:
    """A reason that nothing leads to would be an answer that nobody gets."""
    used = {reason for _, _, _, reason in steps()} | {StatusReason.STATUS_REASON_CREATED}
    assert used == set(StatusReason.values()) - {0}


def test_start_begins_an_attempt_and_clears_what_the_last_one_left() -> None:
    """A worker must not take an old failure for its own; checkpoints and progress are what it goes on from."""
    before = in_status(RETRYING)
    assert before.HasField("error")

    after = transitions.start(before, now_ms=NOW_MS)

    assert after.attempts == before.attempts + 1
    assert after.started_at.ToMilliseconds() == NOW_MS
    assert not after.HasField("error")
    assert not after.HasField("completed_at")


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT], ids=status_name)
def test_retry_keeps_the_failure_and_the_attempts(status: ExecutionStatus) -> None:
    """Until the next start it must be possible to see what happened."""
    before = in_status(status)

    after = transitions.retry(before, now_ms=NOW_MS)

    assert (after.attempts, after.error) == (before.attempts, before.error)
    assert not after.HasField("completed_at")


def test_a_retry_that_would_raise_the_attempts_over_the_limit_is_refused() -> None:
    """The limit of max_attempts holds however one gets there."""
    failed = in_status(ExecutionStatus.EXECUTION_STATUS_FAILED, max_attempts=1_000_000)

    with pytest.raises(Problem) as refused:
        transitions.retry(failed, 1, now_ms=NOW_MS)

    assert refused.value.metadata == {"field": "additional_attempts"}


def test_a_second_cancel_keeps_the_first_reason() -> None:
    """Who called it off first is who called it off."""
    first = transitions.cancel(created(), "Out of stock.", now_ms=NOW_MS)

    second = transitions.cancel(first, "Bored.", now_ms=NOW_MS)

    assert second.cancellation_reason == "Out of stock."


def test_a_timeout_leaves_a_retryable_error_of_the_models_words() -> None:
    """The words are those of the library that the model comes from."""
    timed_out = transitions.time_out(in_status(RUNNING), now_ms=NOW_MS)

    assert (timed_out.error.message, timed_out.error.retryable) == ("Execution timed out", True)


@settings(max_examples=300)
@given(max_attempts=st.integers(1, 3), verbs=st.lists(st.sampled_from(VERBS)))
def test_what_always_holds_holds_after_any_calls_in_any_order(max_attempts: int, verbs: list[Verb]) -> None:
    """Rows are tested one by one above; this is about what they do to each other."""
    execution = created(max_attempts=max_attempts)
    for verb in verbs:
        before = execution
        try:
            execution = verb.call(before, now_ms=NOW_MS)
        except Problem:
            continue
        assert execution.revision - before.revision == (execution is not before)
        counted = execution.attempts - execution.refunded_attempts
        assert before.attempts <= execution.attempts
        assert 0 <= counted <= execution.max_attempts
        assert execution.status != RETRYING or counted < execution.max_attempts
        assert execution.status == RUNNING or not execution.HasField("lease")
        assert execution.HasField("completed_at") == (execution.status in ENDED)
        assert execution.HasField("started_at") == (execution.attempts > 0)
        moved = execution.status_changes - before.status_changes
        assert moved == (execution.status != before.status)
        assert not moved or execution.status in ALLOWED[before.status]
        assert execution.history[-1].to == execution.status
        assert execution.history[-1].reason == execution.status_reason
