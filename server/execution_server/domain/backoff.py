"""
When the next attempt comes after a failure.

The random part is drawn from the execution's id and attempt, so that deciding stays pure: the same failure decided
twice, by whichever process, gets the same moment, and executions that failed together still spread out.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from croco.execution.v1.execution_pb2 import Execution, ExecutionError, RetryPolicy

INITIAL_INTERVAL_MS: Final = 1_000
BACKOFF_COEFFICIENT: Final = 2.0
MAXIMUM_INTERVAL_MS: Final = 5 * 60_000
JITTER: Final = 0.2


def next_attempt_ms(execution: Execution, error: ExecutionError, now_ms: int) -> int:
    """When the attempt after the current one is due, in epoch milliseconds."""
    if error.HasField("retry_delay"):
        return now_ms + error.retry_delay.ToMilliseconds()
    made = execution.attempts - execution.refunded_attempts
    return now_ms + _pause_ms(execution.retry_policy, made, _draw(execution))


def is_repeatable(policy: RetryPolicy, error: ExecutionError) -> bool:
    """Whether the error may be repeated, by its own word and by the policy."""
    return error.retryable and error.code not in policy.non_retryable_codes


def _pause_ms(policy: RetryPolicy, made: int, drawn: float) -> int:
    initial = (
        policy.initial_interval.ToMilliseconds()
        if policy.HasField("initial_interval")
        else INITIAL_INTERVAL_MS
    )
    longest = (
        policy.maximum_interval.ToMilliseconds()
        if policy.HasField("maximum_interval")
        else MAXIMUM_INTERVAL_MS
    )
    coefficient = (
        policy.backoff_coefficient if policy.HasField("backoff_coefficient") else BACKOFF_COEFFICIENT
    )
    jitter = policy.jitter if policy.HasField("jitter") else JITTER
    try:
        pause = min(longest, initial * coefficient ** (made - 1))
    except OverflowError:
        pause = longest if initial else 0
    return int(pause * (1 - jitter * drawn))


def _draw(execution: Execution) -> float:
    """A number in [0, 1) that is as good as random from one execution or attempt to another."""
    digest = blake2b(f"{execution.id} {execution.attempts}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32
