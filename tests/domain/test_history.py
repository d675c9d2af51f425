"""What an execution remembers of itself: its newest status changes, in order and in time."""

import pytest
from croco.execution.v1.execution_pb2 import ExecutionStatus, Progress, StatusReason
from execution_server.domain import limits, transitions
from execution_server.domain.record import copied, enter, sign
from execution_server.domain.status import RETRYING, RUNNING, STATUSES, status_name
from google.protobuf.timestamp_pb2 import Timestamp

from tests.domain.records import CREATED_MS, NOW_MS, created, failure, in_status
from tests.domain.verbs import VERBS, Result, Verb

REASON = StatusReason.STATUS_REASON_AUTOMATIC_RETRY


def test_each_status_change_is_an_entry_with_all_that_is_to_be_known() -> None:
    """The history is what fills a watcher's gap, so nothing may have to be read beside it."""
    running = in_status(RUNNING)

    failed = transitions.fail(running, failure(retryable=True), now_ms=NOW_MS)

    entry = failed.history[-1]
    assert (entry.revision, entry.at.ToMilliseconds(), entry.attempt, entry.actor) == (3, NOW_MS, 1, "")
    assert (getattr(entry, "from"), entry.to) == (RUNNING, RETRYING)
    assert entry.reason == StatusReason.STATUS_REASON_RETRYABLE_FAILURE
    assert [status_name(past.to) for past in failed.history] == ["pending", "running", "retrying"]


def test_other_changes_are_no_entries() -> None:
    """Progress every second would push the status changes out."""
    running = in_status(RUNNING)
    reported = transitions.update_progress(running, Progress(current=1, total=2), now_ms=NOW_MS)
    assert (list(reported.history), reported.status_changes) == (list(running.history), 2)


def test_the_newest_hundred_status_changes_are_kept_and_all_are_counted() -> None:
    """A record must not grow for ever, and who reads it must be able to see that something is missing."""
    execution = created(max_attempts=1_000)
    for _ in range(limits.HISTORY_ENTRIES):
        execution = transitions.start(execution, now_ms=NOW_MS)
        execution = transitions.fail(execution, failure(retryable=True), now_ms=NOW_MS)

    assert execution.status_changes == 2 * limits.HISTORY_ENTRIES + 1
    revisions = [entry.revision for entry in execution.history]
    assert revisions == list(range(execution.revision - limits.HISTORY_ENTRIES + 1, execution.revision + 1))


MATRIX = [
    pytest.param(verb, status, id=f"{verb.name} | {status_name(status)}")
    for verb in VERBS
    for status in STATUSES
    if isinstance(outcome := verb.outcome(status), Result) and outcome.changes and verb.name != "claim"
]
"""A claim waits until the clock has caught up: nobody gets what is ready in the future only."""


@pytest.mark.parametrize(("verb", "status"), MATRIX)
def test_time_never_goes_backwards_whatever_the_clock_does(verb: Verb, status: ExecutionStatus) -> None:
    """After a failover the store's clock may be behind; readers sort by these times."""
    before = verb.before(status)

    after = verb.call(before, now_ms=CREATED_MS - 3_600_000)

    assert after.updated_at == before.updated_at
    assert [entry.at for entry in after.history] == sorted(
        (entry.at for entry in after.history), key=Timestamp.ToMilliseconds
    )
    for moment in (after.started_at, after.completed_at, after.progress.updated_at):
        assert moment.ToMilliseconds() == 0 or before.created_at.ToMilliseconds() <= moment.ToMilliseconds()


def test_a_status_change_is_signed_by_who_made_it() -> None:
    """What was there before stays as it is, and what the server does by itself stays its own."""
    running = sign(transitions.start(created(), now_ms=NOW_MS), created(), "runner")
    timed_out = transitions.time_out(running, now_ms=NOW_MS)
    retried = enter(copied(timed_out), RETRYING, REASON, NOW_MS, transitions.SERVER)

    sign(retried, running, "boss")

    assert [entry.actor for entry in retried.history] == ["", "runner", "boss", "server"]


def test_what_does_not_change_is_not_signed() -> None:
    """A repeat of a cancellation must leave the record as it was, to the byte."""
    execution = created()
    assert sign(execution, execution, "boss") is execution
    assert [entry.actor for entry in execution.history] == [""]
