"""How results are told: ratios with their spread, in Markdown tables on standard output; progress on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final

_BEGAN: Final = time.monotonic()


def progress(text: str) -> None:
    """Say what is being done now."""
    print(f"[{time.monotonic() - _BEGAN:4.0f} s] {text}", file=sys.stderr, flush=True)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table."""
    print(f"\n### {title}\n")
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
    print(flush=True)


def spread(ratios: Sequence[float]) -> str:
    """The median, the middle half and how many there are: ``1.31 (1.28-1.36, n=20)``."""
    if len(ratios) < 2:
        return f"{ratios[0]:.2f} (n=1)"
    low, _, high = quantiles(ratios, n=4, method="inclusive")
    return f"{median(ratios):.2f} ({low:.2f}-{high:.2f}, n={len(ratios)})"


def percentile(values: Sequence[float], percent: int) -> float:
    """The value that *percent* of *values* do not exceed."""
    return quantiles(values, n=100, method="inclusive")[percent - 1]
