"""Waiting for a condition instead of for a time."""

import asyncio
from collections.abc import Callable
from typing import Final

DEADLINE_SECONDS: Final = 20.0
"""How long anything may take before the test fails. It is passed only when something is broken."""


async def until(condition: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Return as soon as *condition* holds; fail the test when it does not in time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not condition():
        assert loop.time() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(0.005)
