"""Those who look for faults find the ones that were put there: else their silence would mean nothing."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from tests import wrong_clocks
from tests.faults.histories.mutants import MUTANTS, WITH_CLOCKS, Mutant, environ_of
from tests.faults.histories.run import Plan, run

HISTORIES: Final = 40
"""So many are mostly enough to find any of them."""
TRIES: Final = 5
"""With all of them it is still a fifth of what `make check` looks at."""
BREAKAGES: Final = ("answers cut off", "callers give up", "connections killed", "link slow")
"""The faults that take no time."""


@pytest.mark.parametrize("some", [MUTANTS[first : first + 5] for first in range(0, len(MUTANTS), 5)])
async def test_every_seeded_fault_is_found(some: Sequence[Mutant], tmp_path: Path) -> None:
    """And by who looks for such faults, in few histories. Several at the same time, as each waits a lot."""
    await look_for(some, tmp_path)


async def test_whoever_goes_by_the_clock_of_the_process_is_found(tmp_path: Path) -> None:
    """Each server has a clock that is wrong in another way, so nothing but the store's clock will do."""
    wrong_clocks.required()
    await look_for(WITH_CLOCKS, tmp_path)


async def look_for(some: Sequence[Mutant], tmp_path: Path) -> None:
    """Find all of them."""
    complaints = await asyncio.gather(
        *(complaint_about(mutant, tmp_path / str(number)) for number, mutant in enumerate(some))
    )
    assert [one for one in complaints if one] == []


async def complaint_about(mutant: Mutant, folder: Path) -> str:
    """That the mutant was not found, if so."""
    environ = await asyncio.to_thread(environ_of, mutant, folder / "mutant")
    late = "not_after" in mutant.was
    wrong: list[str] = []
    for number in range(TRIES):
        plan = Plan(
            kind="valkey9",
            seed=random.randrange(2**32),
            histories=8 if late else HISTORIES,
            faults=0,
            most=HISTORIES,
            languages=(),
            breakages=BREAKAGES,
            late=late,
            servers=2,
            environ=environ,
        )
        outcome = await run(plan, folder / str(number))
        wrong += [one[:300] for one in outcome.wrong]
        if any(one.startswith(mutant.found_by) for one in wrong):
            print(
                f"\n{mutant.breaks}: found among {(number + 1) * plan.histories} histories, try {number + 1}"
            )
            return ""
    return f"{mutant} was not found by {mutant.found_by}, but: {wrong[:3]}"


def test_every_mutant_can_be_made_of_the_code_as_it_is(tmp_path: Path) -> None:
    """Where the code has changed so that a mutant finds no line to change, this tells at once which."""
    for number, mutant in enumerate(MUTANTS + WITH_CLOCKS):
        environ_of(mutant, tmp_path / str(number))
