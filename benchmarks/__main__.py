"""Measure everything, or what is named, and print tables of ratios, counts and bytes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable
from typing import Final

import uvloop

from . import (
    batches,
    beside,
    calls,
    clients,
    commands,
    evenness,
    growth,
    listeners,
    memory,
    observed,
    overload,
    plain,
    slow_readers,
    start,
    watches,
    workers,
)
from .peers import comparing
from .report import progress
from .scale import FULL, QUICK, Scale

SECTIONS: Final[dict[str, Callable[[Scale], Awaitable[None]]]] = {
    "calls": calls.measure,
    "commands": commands.measure,
    "memory": memory.measure,
    "growth": growth.measure,
    "watches": watches.measure,
    "beside": beside.measure,
    "slow-readers": slow_readers.measure,
    "workers": workers.measure,
    "overload": overload.measure,
    "observed": observed.measure,
    "batches": batches.measure,
    "plain": plain.measure,
    "listeners": listeners.measure,
    "start": start.measure,
    "evenness": evenness.measure,
    "peers": comparing.measure,
    "clients": clients.measure,
}
BY_NAME_ONLY: Final = frozenset({"clients", "peers"})
"""What needs more than is here: compilers, Node.js, and packages from registries."""


def main() -> int:
    """Run the command line; answers the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; none: all but peers"
    )
    parser.add_argument("--quick", action="store_true", help="smaller and fewer: to see that it runs")
    arguments = parser.parse_args()
    unknown = set(arguments.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"there is no section {', '.join(sorted(unknown))}")
    if sys.platform != "linux":
        parser.error("the clocks of other processes are read in a way that only Linux has")
    names = arguments.sections or [name for name in SECTIONS if name not in BY_NAME_ONLY]
    uvloop.run(_measure(names, QUICK if arguments.quick else FULL))
    return 0


async def _measure(names: list[str], scale: Scale) -> None:
    for name in names:
        progress(f"{name}: begins")
        await SECTIONS[name](scale)


if __name__ == "__main__":
    sys.exit(main())
