"""
The error taxonomy: everything that the service may answer instead of a result.

    Problem
    ├── InvalidField            INVALID_ARGUMENT     the request is wrong in any state
    │   ├── PayloadTooLarge
    │   └── InvalidPageToken
    ├── ExecutionNotFound       NOT_FOUND
    ├── IdempotencyKeyReused    ALREADY_EXISTS
    ├── InvalidStateTransition  FAILED_PRECONDITION  wrong in this status
    ├── MaxRetriesExceeded
    ├── ExecutionNotRunning
    ├── ExecutionActive
    ├── AttemptFenced           ABORTED              somebody else was first
    ├── RevisionMismatch
    ├── Contention
    ├── WatchRevisionCompacted  OUT_OF_RANGE
    ├── QuotaExceeded           RESOURCE_EXHAUSTED   come back later, or ask for less
    ├── TooManyWatches
    ├── TooManyCheckpoints
    ├── StoreUnavailable        UNAVAILABLE          repeat the same call
    ├── ServerDraining
    ├── CredentialsMissing      UNAUTHENTICATED
    ├── CredentialsInvalid
    ├── MethodForbidden         PERMISSION_DENIED
    └── Unexpected              INTERNAL             a fault of ours

One class per value of ``ErrorReason`` in error_reason.proto, where each has a worked example; a test holds the two
together. Messages are sentences with ids and statuses, never a payload or another program's text.
"""

from collections.abc import Iterable
from typing import ClassVar

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus

from .status import ALLOWED, reason_name, status_name

DOMAIN = "execution.croco.dev"


class Problem(Exception):
    """
    A refusal with its reason.

    Attributes:
        reason: a name in ``ErrorReason``, without prefix.
        code: the name of the canonical gRPC status code.
        metadata: what the reason's example in error_reason.proto shows, all strings.
        field: the path of the request's field at fault, for INVALID_ARGUMENT.
        retry_after_ms: when to come back, for UNAVAILABLE and RESOURCE_EXHAUSTED where that helps.
    """

    reason: ClassVar[str]
    code: ClassVar[str]
    retry_after_ms: ClassVar[int | None] = None
    field: str = ""

    def __init__(self, message: str, **metadata: object) -> None:
        super().__init__(message)
        self.message = message
        self.metadata = {key: str(value) for key, value in metadata.items()}


class InvalidField(Problem):
    reason, code = "INVALID_FIELD", "INVALID_ARGUMENT"

    def __init__(self, field: str, complaint: str, **metadata: object) -> None:
        super().__init__(f"{field}: {complaint}.", field=field, **metadata)
        self.field = field
        self.complaint = complaint


class PayloadTooLarge(InvalidField):
    reason = "PAYLOAD_TOO_LARGE"

    def __init__(self, field: str, size: int, limit: int) -> None:
        complaint = f"has {size} bytes; the limit is {limit}"
        super().__init__(field, complaint, sizeBytes=size, limitBytes=limit)


class InvalidPageToken(InvalidField):
    reason = "INVALID_PAGE_TOKEN"

    def __init__(self) -> None:
        super().__init__("page_token", "was not made by this service for this filter and order")


class ExecutionNotFound(Problem):
    reason, code = "EXECUTION_NOT_FOUND", "NOT_FOUND"

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"There is no execution {execution_id}.", executionId=execution_id)

    @classmethod
    def by_key(cls, idempotency_key: str) -> "ExecutionNotFound":
        problem = cls.__new__(cls)
        message = f"No execution holds the idempotency key {idempotency_key!r}."
        Problem.__init__(problem, message, idempotencyKey=idempotency_key)
        return problem


class IdempotencyKeyReused(Problem):
    reason, code = "IDEMPOTENCY_KEY_REUSED", "ALREADY_EXISTS"

    def __init__(self, idempotency_key: str, holder_id: str) -> None:
        super().__init__(
            f"The idempotency key {idempotency_key!r} belongs to execution {holder_id}, "
            "which has another type or payload.",
            idempotencyKey=idempotency_key,
            executionId=holder_id,
        )


class InvalidStateTransition(Problem):
    reason, code = "INVALID_STATE_TRANSITION", "FAILED_PRECONDITION"

    def __init__(self, execution: Execution, to: ExecutionStatus) -> None:
        allowed = ", ".join(status_name(status) for status in ALLOWED[execution.status])
        origin, target = status_name(execution.status), status_name(to)
        way = f"{target} by this call" if to in ALLOWED[execution.status] else target
        super().__init__(
            f"Execution {execution.id} cannot go from {origin} to {way}; what can follow is {allowed or 'nothing'}.",
            executionId=execution.id,
            to=target,
            allowed=allowed.replace(", ", ","),
            **{"from": origin},
        )


class FinalStatus(InvalidStateTransition):
    """A change to a field that an execution in a final status keeps for good: a transition to where it is."""

    def __init__(self, execution: Execution) -> None:
        super().__init__(execution, execution.status)
        status = status_name(execution.status)
        self.message = f"Execution {execution.id} is {status}: only its metadata and labels can change."


class MaxRetriesExceeded(Problem):
    reason, code = "MAX_RETRIES_EXCEEDED", "FAILED_PRECONDITION"

    def __init__(self, execution: Execution) -> None:
        super().__init__(
            f"Execution {execution.id} has used {execution.attempts} of {execution.max_attempts} attempts.",
            executionId=execution.id,
            attempts=execution.attempts,
            maxAttempts=execution.max_attempts,
        )


