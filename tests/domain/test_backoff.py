"""When the next attempt comes: the retry policy, its defaults, and the part that is left to chance."""

from __future__ import annotations

from statistics import mean

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, RetryPolicy
from execution_server.domain import backoff, leases, transitions
from execution_server.domain.limits import MAX_ATTEMPTS, TIMEOUT_MS
from execution_server.domain.status import FAILED, RETRYING, RUNNING
from google.protobuf.duration_pb2 import Duration

from tests.domain.records import CREATED_MS, NOW_MS, created, in_status

PASSING = ExecutionError(message="The line is busy.", code="BUSY", retryable=True)
STEADY = RetryPolicy(jitter=0)


def milliseconds(number: int) -> Duration:
    duration = Duration()
    duration.FromMilliseconds(number)
    return duration


def pause_ms(attempts: int, policy: RetryPolicy = STEADY, refunded: int = 0) -> int:
    """How long the pause after attempt number *attempts* is."""
    failed = Execution(id="an id", attempts=attempts, retry_policy=policy, refunded_attempts=refunded)
    return backoff.next_attempt_ms(failed, PASSING, NOW_MS) - NOW_MS


def test_without_a_policy_each_pause_doubles_up_to_five_minutes() -> None:
    """These are the defaults that the contract states."""
    pauses = [pause_ms(attempts) for attempts in range(1, 12)]
    assert pauses == [1_000 * 2**number for number in range(9)] + [300_000, 300_000]


def test_a_policy_replaces_what_it_names_and_nothing_else() -> None:
    """Who wants a longer first pause need not repeat the rest."""
    policy = RetryPolicy(initial_interval=milliseconds(250), jitter=0)
    assert [pause_ms(attempts, policy) for attempts in (1, 2, 3)] == [250, 500, 1_000]
    policy.backoff_coefficient = 3
    assert [pause_ms(attempts, policy) for attempts in (1, 2, 3)] == [250, 750, 2_250]
    policy.maximum_interval.CopyFrom(milliseconds(600))
    assert [pause_ms(attempts, policy) for attempts in (1, 2, 3)] == [250, 600, 600]


def test_a_coefficient_of_one_keeps_the_pause() -> None:
    """The way to say "every ten seconds"."""
    policy = RetryPolicy(initial_interval=milliseconds(10_000), backoff_coefficient=1, jitter=0)
    assert {pause_ms(attempts, policy) for attempts in (1, 2, 50, MAX_ATTEMPTS)} == {10_000}


@pytest.mark.parametrize("attempts", [1, 2, 2_000, MAX_ATTEMPTS])
def test_no_pause_stays_no_pause(attempts: int) -> None:
    """Zero grows to zero, also where the power is too large for a number."""
    policy = RetryPolicy(initial_interval=Duration(), jitter=0)
    assert pause_ms(attempts, policy) == 0
    policy = RetryPolicy(maximum_interval=Duration(), jitter=0)
    assert pause_ms(attempts, policy) == 0


@pytest.mark.parametrize("coefficient", [1.000_001, 2, 100])
def test_the_longest_pause_holds_however_many_attempts_there_were(coefficient: float) -> None:
    """A power that is too large for a number must not end the execution's retries, or the server."""
    policy = RetryPolicy(
        initial_interval=milliseconds(TIMEOUT_MS),
        maximum_interval=milliseconds(TIMEOUT_MS),
        backoff_coefficient=coefficient,
        jitter=0,
    )
    assert pause_ms(MAX_ATTEMPTS, policy) == TIMEOUT_MS


def test_attempts_that_do_not_count_do_not_lengthen_the_pause() -> None:
    """What was given back ten times has not failed once."""
    assert pause_ms(11, refunded=10) == pause_ms(1)


def test_chance_only_ever_shortens_a_pause_and_by_no_more_than_the_policy_says() -> None:
    """The maximum is a maximum; and without a policy there is jitter."""
    for jitter, policy in ((0.2, RetryPolicy()), (0.5, RetryPolicy(jitter=0.5)), (1, RetryPolicy(jitter=1))):
        pauses = [
            backoff.next_attempt_ms(Execution(id=f"id {number}", attempts=1, retry_policy=policy), PASSING, 0)
            for number in range(1_000)
        ]
        assert 1_000 * (1 - jitter) - 1 <= min(pauses)
        assert max(pauses) <= 1_000
        # Spread over all of that range, and evenly: what failed together is not repeated together.
        assert min(pauses) < 1_000 * (1 - 0.95 * jitter)
        assert max(pauses) > 1_000 * (1 - 0.05 * jitter)
        assert abs(mean(pauses) - 1_000 * (1 - jitter / 2)) < 50 * jitter


