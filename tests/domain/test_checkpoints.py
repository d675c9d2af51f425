"""What the work leaves behind: merged per key, counted with its size, kept over failures."""

import pytest
from execution_server.domain import limits, transitions
from execution_server.domain.problems import PayloadTooLarge, TooManyCheckpoints
from execution_server.domain.status import RUNNING
from google.protobuf.struct_pb2 import NULL_VALUE, Value

from tests.domain.records import NOW_MS, fail_for_now, in_status, start

NULL = Value(null_value=NULL_VALUE)


def number(value: float) -> Value:
    return Value(number_value=value)


def test_checkpoints_are_merged_per_key_and_null_removes_one() -> None:
    """Each key is a cursor of its own; to save one must not lose the others."""
    first = transitions.save_checkpoint(in_status(RUNNING), {"a": number(1), "b": number(2)}, now_ms=NOW_MS)

    second = transitions.save_checkpoint(first, {"b": number(3), "c": number(4), "a": NULL}, now_ms=NOW_MS)

    assert dict(second.checkpoints) == {"b": number(3), "c": number(4)}
    assert dict(second.checkpoint_sizes) == {"b": 9, "c": 9}


def test_removing_a_key_that_is_not_there_changes_nothing_else() -> None:
    """A repeated clean-up must be harmless."""
    saved = transitions.save_checkpoint(in_status(RUNNING), {"a": NULL}, now_ms=NOW_MS)
    assert (dict(saved.checkpoints), dict(saved.checkpoint_sizes)) == ({}, {})


def test_checkpoints_survive_a_failure_and_the_next_start() -> None:
    """They are what the next attempt goes on from."""
    saved = transitions.save_checkpoint(in_status(RUNNING), {"page": number(7)}, now_ms=NOW_MS)
    again = start(fail_for_now(saved))
    assert dict(again.checkpoints) == {"page": number(7)}


def test_the_last_checkpoint_that_fits_is_taken_and_the_next_refused() -> None:
    """Counted are the keys that would stand afterwards, so that one may make room for another in the same call."""
    full = {f"k{index}": number(index) for index in range(limits.CHECKPOINTS)}
    saved = transitions.save_checkpoint(in_status(RUNNING), full, now_ms=NOW_MS)

    with pytest.raises(TooManyCheckpoints):
        transitions.save_checkpoint(saved, {"one more": number(1)}, now_ms=NOW_MS)

    exchanged = transitions.save_checkpoint(saved, {"one more": number(1), "k0": NULL}, now_ms=NOW_MS)
    assert len(exchanged.checkpoint_sizes) == limits.CHECKPOINTS


def test_who_has_more_than_a_limit_that_was_lowered_may_replace_and_remove() -> None:
    """Else nothing could ever be saved again, nor a job come below the limit by and by."""
    three = {key: number(1) for key in "abc"}
    saved = transitions.save_checkpoint(in_status(RUNNING), three, now_ms=NOW_MS)

    def save(checkpoints: dict[str, Value]) -> dict[str, Value]:
        return dict(
            transitions.save_checkpoint(saved, checkpoints, max_checkpoints=1, now_ms=NOW_MS).checkpoints
        )

    assert save({"a": number(2)}) == three | {"a": number(2)}
    assert save({"a": NULL, "b": number(2)}) == {"b": number(2), "c": number(1)}
    with pytest.raises(TooManyCheckpoints):
        save({"d": number(1)})


def test_all_checkpoints_together_have_a_limit_too() -> None:
    """
    So that the whole record always fits into one message. A key counts twice, as it lies in the record twice; the sizes
    of those saved before are known by the head.
    """
    half = Value(string_value="x" * (limits.CHECKPOINTS_BYTES // 2))
    running = transitions.save_checkpoint(in_status(RUNNING), {"key 1": half}, now_ms=NOW_MS)
    running.ClearField("checkpoints")  # as when it is decided on the head alone
    left = limits.CHECKPOINTS_BYTES - half.ByteSize() - 2 * len("key 1") - 2 * len("kéy 2".encode())
    overhead = half.ByteSize() - len(half.string_value)
    fits = Value(string_value="x" * (left - overhead))
    assert fits.ByteSize() == left

    transitions.save_checkpoint(running, {"kéy 2": fits}, now_ms=NOW_MS)
    with pytest.raises(PayloadTooLarge) as refused:
        transitions.save_checkpoint(running, {"kéy 2": fits, "a": number(1)}, now_ms=NOW_MS)

    assert refused.value.metadata == {
        "field": "checkpoints",
        "sizeBytes": str(limits.CHECKPOINTS_BYTES + 9 + 2),
        "limitBytes": str(limits.CHECKPOINTS_BYTES),
    }
