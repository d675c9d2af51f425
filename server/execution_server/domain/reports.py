"""What a worker reports of its attempt beside how it ended: progress and checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from math import isinf

from croco.execution.v1.execution_pb2 import Execution, Progress
from google.protobuf.struct_pb2 import Value

from . import limits
from .problems import PayloadTooLarge, TooManyCheckpoints


def put_report(
    execution: Execution,
    progress: Progress | None,
    checkpoints: Mapping[str, Value] | None,
    max_checkpoints: int,
) -> None:
    """
    Put what the worker reports into a copy whose change is counted already.

    Raises:
        TooManyCheckpoints: more than *max_checkpoints* and than there were, as the limit may have been lowered since.
        PayloadTooLarge: all together are too large.
    """
    if progress is not None:
        kept = execution.progress
        kept.CopyFrom(progress)
        if not progress.HasField("percent"):
            kept.percent = _percent(progress)
        kept.attempt = execution.attempts
        kept.updated_at.CopyFrom(execution.updated_at)
    if not checkpoints:
        return
    held = len(execution.checkpoint_sizes)
    for key, value in checkpoints.items():
        if value.WhichOneof("kind") == "null_value":
            execution.checkpoints.pop(key, None)
            execution.checkpoint_sizes.pop(key, None)
        else:
            execution.checkpoints[key].CopyFrom(value)
            execution.checkpoint_sizes[key] = value.ByteSize()
    if len(execution.checkpoint_sizes) > max(held, max_checkpoints):
        raise TooManyCheckpoints(execution.id, max_checkpoints)
    _check_size(execution)


def _check_size(execution: Execution) -> None:
    # A key lies in the record twice: with its value and with its size.
    size = sum(2 * len(key.encode()) + size for key, size in execution.checkpoint_sizes.items())
    if size > limits.CHECKPOINTS_BYTES:
        raise PayloadTooLarge("checkpoints", size, limits.CHECKPOINTS_BYTES)


def _percent(progress: Progress) -> float:
    """min(100, round(100 * current / total)) with halves rounded up as the model library does; 0 without a total."""
    if progress.total == 0:
        return 0.0
    percent = 100 * progress.current / progress.total
    if isinf(percent):  # 100 * current alone may be
        percent = 100 * (progress.current / progress.total)
    return float(int(min(100.0, percent) + 0.5))
