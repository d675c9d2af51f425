"""What the server owes, on a clock that only the test moves: which deadline comes first, and what follows from what."""

from __future__ import annotations

from typing import Any, Final

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, Retention, RetryPolicy, StatusReason
from execution_server.domain import leases, timers, transitions
from execution_server.domain.problems import Problem
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    ENDED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    STATUSES,
    TIMED_OUT,
    reason_name,
    status_name,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.domain.records import CREATED_MS, NOW_MS, created, in_status
from tests.domain.verbs import VERBS, Verb

STARTED_MS: Final = CREATED_MS + 1_000
MINUTE: Final = Duration(seconds=60)
MINUTE_MS: Final = 60_000
AGAIN: Final = RetryPolicy(retry_timeouts=True, jitter=0)


def at(ms: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMilliseconds(ms)
    return moment


def path(before: Execution, after: Execution) -> list[str]:
    """The reasons that lead from one to the other."""
    return [reason_name(entry.reason) for entry in after.history[len(before.history) :]]


def settled(execution: Execution, *, now_ms: int) -> Execution:
    """After a look at *now_ms*; one a millisecond before the first deadline must have found nothing."""
    due_ms = timers.due_ms(execution)
    assert due_ms is not None
    assert due_ms <= now_ms
    assert timers.settle(execution, now_ms=due_ms - 1) is execution
    return timers.settle(execution, now_ms=now_ms)


def test_a_start_deadline_counts_from_when_workers_may_get_it() -> None:
    """What is scheduled for tomorrow must not expire today, before anybody could have started it."""
    scheduled = created(start_timeout=MINUTE, scheduled_at=at(CREATED_MS + 3_600_000))
    assert timers.due_ms(scheduled) == CREATED_MS + 3_600_000 + MINUTE_MS


def test_a_schedule_in_the_past_does_not_shorten_the_start_deadline() -> None:
    """It would be cancelled at its creation."""
    late = created(start_timeout=MINUTE, scheduled_at=at(CREATED_MS - 3_600_000))
    assert timers.due_ms(late) == CREATED_MS + MINUTE_MS


def test_the_start_deadline_is_met_by_the_first_start() -> None:
    """It is about the first attempt, not about the ones that follow."""
    started = in_status(RETRYING, start_timeout=MINUTE)
    assert timers.due_ms(started) is None


def test_of_two_deadlines_at_one_moment_the_wider_one_counts() -> None:
    """Everything is over: an attempt's end, a lost worker or a start deadline no longer matter."""
    pending = created(start_timeout=MINUTE, total_timeout=MINUTE)
    assert path(pending, settled(pending, now_ms=CREATED_MS + MINUTE_MS)) == ["total_timeout"]

    running = in_status(RUNNING, timeout=Duration(seconds=59), total_timeout=MINUTE, retry_policy=AGAIN)
    assert path(running, settled(running, now_ms=CREATED_MS + MINUTE_MS)) == ["total_timeout"]

    leased = leases.claim(created(timeout=MINUTE, retry_policy=AGAIN), "w", MINUTE_MS, now_ms=STARTED_MS)
    ended = settled(leased, now_ms=STARTED_MS + MINUTE_MS)
    assert path(leased, ended) == ["attempt_timeout", "automatic_retry"]
    assert ended.crashes == 0, "a worker that was too slow is not lost"

    asked = transitions.cancel(in_status(RUNNING, total_timeout=MINUTE), "Enough.", 59_000, now_ms=STARTED_MS)
    assert path(asked, settled(asked, now_ms=CREATED_MS + MINUTE_MS)) == ["cancel_requested"]


def test_what_was_due_earlier_happens_first_however_late_anybody_looks() -> None:
    """After an hour without a server the answer to "what happened?" is still the right one."""
    leased = leases.claim(created(timeout=MINUTE, max_crashes=1), "w", 30_000, now_ms=STARTED_MS)
    assert path(leased, settled(leased, now_ms=NOW_MS + 3_600_000)) == ["lease_expired"]

    leased = leases.claim(created(timeout=Duration(seconds=20)), "w", 30_000, now_ms=STARTED_MS)
    assert path(leased, settled(leased, now_ms=NOW_MS + 3_600_000)) == ["attempt_timeout"]


def test_a_chain_of_deadlines_is_followed_to_its_end_in_one_look() -> None:
    """The attempt times out, the policy allows another, and by then there is no time left for it."""
    running = in_status(RUNNING, timeout=Duration(seconds=10), total_timeout=MINUTE, retry_policy=AGAIN)
    ended = settled(running, now_ms=CREATED_MS + MINUTE_MS)
    assert path(running, ended) == ["attempt_timeout", "automatic_retry", "total_timeout"]
    assert (ended.status, ended.revision) == (FAILED, running.revision + 3)
    assert {entry.at.ToMilliseconds() for entry in ended.history[-3:]} == {CREATED_MS + MINUTE_MS}


def test_what_runs_out_of_time_without_a_failure_says_so() -> None:
    """What is FAILED has an error. Of a failure before it, that one is kept: it tells more."""
    running = in_status(RUNNING, total_timeout=MINUTE)
    released = leases.release(running, now_ms=STARTED_MS)
    over = settled(released, now_ms=CREATED_MS + MINUTE_MS)
    assert (path(released, over), over.error.message) == (["total_timeout"], "Execution timed out")

    crashed = leases.expire(in_status(RUNNING, total_timeout=MINUTE, max_crashes=1), STARTED_MS)
    assert settled(crashed, now_ms=CREATED_MS + MINUTE_MS).error == crashed.error


def test_a_timeout_is_repeated_by_the_policy_as_long_as_attempts_are_left() -> None:
    """And waits as after any other failure."""
    now_ms, execution = STARTED_MS, in_status(RUNNING, timeout=MINUTE, retry_policy=AGAIN, max_attempts=3)
    for pause_ms in (1_000, 2_000):
        now_ms += MINUTE_MS
        execution = settled(execution, now_ms=now_ms)
        assert (execution.status, execution.error.message) == (RETRYING, "Execution timed out")
        assert execution.next_attempt_at.ToMilliseconds() == now_ms + pause_ms
        execution = transitions.start(execution, now_ms=now_ms)
    last = settled(execution, now_ms=now_ms + MINUTE_MS)
    assert (last.status, last.status_reason) == (TIMED_OUT, StatusReason.STATUS_REASON_ATTEMPT_TIMEOUT)


def test_a_timeout_is_repeated_whoever_noticed_it() -> None:
    """A caller who knows before the server must not change what comes of it."""
    running = in_status(RUNNING, retry_policy=AGAIN)
    reported = transitions.time_out(running, now_ms=NOW_MS)
    assert path(running, reported) == ["reported_timeout", "automatic_retry"]
    assert [entry.actor for entry in reported.history[-2:]] == ["", "server"]


def test_an_execution_is_never_moved_to_before_its_last_change() -> None:
    """Another primary's clock may be behind; a history that runs backwards is no history."""
    running = in_status(RUNNING, timeout=MINUTE)
    kept = transitions.save_checkpoint(running, {}, now_ms=NOW_MS + MINUTE_MS)
    ended = settled(kept, now_ms=STARTED_MS + MINUTE_MS)
    assert ended.history[-1].at.ToMilliseconds() == NOW_MS + MINUTE_MS


RETENTION: Final = Retention(succeeded=Duration(seconds=1), failed=Duration(seconds=2))
KEPT_MS: Final = {COMPLETED: 1_000, CANCELLED: 1_000, FAILED: 2_000, TIMED_OUT: 2_000}


@pytest.mark.parametrize("status", STATUSES, ids=status_name)
def test_a_record_is_kept_from_its_end_for_as_long_as_its_status_says(status: ExecutionStatus) -> None:
    """Failures longer, as somebody has yet to look at them; and what is not at rest for ever."""
    execution = in_status(status, retention=RETENTION)
    due_ms = timers.due_ms(execution)
    if status not in KEPT_MS:
        assert due_ms is None
        assert not execution.HasField("expires_at")
        assert not timers.is_expired(execution, now_ms=NOW_MS + 10**12)
        return
    assert due_ms == execution.completed_at.ToMilliseconds() + KEPT_MS[status]
    assert execution.expires_at.ToMilliseconds() == due_ms
    assert not timers.is_expired(execution, now_ms=due_ms - 1)
    assert timers.is_expired(execution, now_ms=due_ms)
    assert timers.settle(execution, now_ms=due_ms) is execution, "its end is no status change"


@pytest.mark.parametrize("status", sorted(ENDED), ids=status_name)
@pytest.mark.parametrize("retention", [Retention(), None])
def test_without_a_retention_a_record_is_kept_for_ever(
    status: ExecutionStatus, retention: Retention | None
) -> None:
    """Nobody loses what nobody asked to be removed."""
    execution = in_status(status, retention=retention)
    assert timers.due_ms(execution) is None
    assert not timers.is_expired(execution, now_ms=NOW_MS + 10**12)


def test_of_the_two_retentions_each_stands_for_itself() -> None:
    """For ever in one case, and for a second in the other."""
    only_failed = Retention(failed=Duration(seconds=2))
    assert timers.due_ms(in_status(COMPLETED, retention=only_failed)) is None
    assert timers.due_ms(in_status(FAILED, retention=only_failed)) is not None


@pytest.mark.parametrize("status", [FAILED, TIMED_OUT], ids=status_name)
def test_what_is_revived_is_not_removed(status: ExecutionStatus) -> None:
    """It is not at rest any more, and when it is again, the time counts anew."""
    ended = in_status(status, retention=RETENTION)
    revived = transitions.retry(ended, now_ms=NOW_MS)
    assert not revived.HasField("expires_at")
    assert timers.due_ms(revived) is None
    again = transitions.cancel(revived, now_ms=NOW_MS + 5_000)
    assert timers.due_ms(again) == NOW_MS + 6_000


@settings(max_examples=300, deadline=None)
@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "timeout": st.integers(1, 9).map(lambda seconds: Duration(seconds=seconds)),
            "start_timeout": st.integers(1, 9).map(lambda seconds: Duration(seconds=seconds)),
            "total_timeout": st.integers(1, 30).map(lambda seconds: Duration(seconds=seconds)),
            "scheduled_at": st.integers(-9, 9).map(lambda seconds: at(CREATED_MS + seconds * 1_000)),
            "retention": st.just(RETENTION),
            "retry_policy": st.just(AGAIN),
            "max_crashes": st.integers(0, 2),
        },
    ),
    steps=st.lists(st.one_of(st.integers(0, 5_000), st.sampled_from(VERBS)), max_size=20),
)
def test_what_always_holds_holds_whatever_calls_and_time_do_in_any_order(
    fields: dict[str, Any], steps: list[int | Verb]
) -> None:
    """Deadlines are tested one by one above; this is about what they do to each other and to calls."""
    execution, now_ms = created(**fields), CREATED_MS
    for step in steps:
        now_ms += step if isinstance(step, int) else 0
        before, due_ms = execution, timers.due_ms(execution)
        execution = timers.settle(execution, now_ms=now_ms)
        assert execution is before or (due_ms is not None and due_ms <= now_ms)
        due_ms = timers.due_ms(execution)
        assert due_ms is None or due_ms > now_ms or timers.is_expired(execution, now_ms=now_ms)
        if not isinstance(step, int):
            try:
                execution = step.call(execution, now_ms=now_ms)
            except Problem:
                continue
        check(execution)


def check(execution: Execution) -> None:
    """Each field is there in the statuses that the contract names, and in no other."""
    status = execution.status
    requested = execution.HasField("cancellation_requested_at")
    assert requested == execution.HasField("cancellation_forced_at")
    assert status == RUNNING or not (requested or execution.HasField("lease"))
    assert status == CANCELLED or requested or not execution.cancellation_reason
    assert status == RETRYING or not execution.HasField("next_attempt_at")
    assert execution.HasField("completed_at") == (status in ENDED)
    assert execution.HasField("expires_at") == (status in ENDED and execution.HasField("retention"))
    available_ms = leases.available_ms(execution)
    assert (available_ms is not None) == (status in (PENDING, RETRYING))
    if available_ms is not None:
        moments = (execution.created_at, execution.scheduled_at, execution.next_attempt_at)
        assert available_ms == max(moment.ToMilliseconds() for moment in moments)
    times = [entry.at.ToMilliseconds() for entry in execution.history]
    assert times == sorted(times)
