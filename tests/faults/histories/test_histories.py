"""
What many callers do to executions while servers, stores and links fail can be explained, all of it.

``make faults`` makes more histories; ``FAULTS_SEED`` repeats the choices of a run.
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

import pytest

from tests.clients.scenario.languages import driver_command
from tests.faults.histories.run import Plan, run
from tests.faults.histories.sites import KINDS, SINGLE
from tests.wrong_clocks import available

SITES: Final = KINDS if os.environ.get("FAULTS_SITES") == "all" else SINGLE
"""A failover takes long, so `make check` leaves those that have any to `make faults`."""
HISTORIES: Final = int(os.environ.get("FAULTS_HISTORIES") or 334)
"""At each site; of three sites a thousand."""
FAULTS: Final = int(os.environ.get("FAULTS_EFFECTIVE") or 17)
"""At each site, with an effect."""
ROUNDS: Final = int(os.environ.get("FAULTS_ROUNDS") or 1)
LANGUAGES: Final = [one for one in ("python", "go") if Path(driver_command(one)[-1]).exists()]
"""Of the clients that take part: Go's if its driver was built, as `make faults` does."""
CALLS: Final = 10
"""Of each history, on average; fewer prove little."""


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("kind", SITES)
async def test_whatever_fails_all_histories_can_be_explained(kind: str, number: int, tmp_path: Path) -> None:
    """The first three promises of the service: checked, repeatable, not forgotten; and the fourth, for who watches."""
    seed = int(os.environ.get("FAULTS_SEED") or random.randrange(2**32))
    plan = Plan(
        kind=kind,
        seed=seed,
        histories=HISTORIES,
        faults=FAULTS,
        most=10 * HISTORIES,
        languages=LANGUAGES,
        late=kind == "valkey9",
        stores_apart=available() and number % 2 == 1,
    )
    outcome = await run(plan, tmp_path)
    print(f"\nFAULTS_SEED={seed} {kind}, round {number}: {outcome}")
    assert outcome.wrong == [], "\n".join(outcome.wrong)
    assert [*outcome.verdicts] == ["explained"]
    assert outcome.effective.total() >= FAULTS, "a void run: too few faults had an effect"
    assert outcome.calls.total() >= CALLS * HISTORIES, "a void run: too few calls"
