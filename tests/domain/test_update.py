"""UpdateExecution: what the mask names is replaced, or cleared, and nothing else."""

import pytest
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import transitions
from execution_server.domain.problems import FinalStatus, InvalidField
from execution_server.domain.status import COMPLETED, FAILED, RETRYING
from google.protobuf.duration_pb2 import Duration

from tests.domain.records import NOW_MS, created, in_status


def described(**fields: object) -> Execution:
    """What a request's ``execution`` holds."""
    execution = Execution(labels={"team": "blue"}, max_attempts=9, timeout=Duration(seconds=5))
    execution.metadata["customer"] = "c-1"
    execution.type = "another type"
    return execution


@pytest.mark.parametrize("path", ["metadata", "labels", "max_attempts", "timeout"])
def test_a_field_that_the_mask_names_is_replaced_and_no_other(path: str) -> None:
    """Two callers who each change their own field must not undo each other's."""
    before = created(labels={"old": "label"})
    before.metadata["old"] = "data"

    after = transitions.update(before, described(), [path], now_ms=NOW_MS)

    expected = Execution()
    expected.CopyFrom(before)
    expected.ClearField(path)
    only = described()
    for field in only.DESCRIPTOR.fields:
        if field.name != path:
            only.ClearField(field.name)
    expected.MergeFrom(only)
    expected.revision += 1
    expected.updated_at.FromMilliseconds(NOW_MS)
    assert after == expected


@pytest.mark.parametrize("path", ["metadata", "labels", "timeout"])
def test_a_field_that_is_named_and_absent_is_cleared(path: str) -> None:
    """It is the only way to take one back."""
    before = transitions.update(created(), described(), [path], now_ms=NOW_MS)
    after = transitions.update(before, Execution(), [path], now_ms=NOW_MS)
    assert path not in {field.name for field, _ in after.ListFields()}


def test_max_attempts_may_not_go_below_what_was_used() -> None:
    """Else there would have been more attempts than were ever allowed."""
    failed = in_status(FAILED, max_attempts=3)
    updated = transitions.update(failed, Execution(max_attempts=1), ["max_attempts"], now_ms=NOW_MS)
    assert updated.max_attempts == 1

    again = transitions.start(transitions.retry(failed, now_ms=NOW_MS), now_ms=NOW_MS)
    second = transitions.fail(again, failed.error, now_ms=NOW_MS)
    with pytest.raises(InvalidField) as refused:
        transitions.update(second, Execution(max_attempts=1), ["max_attempts"], now_ms=NOW_MS)
    assert refused.value.message == "execution.max_attempts: is less than the 2 attempts made."


def test_what_waits_for_its_next_attempt_keeps_one() -> None:
    """RETRYING is the promise of a start, and a start may not go over max_attempts."""
    with pytest.raises(InvalidField) as refused:
        transitions.update(in_status(RETRYING), Execution(max_attempts=1), ["max_attempts"], now_ms=NOW_MS)
    assert refused.value.metadata == {"field": "execution.max_attempts"}


def test_a_final_status_says_what_can_change_still() -> None:
    """To hear that it cannot go from completed to completed would help nobody."""
    completed = in_status(COMPLETED)
    with pytest.raises(FinalStatus) as refused:
        transitions.update(completed, described(), ["metadata", "timeout"], now_ms=NOW_MS)
    assert refused.value.message == (
        f"Execution {completed.id} is completed: only its metadata and labels can change."
    )
