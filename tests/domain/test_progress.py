"""How far an attempt is: the percentage that the server computes, and what it stamps."""

import pytest
from croco.execution.v1.execution_pb2 import Progress
from execution_server.domain import transitions
from execution_server.domain.status import RUNNING
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.records import NOW_MS, in_status

FINITE = st.floats(min_value=0, allow_nan=False, allow_infinity=False)


def reported(current: float, total: float, percent: float | None = None) -> Progress:
    """The progress as it is kept."""
    given_ = Progress(current=current, total=total, percent=percent)
    return transitions.update_progress(in_status(RUNNING), given_, now_ms=NOW_MS).progress


@pytest.mark.parametrize(
    ("current", "total", "percent"),
    [
        (50, 100, 50),
        (0, 100, 0),
        (1, 3, 33),
        (2, 3, 67),
        (1, 200, 1),  # 0.5, and Python's own round() would say 0
        (1, 8, 13),  # 12.5, and Python's own round() would say 12
        (29, 200, 15),  # 14.5, and 100 * (29 / 200) would be a little less
        (99.4, 100, 99),
        (150, 100, 100),
        (0, 0, 0),
        (7, 0, 0),
        (1e308, 1e-308, 100),
        (0.5e308, 1e308, 50),  # 100 * current is more than a float can hold
        (5e-324, 1e308, 0),
    ],
)
def test_percent_is_computed_from_current_and_total(current: float, total: float, percent: float) -> None:
    """min(100, round(100 * current / total)), halves up as the model library does, and 0 without a total."""
    assert reported(current, total).percent == percent


@given(current=FINITE, total=FINITE)
def test_percent_is_a_whole_number_from_0_to_100_whatever_is_reported(current: float, total: float) -> None:
    """Dashboards draw it."""
    percent = reported(current, total).percent
    assert percent == int(percent)
    assert 0 <= percent <= 100


@pytest.mark.parametrize("percent", [0.0, 33.3, 75.0, 100.0])
def test_a_percent_that_is_given_is_kept(percent: float) -> None:
    """The worker may know better than the two numbers say."""
    assert reported(50, 100, percent).percent == percent


def test_progress_is_stamped_with_its_attempt_and_time_and_survives_retries() -> None:
    """Who reads it later must see that it is an older attempt's."""
    running = in_status(RUNNING)
    liar = Progress(current=1, total=2, message="Sorting", attempt=77)
    liar.updated_at.FromSeconds(1)

    running = transitions.update_progress(running, liar, now_ms=NOW_MS)
    assert running.progress.message == "Sorting"
    assert running.progress.attempt == 1
    assert running.progress.updated_at.ToMilliseconds() == NOW_MS

    timed_out = transitions.time_out(running, now_ms=NOW_MS)
    second = transitions.start(transitions.retry(timed_out, now_ms=NOW_MS), now_ms=NOW_MS)
    assert second.progress == running.progress
