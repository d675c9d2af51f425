"""Repeated requests: remembered in the record they changed, and answered as they were the first time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from croco.execution.v1.execution_pb2 import Execution, Progress
from execution_server.domain import leases, limits, requests, transitions
from execution_server.domain.problems import AttemptFenced, InvalidField, RevisionMismatch
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    ENDED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
    reason_name,
    status_name,
)
from google.protobuf.struct_pb2 import Value

from tests.domain.records import NOW_MS, created, failure, in_status

Step = Callable[..., Execution]
LIFE: list[tuple[str, Step]] = [
    ("start", transitions.start),
    ("fail", partial(transitions.fail, error=failure(retryable=True))),
    ("start", transitions.start),
    ("progress", partial(transitions.update_progress, progress=Progress(current=1, total=2))),
    ("time out", transitions.time_out),
    ("retry", transitions.retry),
    ("start", transitions.start),
]
"""What may happen to an execution; each way to end follows."""
ENDS: dict[str, Step] = {
    "complete": partial(transitions.complete, result=Value(number_value=1)),
    "fail": partial(transitions.fail, error=failure(retryable=False)),
    "cancel": partial(transitions.cancel, reason="Enough."),
}


def life(end: str) -> list[tuple[Execution, bytes]]:
    """The record after each of its changes, with the request that led there."""
    execution, told = created(max_attempts=5), []
    for number, (_, step) in enumerate([("create", None), *LIFE, (end, ENDS[end])]):
        request = requests.digest("method", f"request {number}")
        execution = step(execution, now_ms=NOW_MS + number) if step else execution
        requests.remember(execution, request)
        snapshot = Execution()
        snapshot.CopyFrom(execution)
        told.append((snapshot, request))
    return told


@pytest.mark.parametrize("end", ENDS)
def test_a_repeat_is_answered_as_the_first_call_was(end: str) -> None:
    """A worker whose StartExecution is repeated must not take another's attempt for its own. So at any time, of any."""
    told = life(end)
    for now in range(len(told)):
        latest = told[now][0]
        for first, request in told[max(0, now + 1 - limits.APPLIED_REQUESTS) : now + 1]:
            applied = requests.find(latest, request)
            assert applied is not None
            check_same(requests.as_first_answered(latest, applied), first)


def check_same(answer: Execution, first: Execution) -> None:
    """What was promised, and that nothing beside it tells of a later time."""
    for field in ("status", "status_reason", "attempts", "revision", "status_changes", "history"):
        assert getattr(answer, field) == getattr(first, field), field
    for field in ("started_at", "completed_at", "result"):
        assert answer.HasField(field) == first.HasField(field), field
        assert getattr(answer, field) == getattr(first, field), field
    assert answer.cancellation_reason == first.cancellation_reason
    assert answer.status not in (PENDING, RUNNING) or not answer.HasField("error")


def test_a_repeat_is_told_nothing_of_the_next_attempt() -> None:
    """Neither who holds it, nor how it failed, nor when one after it is due."""
    first = transitions.start(created(), now_ms=NOW_MS)
    requests.remember(first, b"start")
    failed = transitions.fail(first, failure(retryable=True), now_ms=NOW_MS)
    requests.remember(failed, b"fail")
    claimed = leases.claim(transitions.retry(failed, now_ms=NOW_MS), "w-1", 30_000, now_ms=NOW_MS)
    failed_again = transitions.fail(claimed, failure(retryable=True), now_ms=NOW_MS)

    for latest in (failed, claimed, failed_again):
        answer = repeated(latest, b"start")
        assert not {"lease", "error", "next_attempt_at"} & {field.name for field, _ in answer.ListFields()}
    for latest in (claimed, failed_again):
        answer = repeated(latest, b"fail")
        assert not {"lease", "error", "next_attempt_at"} & {field.name for field, _ in answer.ListFields()}


def test_a_repeat_is_told_why_a_cancellation_under_way_was_requested() -> None:
    """The request itself comes again after the worker has said something, which it does all the time."""
    asked = transitions.cancel(in_status(RUNNING), "Enough.", 5_000, now_ms=NOW_MS)
    requests.remember(asked, b"cancel")
    going_on = transitions.update_progress(asked, Progress(current=1, total=2), now_ms=NOW_MS)

    answer = repeated(going_on, b"cancel")
    assert answer.cancellation_reason == "Enough."
    assert answer.cancellation_requested_at == asked.cancellation_requested_at

    called_off = repeated(transitions.cancel(going_on, now_ms=NOW_MS), b"cancel")
    assert not called_off.HasField("cancellation_requested_at")
    assert not called_off.cancellation_reason


