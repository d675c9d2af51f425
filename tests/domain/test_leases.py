"""Work under a lease: who may have it and when, what keeps it, what its end costs, and how it is called off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from croco.execution.v1.execution_pb2 import (
    Execution,
    ExecutionError,
    ExecutionStatus,
    Progress,
    RetryPolicy,
    StatusReason,
)
from execution_server.domain import leases, requests, timers, transitions
from execution_server.domain.problems import AttemptFenced, InvalidField, InvalidStateTransition
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
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
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests.domain.records import CREATED_MS, NOW_MS, created, failure, in_status

LEASE_MS: Final = 30_000
GRACE_MS: Final = 5_000


def claimed(execution: Execution | None = None, *, now_ms: int = NOW_MS) -> Execution:
    """An execution that worker "w" holds."""
    return leases.claim(execution or created(max_crashes=3), "w", LEASE_MS, now_ms=now_ms)


def lease_ends_ms(execution: Execution) -> int:
    assert execution.HasField("lease")
    return execution.lease.expires_at.ToMilliseconds()


def test_a_claim_begins_an_attempt_under_the_workers_name() -> None:
    """Everybody can see who has it and until when."""
    held = claimed()
    assert (held.status, held.attempts, held.lease.worker_id) == (RUNNING, 1, "w")
    assert held.lease.duration.ToMilliseconds() == LEASE_MS
    assert lease_ends_ms(held) == timers.due_ms(held) == NOW_MS + LEASE_MS


def test_a_start_without_a_worker_has_no_lease() -> None:
    """Nobody has promised to be heard of, so silence means nothing."""
    assert not in_status(RUNNING).HasField("lease")


@pytest.mark.parametrize("status", STATUSES, ids=status_name)
def test_workers_get_what_waits_for_an_attempt_and_nothing_else(status: ExecutionStatus) -> None:
    """Nothing runs twice, and nothing that has ended runs again by itself."""
    available_ms = leases.available_ms(in_status(status))
    if status == PENDING:
        assert available_ms == CREATED_MS
    elif status == RETRYING:
        assert available_ms == in_status(status).next_attempt_at.ToMilliseconds()
    else:
        assert available_ms is None
        with pytest.raises(InvalidStateTransition):
            claimed(in_status(status), now_ms=NOW_MS + 10**9)


def at(ms: int) -> Timestamp:
    moment = Timestamp()
    moment.FromMilliseconds(ms)
    return moment


def test_workers_get_nothing_before_its_time() -> None:
    """Never early: not a millisecond, nor a part of one."""
    scheduled = created(scheduled_at=at(NOW_MS))
    with pytest.raises(InvalidStateTransition):
        claimed(scheduled, now_ms=NOW_MS - 1)
    assert claimed(scheduled, now_ms=NOW_MS).status == RUNNING

    between = created(scheduled_at=Timestamp(seconds=NOW_MS // 1_000, nanos=1))
    assert leases.available_ms(between) == NOW_MS // 1_000 * 1_000 + 1


def test_the_schedule_holds_for_attempts_that_come_before_it() -> None:
    """Somebody may start it by hand; when that fails, workers still wait."""
    started = transitions.start(created(scheduled_at=at(NOW_MS + 60_000)), now_ms=NOW_MS)
    failed = transitions.fail(started, failure(retryable=True), now_ms=NOW_MS)
    assert failed.next_attempt_at.ToMilliseconds() < NOW_MS + 60_000
    assert leases.available_ms(failed) == NOW_MS + 60_000


def test_a_schedule_in_the_past_jumps_no_queue() -> None:
    """Within a priority the oldest comes first, and it is not older than its creation."""
    assert leases.available_ms(created(scheduled_at=at(0))) == CREATED_MS
    assert leases.available_ms(created(scheduled_at=Timestamp(seconds=-62_135_596_800))) == CREATED_MS


def test_a_backoff_can_be_cut_short_by_hand_but_not_by_workers() -> None:
    """They get it when the policy says; StartExecution need not wait."""
    waiting = in_status(RETRYING)
    due_ms = waiting.next_attempt_at.ToMilliseconds()
    with pytest.raises(InvalidStateTransition):
        claimed(waiting, now_ms=due_ms - 1)
    assert claimed(waiting, now_ms=due_ms).attempts == 2
    assert transitions.start(waiting, now_ms=due_ms - 1).attempts == 2


REPORTS: Final[dict[str, Callable[[Execution, int], Execution]]] = {
    "a heartbeat": lambda held, now_ms: leases.keep(held, now_ms=now_ms),
    "progress": lambda held, now_ms: transitions.update_progress(held, Progress(current=1), now_ms=now_ms),
    "a checkpoint": lambda held, now_ms: transitions.save_checkpoint(
        held, {"k": Value(number_value=1)}, now_ms=now_ms
    ),
}


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_every_word_of_the_worker_keeps_the_lease(report: Callable[[Execution, int], Execution]) -> None:
    """And as long as it is kept, the server owes nothing."""
    held = claimed()
    for now_ms in range(NOW_MS, NOW_MS + 10 * LEASE_MS, LEASE_MS - 1):
        assert timers.settle(held, now_ms=now_ms) is held
        held = report(held, now_ms)
        assert (held.status, lease_ends_ms(held)) == (RUNNING, now_ms + LEASE_MS)


def test_what_others_do_keeps_no_lease() -> None:
    """The worker may be dead while its execution gets a new label."""
    held = claimed()
    labelled = transitions.update(held, Execution(labels={"a": "b"}), ["labels"], now_ms=NOW_MS + 1)
    asked = transitions.cancel(held, "Enough.", 10**6, now_ms=NOW_MS + 1)
    assert {lease_ends_ms(one) for one in (held, labelled, asked)} == {NOW_MS + LEASE_MS}


def test_a_lost_worker_costs_a_crash_and_no_attempt() -> None:
    """The execution may be innocent; and workers may get it again at once."""
    lost = timers.settle(claimed(), now_ms=NOW_MS + LEASE_MS)
    assert (lost.status, lost.status_reason) == (RETRYING, StatusReason.STATUS_REASON_LEASE_EXPIRED)
    assert (lost.crashes, lost.attempts, lost.refunded_attempts) == (1, 1, 1)
    assert (lost.error.code, lost.error.retryable) == ("LEASE_EXPIRED", True)
    assert not lost.HasField("next_attempt_at")
    assert (lost.history[-1].actor, lost.history[-1].attempt) == ("server", 1)
    assert claimed(lost, now_ms=NOW_MS + LEASE_MS).attempts == 2


@pytest.mark.parametrize("max_crashes", [0, 1, 3])
def test_an_execution_that_keeps_killing_its_workers_fails(max_crashes: int) -> None:
    """After as many as its creator allows, however many attempts are left."""
    execution, now_ms = created(max_crashes=max_crashes, max_attempts=1_000), NOW_MS
    for _ in range(max_crashes):
        now_ms += LEASE_MS
        execution = timers.settle(claimed(execution, now_ms=now_ms - LEASE_MS), now_ms=now_ms)
        assert execution.status == RETRYING
    execution = timers.settle(claimed(execution, now_ms=now_ms), now_ms=now_ms + LEASE_MS)
    assert (execution.status, execution.status_reason) == (
        FAILED,
        StatusReason.STATUS_REASON_CRASHES_EXHAUSTED,
    )
    assert execution.crashes == max_crashes + 1


def test_crashes_and_attempts_are_two_budgets() -> None:
    """Two lost workers leave all attempts, and failures all crashes."""
    execution, now_ms = created(max_crashes=2, max_attempts=2), NOW_MS
    for _ in range(2):
        now_ms += LEASE_MS
        execution = timers.settle(claimed(execution, now_ms=now_ms - LEASE_MS), now_ms=now_ms)
    for status in (RETRYING, FAILED):
        held = claimed(execution, now_ms=now_ms)
        execution = transitions.fail(
            held, ExecutionError(message="no", retryable=True, retry_delay=Duration()), now_ms=now_ms
        )
        assert execution.status == status
    assert execution.status_reason == StatusReason.STATUS_REASON_ATTEMPTS_EXHAUSTED
    assert (execution.attempts, execution.refunded_attempts, execution.crashes) == (4, 2, 2)


def test_what_is_given_back_costs_nothing() -> None:
    """A worker that has to go is no crash, and the next one may have it at once."""
    released = leases.release(claimed(created(max_attempts=1)), now_ms=NOW_MS + 1)
    assert (released.status, released.status_reason) == (RETRYING, StatusReason.STATUS_REASON_RELEASED)
    assert (released.crashes, released.refunded_attempts, released.history[-1].actor) == (0, 1, "")
    assert leases.available_ms(released) == CREATED_MS, "it is as old as it was"
    assert claimed(released, now_ms=NOW_MS + 1).attempts == 2


def test_what_is_given_back_for_later_waits() -> None:
    """A worker may know that it is of no use before ten o'clock."""
    released = leases.release(claimed(), 60_000, now_ms=NOW_MS)
    assert released.next_attempt_at.ToMilliseconds() == leases.available_ms(released) == NOW_MS + 60_000


