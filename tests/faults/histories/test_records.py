"""A record that tells of what can't have been is noticed: by its own history, by the calls and by the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import ids, transitions

from tests.faults.histories.contract import Answer, Call
from tests.faults.histories.records import contradictions, untimely
from tests.faults.histories.traffic import LIMIT_MS

HOUR_MS: Final = 3_600_000
RIGHT: Final = (0.0, 0.0)


def call(verb: str, invoked: float, until: float, revision: int) -> Call:
    answer = Answer(revision=revision)
    return Call(verb=verb, invoked=invoked, until=until, answer=answer)


@pytest.fixture
def now() -> float:
    """On the clock of the calls; they are all of the last seconds."""
    return time.monotonic()


@pytest.fixture
def calls(now: float) -> list[Call]:
    """It was created, read, and started after that."""
    return [
        call("create", now - 3, now - 2, 1),
        call("get", now - 2, now - 1, 1),
        call("start", now - 1, now, 2),
    ]


def record(created_ms: int, started_ms: int) -> Execution:
    """One that was created and started then."""
    template = Execution(type="mail", max_attempts=3)
    execution_id = ids.new_id(created_ms, 0, 0)
    created = transitions.create(template, execution_id=execution_id, now_ms=created_ms)
    return transitions.start(created, now_ms=started_ms)


def test_a_record_whose_times_are_those_of_its_calls_is_right(now: float, calls: list[Call]) -> None:
    """Else every history would be wrong."""
    now_ms = int(time.time() * 1_000)
    found = record(now_ms - 2_500, now_ms - 500)
    assert [*contradictions(found), *untimely(found, calls, RIGHT)] == []


@pytest.mark.parametrize("wrong_ms", [HOUR_MS, -HOUR_MS])
def test_a_time_of_another_clock_is_noticed(wrong_ms: int, calls: list[Call]) -> None:
    """The history of such a record may be consistent in itself. Where the store's clock is as wrong it is right."""
    now_ms = int(time.time() * 1_000) + wrong_ms
    found = record(now_ms - 2_500, now_ms - 500)
    assert [*contradictions(found)] == []
    assert len([*untimely(found, calls, RIGHT)]) == 2
    assert [*untimely(found, calls, (wrong_ms / 1_000, wrong_ms / 1_000))] == []


def test_a_change_that_was_read_before_its_time_is_noticed(now: float, calls: list[Call]) -> None:
    """Its time is later than the answer that told of it, though the clock has come to it since."""
    now_ms = int(time.time() * 1_000)
    told_early = [call("create", now - 30, now - 29, 1), call("start", now - 29, now - 28, 2)]
    found = record(now_ms - 29_500, now_ms - 10_000)
    assert len([*untimely(found, told_early, RIGHT)]) == 1


def backwards(found: Execution) -> None:
    found.history[1].at.FromMilliseconds(found.history[0].at.ToMilliseconds() - 1)


def of_another_time(found: Execution) -> None:
    found.created_at.FromMilliseconds(found.created_at.ToMilliseconds() + 1)


def started_twice(found: Execution) -> None:
    found.history.append(found.history[1])


def ended_early(found: Execution) -> None:
    found.timeout.FromMilliseconds(LIMIT_MS)
    begun_ms = found.started_at.ToMilliseconds()
    reason: Any = "STATUS_REASON_ATTEMPT_TIMEOUT"
    entry = found.history.add(reason=reason, to="EXECUTION_STATUS_TIMED_OUT", attempt=1)
    setattr(entry, "from", 2)
    entry.at.FromMilliseconds(begun_ms + LIMIT_MS - 1)


@pytest.mark.parametrize("spoil", [backwards, of_another_time, started_twice, ended_early])
def test_a_record_that_contradicts_itself_is_noticed(spoil: Callable[[Execution], None]) -> None:
    """Each in its own way."""
    found = record(1_000_000, 1_000_500)
    spoil(found)
    assert [*contradictions(found)] != []
