"""Every metric: its name, its meaning, and where its number comes from."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from croco.execution.v1.execution_pb2 import ExecutionStatus
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

from ..changes import Transition
from ..counts import Histogram
from ..domain.status import reason_name, status_name
from ..places import Places
from ..version import version
from .parts import Parts

LOST: Final = frozenset({"lease_expired", "crashes_exhausted"})
"""With these reasons an attempt ends whose worker has not kept its lease."""


class Families:
    """
    A collector in the sense of prometheus_client. It runs in a thread beside the event loop, so it looks at copies.

    Attributes:
        stored: how many executions there are by type and status; None: not known now, so nothing is told.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.stored: Mapping[tuple[str, ExecutionStatus], int] | None = None

    def collect(self) -> Iterator[Metric]:
        """Every metric as it is now."""
        yield from self._of_calls()
        yield from self._of_executions()
        yield from self._of_the_store()
        yield from self._of_watches_and_workers()
        yield from self._of_the_process()

    def _of_calls(self) -> Iterator[Metric]:
        calls = self._parts.calls
        yield _histograms(
            "grpc_server_call_duration",
            "How long calls took that have ended.",
            ("method", "code"),
            [((path[1:], code), seen) for (path, code), seen in list(calls.seen.items())],
        )
        classes: dict[str, Places] = {
            "unary": calls.places,
            "watch": self._parts.hub.places,
            "worker": self._parts.workers.places,
        }
        flying = GaugeMetricFamily("execution_calls_in_flight", "Calls under way.", labels=("class",))
        limits = GaugeMetricFamily("execution_calls_limit", "Calls that may be under way.", labels=("class",))
        refused = CounterMetricFamily(
            "execution_calls_refused", "Calls that found no place under way.", labels=("class",)
        )
        for name, places in classes.items():
            flying.add_metric([name], places.taken)
            limits.add_metric([name], places.limits.per_process)
            refused.add_metric([name], places.refused)
        yield from (flying, limits, refused)
        yield GaugeMetricFamily(
            "execution_request_in_flight_bytes", "Bytes of the requests under way.", calls.bytes
        )

    def _of_executions(self) -> Iterator[Metric]:
        if self.stored is not None:
            stored = GaugeMetricFamily(
                "execution_stored_executions",
                "Executions in the store; the same from every process. Type '': of all types that are not told apart.",
                labels=("type", "status"),
            )
            for (type_, status), number in self.stored.items():
                stored.add_metric([type_, status_name(status)], number)
            yield stored
        seen = list(self._parts.manager.transitions.items())
        yield _transitions(seen)
        lost = sum(number for transition, number in seen if reason_name(transition.reason) in LOST)
        yield CounterMetricFamily(
            "execution_leases_lost", "Attempts that ended because their worker had not kept its lease.", lost
        )
        yield _histogram(
            "execution_sweep_lateness",
            "How much later than owed the server did what nobody had called for: timeouts, lost leases, retention.",
            self._parts.manager.lateness,
        )
        age = time.monotonic() - self._parts.sweeper.completed_at
        yield GaugeMetricFamily("execution_sweep_age_seconds", "Since the last complete sweep.", age)

    def _of_the_store(self) -> Iterator[Metric]:
        traffic = self._parts.store.traffic
        yield _histogram(
            "execution_store_round_trip", "How long the store took to answer.", traffic.round_trips
        )
        yield CounterMetricFamily(
            "execution_store_retries", "Commands that were sent to the store again.", traffic.retries
        )
        yield CounterMetricFamily(
            "execution_store_connections_lost", "Lost connections to the store.", traffic.connections_lost
        )
        yield CounterMetricFamily(
            "execution_commit_conflicts",
            "Commits that came too late and were decided again, since another process's was first.",
            self._parts.manager.conflicts,
        )

    def _of_watches_and_workers(self) -> Iterator[Metric]:
        deliveries = self._parts.hub.deliveries
        yield _histogram(
            "execution_watch_lag", "From a change to the message about it, per message.", deliveries.lag
        )
        yield CounterMetricFamily(
            "execution_watch_conflated",
            "Changes that a watch told of only together with a later one.",
            deliveries.conflated,
        )
        busy, free = self._parts.workers.holders.slots()
        slots = GaugeMetricFamily(
            "execution_worker_slots", "Slots of the workers whose streams are here.", labels=("state",)
        )
        slots.add_metric(["busy"], busy)
        slots.add_metric(["free"], free)
        yield slots

    def _of_the_process(self) -> Iterator[Metric]:
        yield GaugeMetricFamily(
            "execution_ready",
            "1 while the store answers and the process takes calls.",
            self._parts.health.is_ready,
        )
        build = GaugeMetricFamily("execution_build_info", "What runs.", labels=("version",))
        build.add_metric([version()], 1)
        yield build


def _transitions(seen: Iterable[tuple[Transition, int]]) -> Metric:
    counted = CounterMetricFamily(
        "execution_transitions", "Status changes committed by this process.", labels=("from", "to", "reason")
    )
    for transition, number in seen:
        before = status_name(transition.before) if transition.before else "none"
        counted.add_metric([before, status_name(transition.after), reason_name(transition.reason)], number)
    return counted


def _histogram(name: str, meaning: str, histogram: Histogram) -> Metric:
    return _histograms(name, meaning, (), [((), histogram)])


def _histograms(
    name: str, meaning: str, labels: tuple[str, ...], each: Iterable[tuple[tuple[str, ...], Histogram]]
) -> Metric:
    """Of seconds, as all here are."""
    family = HistogramMetricFamily(f"{name}_seconds", meaning, labels=labels)
    for values, histogram in each:
        total, buckets = 0, []
        bounds = (*map(str, histogram.bounds), "+Inf")
        for bound, number in zip(bounds, list(histogram.counts), strict=True):
            total += number
            buckets.append((bound, float(total)))
        family.add_metric(values, buckets, histogram.sum)
    return family
