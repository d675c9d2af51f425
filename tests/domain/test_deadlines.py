"""What the server owes an execution, and when: a deadline that has passed counts, whoever notices first."""

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus
from execution_server.domain import leases, timers, transitions
from execution_server.domain.status import ENDED, RUNNING, STATUSES, TIMED_OUT, status_name
from google.protobuf.duration_pb2 import Duration

from tests.domain.deeds import DEEDS, LIMIT, Deed
from tests.domain.records import CREATED_MS, NOW_MS, in_status


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_deadline_binds_at_its_very_millisecond_and_not_before(deed: Deed) -> None:
    """Never early, and no gap in which a late completion slips through."""
    before = deed.before
    assert timers.due_ms(before) == deed.due_ms
    assert timers.settle(before, now_ms=deed.due_ms - 1) is before

    after = timers.settle(before, now_ms=deed.due_ms)

    added = after.history[len(before.history) :]
    assert [(entry.to, entry.reason) for entry in added] == deed.leads_to
    assert {entry.actor for entry in added} == {"server"}
    assert (after.status, after.status_reason) == deed.leads_to[-1]
    assert after.revision == before.revision + len(deed.leads_to)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
def test_a_settled_execution_owes_nothing_more(deed: Deed) -> None:
    """Two sweepers on one execution do no harm."""
    settled = timers.settle(deed.before, now_ms=deed.due_ms)
    assert timers.settle(settled, now_ms=deed.due_ms) is settled
    due = timers.due_ms(settled)
    assert due is None or due > deed.due_ms


@pytest.mark.parametrize("status", STATUSES, ids=status_name)
def test_nothing_is_owed_to_an_execution_without_deadlines(status: ExecutionStatus) -> None:
    """The server must not wake up for it."""
    execution = in_status(status)
    assert timers.due_ms(execution) is None
    assert timers.settle(execution, now_ms=NOW_MS + 10**12) is execution


@pytest.mark.parametrize("status", sorted(ENDED), ids=status_name)
def test_what_has_ended_has_no_deadline_any_more(status: ExecutionStatus) -> None:
    """It would be ended twice."""
    execution = in_status(status, timeout=LIMIT, start_timeout=LIMIT, total_timeout=LIMIT)
    assert timers.due_ms(execution) is None


def test_the_earliest_deadline_comes_first() -> None:
    """After an hour without a server, things still happen in the order in which they were due."""
    running = in_status(RUNNING, timeout=Duration(seconds=10), total_timeout=Duration(seconds=5))
    assert timers.due_ms(running) == CREATED_MS + 5_000
    assert timers.settle(running, now_ms=NOW_MS + 3_600_000).status == TIMED_OUT


def test_the_timeout_counts_anew_for_each_attempt() -> None:
    """It is how long one attempt may take, not the execution."""
    timed_out = timers.settle(in_status(RUNNING, timeout=LIMIT), now_ms=NOW_MS)
    second = transitions.start(transitions.retry(timed_out, now_ms=NOW_MS), now_ms=NOW_MS + 5_000)
    assert timers.due_ms(second) == NOW_MS + 5_000 + 30_000


def test_a_new_timeout_counts_for_the_attempt_under_way() -> None:
    """Who finds out that an attempt needs longer must not have to lose it."""
    running = in_status(RUNNING, timeout=LIMIT)
    started_ms = running.started_at.ToMilliseconds()
    longer = transitions.update(running, Execution(timeout=Duration(seconds=90)), ["timeout"], now_ms=NOW_MS)
    assert timers.due_ms(longer) == started_ms + 90_000
    without = transitions.update(longer, Execution(), ["timeout"], now_ms=NOW_MS)
    assert timers.due_ms(without) is None


def test_word_from_its_worker_keeps_a_lease() -> None:
    """Progress, checkpoints and heartbeats all say that the worker lives."""
    claimed = leases.claim(
        in_status(ExecutionStatus.EXECUTION_STATUS_PENDING), "w-1", 30_000, now_ms=CREATED_MS
    )
    assert timers.due_ms(claimed) == CREATED_MS + 30_000
    for kept in (
        leases.keep(claimed, now_ms=NOW_MS),
        transitions.save_checkpoint(claimed, {}, now_ms=NOW_MS),
    ):
        assert timers.due_ms(kept) == NOW_MS + 30_000
