"""The process's idea of the store's time is never ahead of any primary's."""

from __future__ import annotations

import time
from typing import Any

from execution_server.store.contract.samples import soon
from execution_server.store.redis.clock import StoreClock
from execution_server.store.redis.connect import LinkLost

BEHIND_MS = 60_000


class Primaries:
    """A link to primaries whose clocks differ from this process's by so much; None: it does not answer."""

    def __init__(self, **offsets_ms: int | None) -> None:
        self.offsets_ms = offsets_ms

    async def call_each(self, *command: object, deadline: float) -> dict[str, Any]:
        assert command == ("TIME",)
        return {
            name: LinkLost() if offset_ms is None else reply(offset_ms)
            for name, offset_ms in self.offsets_ms.items()
        }


def reply(offset_ms: int) -> list[bytes]:
    """What TIME answers."""
    now_us = int(time.time() * 1_000_000) + offset_ms * 1000
    return [str(part).encode() for part in divmod(now_us, 1_000_000)]


def behind_ms(clock: StoreClock) -> float:
    return time.time() * 1000 - clock.now_ms()


async def test_a_primary_that_does_not_answer_is_still_reckoned_with() -> None:
    """It may be back before the next look, and would carry out what its caller has given up."""
    primaries = Primaries(ahead=0, behind=-BEHIND_MS)
    clock: Any = StoreClock(primaries)  # type: ignore[arg-type]  # all that a clock uses of a link
    await clock._read(soon())
    assert behind_ms(clock) >= BEHIND_MS / 2

    primaries.offsets_ms["behind"] = None
    await clock._read(soon())
    assert behind_ms(clock) >= BEHIND_MS / 2

    del primaries.offsets_ms["behind"]
    await clock._read(soon())
    assert behind_ms(clock) < BEHIND_MS / 2
