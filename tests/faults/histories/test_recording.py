"""What a caller does is written down as what may have come of it."""

from __future__ import annotations

import random
from typing import Any, Final

import pytest

from tests.faults.histories.callers import DriverCaller, Wish
from tests.faults.histories.contract import Answer
from tests.faults.histories.recording import History, Recorder

FOUND: Final = {
    "id": "id",
    "status": "running",
    "attempts": 1,
    "revision": 2,
    "created": None,
    "checkpoints": {},
}


class Driver:
    """A client that is always answered."""

    language = "python"

    def ask(self, verb: str, given: dict[str, Any]) -> dict[str, Any]:
        return {"ok": FOUND}


@pytest.mark.parametrize(("verb", "tries"), [("start", 2), ("get", 1)])
async def test_a_client_may_have_tried_before(verb: str, tries: int) -> None:
    """It repeats a change by itself, and what came of its first try it tells nobody."""
    client: Any = DriverCaller(Driver(), 0)  # type: ignore[arg-type]  # all that it uses of a driver
    recorder, history = Recorder([client], random.Random(1)), History("key")
    await recorder.call(history, Wish(verb=verb, id="id", key="key", request_id="one", arguments={}))

    answered, *others = history.calls
    assert answered.answer == Answer("", "running", 1, 2, None, ())
    assert [other.answer for other in others] == [None] * (tries - 1)
    assert all(other.request == answered.request and other.until > answered.until for other in others)