def test_chance_is_drawn_from_the_execution_and_its_attempt() -> None:
    """The same failure decided twice gets the same moment; another execution or attempt gets another."""
    policy = RetryPolicy(backoff_coefficient=1)

    def pause(execution_id: str, attempts: int) -> int:
        execution = Execution(id=execution_id, attempts=attempts, retry_policy=policy)
        return backoff.next_attempt_ms(execution, PASSING, NOW_MS) - NOW_MS

    assert pause("a", 1) == pause("a", 1)
    assert len({pause("a", 1), pause("a", 2), pause("b", 1)}) == 3


def test_a_failure_shows_when_the_next_attempt_is_due_until_it_starts() -> None:
    """Somebody looks at it and asks why nothing happens."""
    running = in_status(RUNNING, retry_policy=STEADY)
    failed = transitions.fail(running, PASSING, now_ms=NOW_MS)
    assert failed.next_attempt_at.ToMilliseconds() == NOW_MS + 1_000
    assert leases.available_ms(failed) == NOW_MS + 1_000
    started = transitions.start(failed, now_ms=NOW_MS)
    assert not started.HasField("next_attempt_at")


def test_an_error_may_say_itself_when_to_come_back_and_does_so_once() -> None:
    """A rate limit knows better than a policy, about this failure and no other."""
    asking = ExecutionError(message="Slow down.", retryable=True, retry_delay=milliseconds(90_000))
    running = in_status(RUNNING, retry_policy=RetryPolicy(maximum_interval=milliseconds(10), jitter=0))

    failed = transitions.fail(running, asking, now_ms=NOW_MS)
    assert failed.next_attempt_at.ToMilliseconds() == NOW_MS + 90_000

    again = transitions.fail(transitions.start(failed, now_ms=NOW_MS), PASSING, now_ms=NOW_MS)
    assert again.next_attempt_at.ToMilliseconds() == NOW_MS + 10


def test_an_error_may_ask_to_be_repeated_at_once() -> None:
    """A delay of zero is given, and is not none."""
    asking = ExecutionError(message="Moved.", retryable=True, retry_delay=Duration())
    failed = transitions.fail(in_status(RUNNING), asking, now_ms=NOW_MS)
    assert failed.next_attempt_at.ToMilliseconds() == NOW_MS


def test_a_code_that_the_policy_never_repeats_fails_at_once() -> None:
    """Whatever the worker says of it: the creator knows that a card stays expired."""
    policy = RetryPolicy(non_retryable_codes=["CARD_EXPIRED", "BUSY"])
    failed = transitions.fail(in_status(RUNNING, retry_policy=policy), PASSING, now_ms=NOW_MS)
    assert failed.status == FAILED
    assert not failed.HasField("next_attempt_at")

    other = transitions.fail(
        in_status(RUNNING, retry_policy=RetryPolicy(non_retryable_codes=["CARD_EXPIRED"])),
        PASSING,
        now_ms=NOW_MS,
    )
    assert other.status == RETRYING


def test_an_error_without_a_code_is_none_of_the_codes() -> None:
    """Most errors have none."""
    policy = RetryPolicy(non_retryable_codes=["CARD_EXPIRED"])
    assert backoff.is_repeatable(policy, ExecutionError(message="?", retryable=True))
    assert not backoff.is_repeatable(policy, ExecutionError(message="?", retryable=False))


def test_a_manual_retry_does_not_wait() -> None:
    """Who asks for it now means now, and on what waits already it drops the pause."""
    waiting = transitions.fail(in_status(RUNNING), PASSING, now_ms=NOW_MS)
    hurried = transitions.retry(waiting, now_ms=NOW_MS)
    assert not hurried.HasField("next_attempt_at")
    assert leases.available_ms(hurried) == CREATED_MS == leases.available_ms(created())
