"""How much is measured: enough to be believed, or enough to see that it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The sizes of a run."""

    rounds: int
    """Pairs per ratio."""
    calls: int
    """Calls per slice."""
    executions: int
    """How many the store holds when its memory is measured."""
    stored: tuple[int, ...]
    """How many executions there are when lists and counts are measured; the first is the reference."""
    watches: tuple[int, ...]
    """How many watches are open."""
    watch_rounds: int
    """Pairs per ratio of watches."""
    deliveries: int
    """Messages per slice of watches, at least."""
    paced_seconds: float
    """How long reads go on, beside a fan-out and without it."""
    slow_updates: int
    """Updates that slow readers do not read."""
    lifecycles: int
    """Per round of each peer."""


FULL = Scale(
    rounds=15,
    calls=1_500,
    executions=20_000,
    stored=(1_000, 100_000, 1_000_000),
    watches=(100, 1_000, 5_000),
    watch_rounds=5,
    deliveries=2_000,
    paced_seconds=2.0,
    slow_updates=5_000,
    lifecycles=400,
)
QUICK = Scale(
    rounds=4,
    calls=600,
    executions=4_000,
    stored=(1_000, 10_000, 100_000),
    watches=(100, 1_000),
    watch_rounds=2,
    deliveries=500,
    paced_seconds=2.0,
    slow_updates=1_000,
    lifecycles=200,
)
