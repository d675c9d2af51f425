"""
What the parts of a server count while they work.

Plain numbers: to count costs next to nothing, whether or not anybody reads them. ``metrics/`` does.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

SECONDS: Final = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
"""From the way to a store on the same machine to the longest deadline of a call."""


class Histogram:
    """
    How many observations there were up to each bound, and their sum.

    Attributes:
        bounds: the largest value of each bucket but the last, which has none.
        counts: how many observations are in each bucket.
        sum: of all observations.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = SECONDS) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count an observation."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class Traffic:
    """
    What a store counts of the way to where it keeps things.

    Attributes:
        round_trips: how long answers took that came, in seconds.
        retries: how often something was sent again, or was to wait for a connection.
        connections_lost: how often a connection was.
    """

    __slots__ = ("connections_lost", "retries", "round_trips")

    def __init__(self) -> None:
        self.round_trips = Histogram()
        self.retries = 0
        self.connections_lost = 0


class Deliveries:
    """
    What a hub counts of the messages of watches.

    Attributes:
        lag: from the change to the message about it, in seconds.
        conflated: changes that were not told by themselves but with a later one.
    """

    __slots__ = ("conflated", "lag")

    def __init__(self) -> None:
        self.lag = Histogram()
        self.conflated = 0
