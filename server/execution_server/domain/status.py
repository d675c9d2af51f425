"""
The status table, as data: the one place that says which status may follow which.

Two edges are not in the table that the model library prints but in what its text promises: running -> retrying (its
``fail()`` does it) and retrying -> cancelled (else nobody could stop an execution that waits for its next attempt).
``docs/state-machine.md`` is tested against this module.
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Final

from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason

PENDING: Final = ExecutionStatus.EXECUTION_STATUS_PENDING
RUNNING: Final = ExecutionStatus.EXECUTION_STATUS_RUNNING
COMPLETED: Final = ExecutionStatus.EXECUTION_STATUS_COMPLETED
FAILED: Final = ExecutionStatus.EXECUTION_STATUS_FAILED
RETRYING: Final = ExecutionStatus.EXECUTION_STATUS_RETRYING
TIMED_OUT: Final = ExecutionStatus.EXECUTION_STATUS_TIMED_OUT
CANCELLED: Final = ExecutionStatus.EXECUTION_STATUS_CANCELLED

STATUSES: Final = (PENDING, RUNNING, COMPLETED, FAILED, RETRYING, TIMED_OUT, CANCELLED)

ALLOWED: Final = MappingProxyType(
    {
        PENDING: (RUNNING, CANCELLED),
        RUNNING: (COMPLETED, FAILED, RETRYING, TIMED_OUT, CANCELLED),
        COMPLETED: (),
        FAILED: (RETRYING,),
        RETRYING: (RUNNING, FAILED, CANCELLED),
        TIMED_OUT: (RETRYING,),
        CANCELLED: (),
    }
)

FINAL: Final = frozenset(status for status, following in ALLOWED.items() if not following)
"""No way leads out of these."""

ENDED: Final = frozenset({COMPLETED, FAILED, TIMED_OUT, CANCELLED})
"""At rest: nothing happens in these unless somebody asks for it. ``completed_at`` is set, a watch ends."""

DELETABLE: Final = ENDED | {PENDING}
"""In these an execution may be deleted without force."""


@lru_cache  # each status change asks for those of all its sets
def status_name(status: ExecutionStatus) -> str:
    """*status* as people and error metadata call it: ``"timed_out"``."""
    return _name(ExecutionStatus.DESCRIPTOR, status, "EXECUTION_STATUS_")


def reason_name(reason: StatusReason) -> str:
    """*reason* as people and error metadata call it: ``"attempt_timeout"``."""
    return _name(StatusReason.DESCRIPTOR, reason, "STATUS_REASON_")


def _name(descriptor: "object", number: int, prefix: str) -> str:
    value = descriptor.values_by_number.get(number)  # type: ignore[attr-defined]  # descriptors are untyped
    return value.name.removeprefix(prefix).lower() if value else str(number)