def repeated(latest: Execution, request: bytes) -> Execution:
    """What a repeat of *request* is answered."""
    applied = requests.find(latest, request)
    assert applied is not None
    return requests.as_first_answered(latest, applied)


def test_the_usual_repeat_gets_the_record_as_it_is() -> None:
    """Nothing has happened since, so nothing is to be taken back."""
    latest, request = life("complete")[-1]
    applied = requests.find(latest, request)
    assert applied is not None
    assert requests.as_first_answered(latest, applied) is latest


def test_the_newest_eight_requests_are_remembered() -> None:
    """One caller has one call under way; so a handful of callers may collide and each still finds its own."""
    told = life("complete")
    latest = told[-1][0]
    assert len(told) == limits.APPLIED_REQUESTS + 1
    found = [requests.find(latest, request) is not None for _, request in told]
    assert found == [False] + [True] * limits.APPLIED_REQUESTS


def test_a_request_is_known_by_its_method_too() -> None:
    """A caller may name all the calls of one piece of work alike."""
    execution = created()
    requests.remember(execution, requests.digest("StartExecution", "r-1"))
    assert requests.find(execution, requests.digest("CancelExecution", "r-1")) is None


def test_digests_are_the_same_in_every_version() -> None:
    """Servers of two versions share a store while one replaces the other."""
    assert requests.digest("StartExecution", "r-1").hex() == "bf5be114bc4e9d23"


def test_an_expected_revision_must_be_the_current_one() -> None:
    """Zero is a revision that nothing has, and None expects nothing."""
    execution = created()
    requests.check_revision(execution, None)
    requests.check_revision(execution, 1)
    with pytest.raises(RevisionMismatch):
        requests.check_revision(execution, 0)


@pytest.mark.parametrize("status", sorted({RETRYING, *ENDED}), ids=status_name)
def test_an_attempt_that_has_ended_is_fenced_and_told_how(status: int) -> None:
    """The worker that comes back from a long pause learns what happened to its attempt."""
    execution = in_status(status, max_attempts=3)  # type: ignore[arg-type]  # a status
    attempt = 1
    if status == CANCELLED:
        execution = transitions.cancel(in_status(RUNNING), now_ms=NOW_MS)

    with pytest.raises(AttemptFenced) as refused:
        requests.check_attempt(execution, attempt, from_worker=True)

    assert refused.value.metadata["cause"] == reason_name(execution.status_reason)
    assert refused.value.metadata["status"] == status_name(execution.status)


def test_an_attempt_is_fenced_by_the_next_one_and_by_none_at_all() -> None:
    """Not the number alone is looked at: an attempt that was never started cannot write."""
    retried = transitions.retry(in_status(TIMED_OUT), now_ms=NOW_MS)
    second = transitions.start(retried, now_ms=NOW_MS)
    requests.check_attempt(second, 2, from_worker=True)
    requests.check_attempt(second, None, from_worker=True)
    with pytest.raises(AttemptFenced) as by_second:
        requests.check_attempt(second, 1, from_worker=True)
    assert by_second.value.metadata == {
        "executionId": second.id,
        "attempt": "1",
        "currentAttempt": "2",
        "status": "running",
        "cause": "reported_timeout",
    }
    with pytest.raises(AttemptFenced) as never_ran:
        requests.check_attempt(in_status(PENDING), 0, from_worker=True)
    assert never_ran.value.metadata["cause"] == ""
    with pytest.raises(AttemptFenced):
        requests.check_attempt(second, 3, from_worker=True)


def test_leased_work_must_say_which_attempt_it_is() -> None:
    """A worker that was cut off and does not say so would write over the work of the next one."""
    leased = leases.claim(in_status(PENDING), "w-1", 30_000, now_ms=NOW_MS)
    with pytest.raises(InvalidField) as refused:
        requests.check_attempt(leased, None, from_worker=True)
    assert refused.value.metadata == {"field": "attempt"}
    requests.check_attempt(leased, 1, from_worker=True)
    requests.check_attempt(leased, None, from_worker=False)  # whoever cancels runs no attempt


def test_no_attempt_writes_after_completion() -> None:
    """Not even the one that completed it."""
    with pytest.raises(AttemptFenced):
        requests.check_attempt(in_status(COMPLETED), 1, from_worker=True)