class ExecutionNotRunning(Problem):
    reason, code = "EXECUTION_NOT_RUNNING", "FAILED_PRECONDITION"

    def __init__(self, execution: Execution) -> None:
        status = status_name(execution.status)
        super().__init__(
            f"Execution {execution.id} is {status}; progress and checkpoints are taken while it is running only.",
            executionId=execution.id,
            status=status,
        )


class ExecutionActive(Problem):
    reason, code = "EXECUTION_ACTIVE", "FAILED_PRECONDITION"

    def __init__(self, execution: Execution) -> None:
        status = status_name(execution.status)
        super().__init__(
            f"Execution {execution.id} is {status}; to delete it all the same, set force.",
            executionId=execution.id,
            status=status,
        )


class AttemptFenced(Problem):
    reason, code = "ATTEMPT_FENCED", "ABORTED"

    def __init__(self, execution: Execution, attempt: int) -> None:
        cause = _how_attempt_ended(execution, attempt)
        status = status_name(execution.status)
        super().__init__(
            f"Attempt {attempt} of execution {execution.id} is not the current one"
            f"{f' (it ended: {cause})' if cause else ''}; the execution is {status}, attempt {execution.attempts}.",
            executionId=execution.id,
            attempt=attempt,
            currentAttempt=execution.attempts,
            status=status,
            cause=cause,
        )


class RevisionMismatch(Problem):
    reason, code = "REVISION_MISMATCH", "ABORTED"

    def __init__(self, execution: Execution, expected: int) -> None:
        super().__init__(
            f"Execution {execution.id} is at revision {execution.revision}, not {expected}.",
            executionId=execution.id,
            expectedRevision=expected,
            revision=execution.revision,
        )


class Contention(Problem):
    reason, code = "CONTENTION", "ABORTED"

    def __init__(self, execution_id: str) -> None:
        super().__init__(
            f"Others kept changing execution {execution_id}; nothing was changed by this call.",
            executionId=execution_id,
        )


class WatchRevisionCompacted(Problem):
    reason, code = "WATCH_REVISION_COMPACTED", "OUT_OF_RANGE"

    def __init__(self, execution_id: str, after_revision: int, oldest_revision: int) -> None:
        super().__init__(
            f"The history of execution {execution_id} begins at revision {oldest_revision} and "
            f"does not reach back to {after_revision}.",
            executionId=execution_id,
            afterRevision=after_revision,
            oldestRevision=oldest_revision,
        )


class QuotaExceeded(Problem):
    reason, code = "QUOTA_EXCEEDED", "RESOURCE_EXHAUSTED"
    retry_after_ms = 500

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"{what}; the limit is {limit}.", limit=limit)


class TooManyWatches(Problem):
    reason, code = "TOO_MANY_WATCHES", "RESOURCE_EXHAUSTED"
    retry_after_ms = 1_000

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"{what}; the limit is {limit}.", limit=limit)


class TooManyCheckpoints(Problem):
    reason, code = "TOO_MANY_CHECKPOINTS", "RESOURCE_EXHAUSTED"

    def __init__(self, execution_id: str, limit: int) -> None:
        super().__init__(
            f"Execution {execution_id} may have {limit} checkpoints, and would have more.",
            executionId=execution_id,
            limit=limit,
        )


class StoreUnavailable(Problem):
    reason, code = "STORE_UNAVAILABLE", "UNAVAILABLE"
    retry_after_ms = 200

    def __init__(self) -> None:
        super().__init__("The store did not answer in time. Repeat the call with the same request_id.")


class ServerDraining(Problem):
    reason, code = "SERVER_DRAINING", "UNAVAILABLE"
    retry_after_ms = 0

    def __init__(self, **metadata: object) -> None:
        super().__init__("This server is about to stop. Repeat the call: another one answers it.", **metadata)


class CredentialsMissing(Problem):
    reason, code = "CREDENTIALS_MISSING", "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("This service answers those it knows: send a token, as 'authorization: Bearer ...'.")


class CredentialsInvalid(Problem):
    reason, code = "CREDENTIALS_INVALID", "UNAUTHENTICATED"

    def __init__(self) -> None:
        super().__init__("The call's credentials are unknown or have expired.")


class MethodForbidden(Problem):
    reason, code = "METHOD_FORBIDDEN", "PERMISSION_DENIED"

    def __init__(self, method: str, caller: str, roles: Iterable[str]) -> None:
        """*roles*: those that may."""
        super().__init__(
            f"The caller {caller} may not call {method}; those who may are {', '.join(roles) or 'none'}.",
            method=method,
        )


class Unexpected(Problem):
    reason, code = "UNEXPECTED", "INTERNAL"

    def __init__(self, incident_id: str) -> None:
        super().__init__(
            f"The service failed in a way it should not. Its log says more under incident {incident_id}.",
            incidentId=incident_id,
        )


def _how_attempt_ended(execution: Execution, attempt: int) -> str:
    """The reason with which *attempt* left RUNNING; ``""`` if it never ran or the history has forgotten."""
    for entry in execution.history:
        if entry.attempt == attempt and getattr(entry, "from") == ExecutionStatus.EXECUTION_STATUS_RUNNING:
            return reason_name(entry.reason)
    return ""