ENDS: Final[dict[str, tuple[Callable[[Execution], Execution], ExecutionStatus]]] = {
    "completed": (lambda held: transitions.complete(held, None, now_ms=NOW_MS), COMPLETED),
    "failed for good": (lambda held: transitions.fail(held, failure(retryable=False), now_ms=NOW_MS), FAILED),
    "failed for now": (lambda held: transitions.fail(held, failure(retryable=True), now_ms=NOW_MS), RETRYING),
    "given back": (lambda held: leases.release(held, now_ms=NOW_MS), RETRYING),
    "lost": (lambda held: timers.settle(held, now_ms=NOW_MS + LEASE_MS), RETRYING),
    "too slow": (lambda held: transitions.time_out(held, now_ms=NOW_MS), RETRYING),
    "cancelled": (lambda held: transitions.cancel(held, now_ms=NOW_MS), CANCELLED),
}
"""How an attempt ends, and where that leads if nobody has asked for its cancellation."""
ASKED_ENDS: Final = {
    "completed": COMPLETED,
    "failed for good": FAILED,
    "failed for now": CANCELLED,
    "given back": CANCELLED,
    "lost": CANCELLED,
    "too slow": TIMED_OUT,
    "cancelled": CANCELLED,
}
"""The same if somebody has: what has ended stays as it ended, and nothing begins again."""


