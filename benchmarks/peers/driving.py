"""
What the programs of all peers have in common; it runs in their environments, so it imports nothing but Python's own.

A program that creates reads orders from standard input, a JSON object a line, and answers each with one.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

STEPS: Final = (1, 2, 3)
PATIENCE_SECONDS: Final = 120.0

Lifecycle = Callable[[dict[str, Any], "Observed"], Awaitable[Any]]
"""Creates with a payload and answers the result; tells what it sees of the progress, if that is wanted."""


class Observed:
    """What a creator sees of the progress of its work."""

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self.seconds: list[float] = []
        """How long ago each progress was reported when it was seen."""

    def saw(self, reported_at: float) -> None:
        """A progress that was reported then, on this machine's clock, is seen now."""
        self.seconds.append(time.time() - reported_at)


def payload(number: int, pause_seconds: float) -> dict[str, Any]:
    """What is created."""
    return {"album": number, "pause_seconds": pause_seconds, "size": "large"}


def result(payload: dict[str, Any]) -> dict[str, Any]:
    """What the work on *payload* comes to."""
    return {"resized": 100, "album": payload["album"], "size": "large"}


async def create(lifecycle: Lifecycle) -> None:
    """Do what standard input orders, until its end."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(await _follow(json.loads(line), lifecycle)), flush=True)


async def _follow(order: dict[str, Any], lifecycle: Lifecycle) -> dict[str, Any]:
    """So many lifecycles, so many at a time."""
    observed = Observed(is_wanted=order["observe"])
    numbers = iter(range(order["count"]))
    right = 0

    async def creator() -> None:
        nonlocal right
        for number in numbers:
            created = payload(number, order["pause_seconds"])
            async with asyncio.timeout(PATIENCE_SECONDS):
                answered = await lifecycle(created, observed)
            right += answered == result(created)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as creators:
        for _ in range(order["outstanding"]):
            creators.create_task(creator())
    return {"seconds": time.perf_counter() - began, "right": right, "observed": observed.seconds}
