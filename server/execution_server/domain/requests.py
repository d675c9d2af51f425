"""
How a repeated request is known, and answered as it was the first time.

Each execution remembers the newest few requests that changed it, inside its own record: what remembers and what is
remembered change in one commit, so neither can exist without the other.
"""

from hashlib import blake2b

from croco.execution.v1.execution_pb2 import AppliedRequest, Execution

from . import limits
from .problems import AttemptFenced, InvalidField, RevisionMismatch
from .record import OF_THE_ATTEMPT
from .status import CANCELLED, COMPLETED, ENDED, PENDING, RETRYING, RUNNING

DIGEST_BYTES = 8
"""An execution remembers eight of them: a false match has odds of 8 in 2**64."""


def digest(method: str, request_id: str) -> bytes:
    """The name under which a request of *method* is remembered."""
    return blake2b(f"{method}\0{request_id}".encode(), digest_size=DIGEST_BYTES).digest()


def remember(execution: Execution, request: bytes) -> None:
    """Write *request* into the copy that it led to."""
    note(execution, request, execution)
    if len(execution.applied_requests) > limits.APPLIED_REQUESTS:
        del execution.applied_requests[: -limits.APPLIED_REQUESTS]


def note(into: Execution, request: bytes, led_to: Execution) -> None:
    """Write into a record, or a part of one, that *request* led to the state that *led_to* is in."""
    into.applied_requests.add(
        digest=request,
        revision=led_to.revision,
        status=led_to.status,
        status_reason=led_to.status_reason,
        attempts=led_to.attempts,
    )


def find(execution: Execution, request: bytes) -> AppliedRequest | None:
    """What *request* led to when it was applied, or None if it is not remembered."""
    for applied in execution.applied_requests:
        if applied.digest == request:
            return applied
    return None


def as_first_answered(execution: Execution, applied: AppliedRequest) -> Execution:
    """
    The record, with status, attempt and revision as *applied* left them.

    The usual repeat comes before anything else happened and gets the record as it is. A later one must not be handed
    what has come since: a worker whose StartExecution is repeated would take another's attempt for its own.
    """
    if applied.revision == execution.revision:
        return execution
    answer = Execution()
    answer.CopyFrom(execution)
    answer.revision = applied.revision
    answer.status, answer.status_reason = applied.status, applied.status_reason
    answer.attempts = applied.attempts
    if applied.status not in ENDED:
        answer.ClearField("completed_at")
        answer.ClearField("expires_at")
    if applied.status != COMPLETED:
        answer.ClearField("result")
    is_same = applied.attempts == execution.attempts
    if applied.status != RUNNING or not is_same:
        for field in OF_THE_ATTEMPT:
            answer.ClearField(field)
    if applied.status != RETRYING or not is_same:
        answer.ClearField("next_attempt_at")
    if applied.status != CANCELLED and not answer.HasField("cancellation_requested_at"):
        answer.ClearField("cancellation_reason")
    if applied.status in (PENDING, RUNNING) or not is_same:
        answer.ClearField("error")
    if not applied.attempts:
        answer.ClearField("started_at")
    known = [entry for entry in execution.history if entry.revision <= applied.revision]
    answer.status_changes -= len(execution.history) - len(known)
    del answer.history[:]
    answer.history.extend(known)
    _restore_times(answer)
    return answer


def _restore_times(answer: Execution) -> None:
    """Set what the history knows of when things had happened by then."""
    for entry in answer.history:
        if entry.to == RUNNING:
            answer.started_at.CopyFrom(entry.at)
        if entry.to in ENDED and answer.status in ENDED:
            answer.completed_at.CopyFrom(entry.at)
        if entry.revision == answer.revision:
            answer.updated_at.CopyFrom(entry.at)


def check_revision(execution: Execution, expected: int | None) -> None:
    """Raise RevisionMismatch unless the execution is at *expected*; None expects nothing."""
    if expected is not None and execution.revision != expected:
        raise RevisionMismatch(execution, expected)


def check_attempt(execution: Execution, attempt: int | None, *, from_worker: bool) -> None:
    """
    Raise AttemptFenced unless *attempt* is the one under way; None claims nothing, which leased work does not take.
    """
    if attempt is None and from_worker and execution.HasField("lease"):
        raise InvalidField("attempt", f"is required: worker {execution.lease.worker_id!r} holds a lease")
    if attempt is not None and (attempt != execution.attempts or execution.status != RUNNING):
        raise AttemptFenced(execution, attempt)
