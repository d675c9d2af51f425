"""
The parts that a record is kept in, and how a change to a part of it is put into the whole.

The head is what is left of a record when these are taken away. It is all that decisions need, and small: a progress
report on an execution with a megabyte of payload moves the head only.
"""

from typing import Final

from croco.execution.v1.execution_pb2 import Execution, HistoryEntry, StatusReason

from ..domain.limits import HISTORY_ENTRIES
from .port import Part

LABELLED: Final = ("metadata", "labels")
"""The fields that the BASIC part has and the head has not."""
GIVEN_UP: Final = StatusReason.STATUS_REASON_GIVEN_UP
HEAVY: Final = ("payload", "result", "checkpoints", "history")
"""The fields that only the FULL part has; and so does ``error.stack``."""
ABSENT: Final = {Part.HEAD: (*HEAVY, *LABELLED), Part.BASIC: HEAVY}
"""The fields that a part has not."""


def cut(execution: Execution, part: Part) -> Execution:
    """Take from *execution* what *part* does not hold. Changes and answers the same object."""
    if part is Part.FULL:
        return execution
    for field in ABSENT[part]:
        execution.ClearField(field)
    if execution.HasField("error"):
        execution.error.ClearField("stack")
    return execution


def added_history(before_revision: int, after: Execution) -> list[HistoryEntry]:
    """The status changes that *after* has beyond *before_revision*."""
    if not after.history:  # as usual: to ask costs a quarter of going through nothing
        return []
    return [entry for entry in after.history if entry.revision > before_revision]


def changed_labelled(before: Execution, after: Execution) -> list[str]:
    """Which of metadata and labels the change replaced; none when neither version was given them."""
    changed = []
    # To compare costs several times as much as to ask whether there is anything to compare.
    if (before.HasField("metadata") or after.HasField("metadata")) and before.metadata != after.metadata:
        changed.append("metadata")
    if (before.labels or after.labels) and before.labels != after.labels:
        changed.append("labels")
    return changed


def stack_changed(before: Execution, after: Execution) -> bool:
    """Whether the error, and with it the stack, was replaced or cleared. Who gives up may do so with equal words."""
    given_up = before.status_reason != GIVEN_UP == after.status_reason
    failed = after.HasField("error")
    return given_up or before.HasField("error") != failed or (failed and before.error != after.error)


def merge(whole: Execution, before: Execution, after: Execution) -> None:
    """Put the change from *before* to *after*, either of which may be a head only, into the *whole* record."""
    kept = Execution()
    kept.CopyFrom(whole)
    history = added_history(before.revision, after)
    whole.CopyFrom(after)
    if not after.HasField("payload") and kept.HasField("payload"):
        whole.payload.CopyFrom(kept.payload)
    if not after.HasField("result") and kept.HasField("result"):
        whole.result.CopyFrom(kept.result)
    if not stack_changed(before, after) and kept.error.stack:
        whole.error.stack = kept.error.stack
    for field in LABELLED:
        if field not in changed_labelled(before, after):
            whole.ClearField(field)
    if "metadata" not in changed_labelled(before, after) and kept.HasField("metadata"):
        whole.metadata.CopyFrom(kept.metadata)
    if "labels" not in changed_labelled(before, after):
        whole.labels.update(kept.labels)
    for key in after.checkpoint_sizes:
        if key not in after.checkpoints and key in kept.checkpoints:
            whole.checkpoints[key].CopyFrom(kept.checkpoints[key])
    del whole.history[:]
    whole.history.extend([*kept.history, *history][-HISTORY_ENTRIES:])
