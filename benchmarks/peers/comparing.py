"""
Measures the service and its peers by turns, and prints how each compares with the service.

Everything is a ratio of two measurements of one round, as a machine's speed drifts; lifecycles by CPU is what the CPU
clocks of all processes of a system say, the store's included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median
from typing import Final

from ..report import percentile, progress, spread, table
from ..scale import Scale
from . import install
from .systems import KINDS, System, running

OUTSTANDING: Final = 64
WATCHED: Final = 8
"""Lifecycles under way while it is timed when their progress is seen."""
PAUSE_SECONDS: Final = 0.05
PARTS: Final = ("creator", "worker", "server", "store")


@dataclass(frozen=True)
class Found:
    """One round of one system, per lifecycle."""

    seconds: float
    cpu_seconds: dict[str, float]
    median_seen: float
    """From a progress report to whoever watches it, in seconds."""
    late_seen: float
    """The same of the slowest hundredth."""

    @property
    def cpu(self) -> float:
        """Of all processes."""
        return sum(self.cpu_seconds.values())


async def measure(scale: Scale) -> None:
    """Print a row per system."""
    await install.install()
    found: defaultdict[str, list[Found]] = defaultdict(list)
    grown: dict[str, float] = {}
    async with AsyncExitStack() as stack:
        systems = [await stack.enter_async_context(running(kind)) for kind in KINDS]
        for system in systems:
            await system.order(OUTSTANDING, OUTSTANDING)  # warms it up
        before = {system.kind.name: system.store_bytes() for system in systems}
        for number in range(scale.watch_rounds):
            for system in systems:
                found[system.kind.name].append(await _round(system, scale.lifecycles))
                progress(f"peers: {system.kind.name}, round {number + 1} of {scale.watch_rounds}")
        done = scale.watch_rounds * (scale.lifecycles + scale.lifecycles // 4)
        for system in systems:
            grown[system.kind.name] = (system.store_bytes() - before[system.kind.name]) / done
    _tell(found, grown)


async def _round(system: System, count: int) -> Found:
    before = system.cpu_seconds()
    loaded = await system.order(count, OUTSTANDING)
    after = system.cpu_seconds()
    watched = await system.order(count // 4, WATCHED, pause_seconds=PAUSE_SECONDS)
    return Found(
        seconds=loaded["seconds"] / count,
        cpu_seconds={part: (after[part] - used) / count for part, used in before.items()},
        median_seen=median(watched["observed"]),
        late_seen=percentile(watched["observed"], 99),
    )


def _tell(found: dict[str, list[Found]], grown: dict[str, float]) -> None:
    ours = found[KINDS[0].name]
    rows = []
    for name, rounds in found.items():
        pairs = [*zip(rounds, ours, strict=True)]
        rows.append(
            [
                name,
                spread([our.seconds / one.seconds for one, our in pairs]),
                spread([our.cpu / one.cpu for one, our in pairs]),
                " : ".join(_shares(rounds)),
                spread([one.median_seen / our.median_seen for one, our in pairs]),
                spread([one.late_seen / our.late_seen for one, our in pairs]),
                f"{grown[name]:,.0f}",
            ]
        )
    columns = [
        *("system", "lifecycles per second", "lifecycles per CPU second", f"its CPU: {', '.join(PARTS)} (%)"),
        *("progress to observer, median", "p99", "store bytes per lifecycle"),
    ]
    table("A lifecycle / the service's by batches and a stream", columns, rows)


def _shares(rounds: Sequence[Found]) -> list[str]:
    """What part of the CPU each kind of process has used, in percent."""
    whole = sum(one.cpu for one in rounds)
    return [f"{100 * sum(one.cpu_seconds.get(part, 0.0) for one in rounds) / whole:.0f}" for part in PARTS]