def running(*, asked: bool) -> Execution:
    """A leased execution that would be repeated after whatever happens."""
    held = claimed(created(max_crashes=3, retry_policy=RetryPolicy(retry_timeouts=True)))
    return transitions.cancel(held, "Enough.", 10**6, now_ms=NOW_MS) if asked else held


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("asked", [False, True], ids=["", "asked to stop"])
def test_the_end_of_an_attempt_ends_lease_and_request(end: str, *, asked: bool) -> None:
    """The next worker must not find the name of the last one, nor a request to stop that was not for it."""
    way, status = ENDS[end]
    ended = way(running(asked=asked))
    assert ended.status == (ASKED_ENDS[end] if asked else status)
    assert not ended.HasField("lease")
    assert not ended.HasField("cancellation_requested_at")
    assert not ended.HasField("cancellation_forced_at")
    assert bool(ended.cancellation_reason) == (asked and ended.status == CANCELLED)


@pytest.mark.parametrize("status", [PENDING, RETRYING], ids=status_name)
def test_what_nobody_runs_is_cancelled_at_once_whatever_the_grace(status: ExecutionStatus) -> None:
    """There is nobody to wait for."""
    cancelled = transitions.cancel(in_status(status), "Enough.", GRACE_MS, now_ms=NOW_MS)
    assert (cancelled.status, cancelled.cancellation_reason) == (CANCELLED, "Enough.")


def test_a_running_attempt_is_asked_to_stop_and_made_to_when_its_grace_ends() -> None:
    """The request is there for all to see; and the fence falls at the end of the grace, not before."""
    asked = transitions.cancel(claimed(), "Enough.", GRACE_MS, now_ms=NOW_MS)
    assert (asked.status, asked.cancellation_reason) == (RUNNING, "Enough.")
    assert asked.cancellation_requested_at.ToMilliseconds() == NOW_MS
    assert asked.cancellation_forced_at.ToMilliseconds() == timers.due_ms(asked) == NOW_MS + GRACE_MS
    assert timers.settle(asked, now_ms=NOW_MS + GRACE_MS - 1) is asked

    forced = timers.settle(asked, now_ms=NOW_MS + GRACE_MS)
    assert (forced.status, forced.cancellation_reason) == (CANCELLED, "Enough.")
    assert forced.history[-1].actor == "server"


def test_a_second_request_does_not_move_the_end_of_the_grace() -> None:
    """Else who asks again and again would never get it; who means it asks without grace."""
    asked = transitions.cancel(claimed(), "Enough.", GRACE_MS, now_ms=NOW_MS)
    assert transitions.cancel(asked, "Now!", 1, now_ms=NOW_MS + 1) is asked
    at_once = transitions.cancel(asked, "Now!", now_ms=NOW_MS + 1)
    assert (at_once.status, at_once.cancellation_reason) == (CANCELLED, "Enough.")


@pytest.mark.parametrize("end", ENDS)
def test_the_worker_of_an_ended_attempt_is_refused_and_told_why(end: str) -> None:
    """It has to know whether to clean up, to shrug or to alarm somebody."""
    ended = ENDS[end][0](running(asked=False))
    reason = reason_name(ended.history[-1].reason)
    cause = "reported_timeout" if reason == "automatic_retry" else reason
    if ended.status == RETRYING:
        now_ms = NOW_MS + 10**9
        ended = claimed(ended, now_ms=now_ms)
    with pytest.raises(AttemptFenced) as fenced:
        requests.check_attempt(ended, 1, from_worker=True)
    assert fenced.value.metadata["cause"] == cause
    assert fenced.value.metadata["currentAttempt"] == str(ended.attempts)


def test_leased_work_has_to_say_which_attempt_it_is() -> None:
    """A worker that was cut off does not know that it was; without its attempt it could not be told from the next."""
    with pytest.raises(InvalidField) as refused:
        requests.check_attempt(claimed(), None, from_worker=True)
    assert refused.value.metadata == {"field": "attempt"}
    requests.check_attempt(claimed(), 1, from_worker=True)
    requests.check_attempt(claimed(), None, from_worker=False)
    requests.check_attempt(in_status(RUNNING), None, from_worker=True)
