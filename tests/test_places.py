"""Places: so many in the process, so many of them on one connection."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
from execution_server.domain.problems import QuotaExceeded
from execution_server.places import Limits, Places


def of(per_process: int, per_connection: int) -> Places:
    return Places("calls", Limits(per_process, per_connection), QuotaExceeded)


def test_a_connection_gets_its_share_and_the_others_theirs() -> None:
    """One client's flood takes nothing from anybody else."""
    calls = of(3, 2)
    calls.take("a")
    calls.take("a")
    with pytest.raises(QuotaExceeded) as refused:
        calls.take("a")
    assert refused.value.message == "This connection has all the calls that it may have; the limit is 2."
    calls.take("b")
    with pytest.raises(QuotaExceeded) as refused:
        calls.take("c")
    assert refused.value.message == "This server has all the calls that it takes; the limit is 3."
    assert (calls.taken, calls.refused) == (3, 2)


def test_a_place_that_is_given_back_is_free() -> None:
    """Also when the call fails; and of a connection that is gone nothing is left."""
    calls = of(1, 1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), calls.admitted("a"):
            raise ZeroDivisionError
    assert calls.taken == 0
    assert not calls._held


def test_a_flood_of_refusals_is_a_line_a_second(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line per refusal would be the flood's next victim; none at all would leave the operator guessing."""
    moments = iter((100.0, 100.1, 100.9, 101.0))
    clock = SimpleNamespace(monotonic=lambda: next(moments))
    monkeypatch.setattr("execution_server.places.time", clock)
    calls = of(1, 1)
    calls.take("a")
    with caplog.at_level(logging.WARNING):
        for _ in range(4):
            with pytest.raises(QuotaExceeded):
                calls.take("a")
    told = [getattr(record, "fields")["refused"] for record in caplog.records]  # noqa: B009 - mypy knows no such field
    assert told == [1, 4]
