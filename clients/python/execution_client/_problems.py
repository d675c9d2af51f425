"""
Everything that a call may raise instead of answering: one class per ``ErrorReason`` of error_reason.proto.

    ExecutionProblem
    ├── InvalidField             INVALID_ARGUMENT
    │   ├── PayloadTooLarge
    │   └── InvalidPageToken
    ├── ExecutionNotFound        NOT_FOUND
    ├── IdempotencyKeyReused     ALREADY_EXISTS
    ├── InvalidStateTransition   FAILED_PRECONDITION
    ├── MaxRetriesExceeded
    ├── ExecutionNotRunning
    ├── ExecutionActive
    ├── AttemptFenced            ABORTED
    ├── RevisionMismatch
    ├── Contention
    ├── WatchRevisionCompacted   OUT_OF_RANGE
    ├── QuotaExceeded            RESOURCE_EXHAUSTED
    ├── TooManyWatches
    ├── TooManyCheckpoints
    ├── Unavailable              UNAVAILABLE           also of the connection itself
    │   ├── StoreUnavailable
    │   └── ServerDraining
    ├── CredentialsMissing       UNAUTHENTICATED
    ├── CredentialsInvalid
    ├── MethodForbidden          PERMISSION_DENIED
    ├── Unexpected               INTERNAL
    ├── DeadlineExceeded         DEADLINE_EXCEEDED     no reason: made by gRPC
    └── Cancelled                CANCELLED             no reason: made by gRPC
        └── ClientClosed                               made by this client

A reason that a newer server has added is raised as the class of its code, or as a plain ExecutionProblem. The typed
attributes are the metadata of the reason's example in error_reason.proto.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, Self, TypeVar, overload

import grpc

from ._model import ExecutionStatus

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """What is wrong with one field of a request."""

    field: str
    description: str


class ExecutionProblem(Exception):
    """
    A call was refused, or has no answer.

    Attributes:
        message: a sentence, for a person. Branch on the class, never on the message.
        code: the canonical status code.
        reason: the name in ``ErrorReason`` without its prefix; empty if the service gave none.
        metadata: what the service says beside it.
        field_violations: what is wrong with which field, for INVALID_ARGUMENT.
        retry_delay: when to come back, where the service says so.
    """

    by_reason: Final[dict[str, type["ExecutionProblem"]]] = {}

    def __init_subclass__(cls, reason: str = "") -> None:
        if reason:
            cls.by_reason[reason] = cls

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        metadata: Mapping[str, str] | None = None,
        field_violations: tuple[FieldViolation, ...] = (),
        retry_delay: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = dict(metadata or {})
        self.field_violations = field_violations
        self.retry_delay = retry_delay


class _Detail(Generic[_T]):
    """An attribute that is read from the problem's metadata."""

    def __init__(self, key: str, read: Callable[[str], _T]) -> None:
        self.key = key
        self._read = read

    @overload
    def __get__(self, problem: None, owner: type) -> Self: ...

    @overload
    def __get__(self, problem: ExecutionProblem, owner: type) -> _T: ...

    def __get__(self, problem: ExecutionProblem | None, owner: type) -> Self | _T:
        return self if problem is None else self._read(problem.metadata.get(self.key, ""))


def _text(key: str) -> _Detail[str]:
    return _Detail(key, str)


def _number(key: str) -> _Detail[int]:
    return _Detail(key, lambda text: int(text or 0))


def _status(key: str) -> _Detail[ExecutionStatus]:
    return _Detail(key, _to_status)


def _statuses(key: str) -> _Detail[tuple[ExecutionStatus, ...]]:
    return _Detail(
        key, lambda text: tuple(_to_status(name.strip()) for name in text.split(",") if name.strip())
    )


def _to_status(name: str) -> ExecutionStatus:
    return ExecutionStatus(name) if name in set(ExecutionStatus) else ExecutionStatus.UNKNOWN


class InvalidField(ExecutionProblem, reason="INVALID_FIELD"):
    """A field of the request is missing, malformed or outside its limits."""

    field = _text("field")


class PayloadTooLarge(InvalidField, reason="PAYLOAD_TOO_LARGE"):
    """A field of the request is larger than its limit."""

    size_bytes = _number("sizeBytes")
    limit_bytes = _number("limitBytes")


class InvalidPageToken(InvalidField, reason="INVALID_PAGE_TOKEN"):
    """The page token was not made by this service, or was made for another filter or order."""


class ExecutionNotFound(ExecutionProblem, reason="EXECUTION_NOT_FOUND"):
    """There is no such execution, or there is no more. One of the two attributes is empty."""

    execution_id = _text("executionId")
    idempotency_key = _text("idempotencyKey")


class IdempotencyKeyReused(ExecutionProblem, reason="IDEMPOTENCY_KEY_REUSED"):
    """The idempotency key belongs to an execution of another type or payload: ``execution_id``."""

    idempotency_key = _text("idempotencyKey")
    execution_id = _text("executionId")


class InvalidStateTransition(ExecutionProblem, reason="INVALID_STATE_TRANSITION"):
    """The status does not allow the call. ``allowed`` are the statuses that can follow ``from_status``."""

    execution_id = _text("executionId")
    from_status = _status("from")
    to_status = _status("to")
    allowed = _statuses("allowed")


class MaxRetriesExceeded(ExecutionProblem, reason="MAX_RETRIES_EXCEEDED"):
    """``retry`` found no attempts left; ``additional_attempts`` would allow more."""

    execution_id = _text("executionId")
    attempts = _number("attempts")
    max_attempts = _number("maxAttempts")


class ExecutionNotRunning(ExecutionProblem, reason="EXECUTION_NOT_RUNNING"):
    """Progress and checkpoints are taken while the execution is running only."""

    execution_id = _text("executionId")
    status = _status("status")


class ExecutionActive(ExecutionProblem, reason="EXECUTION_ACTIVE"):
    """``delete`` without ``force`` takes only executions that are pending or at rest."""

    execution_id = _text("executionId")
    status = _status("status")


class AttemptFenced(ExecutionProblem, reason="ATTEMPT_FENCED"):
    """The caller's attempt is over, so nothing of it is taken: stop working. ``cause`` says how the attempt ended."""

    execution_id = _text("executionId")
    attempt = _number("attempt")
    current_attempt = _number("currentAttempt")
    status = _status("status")
    cause = _text("cause")


class RevisionMismatch(ExecutionProblem, reason="REVISION_MISMATCH"):
    """The execution is not at the revision that the caller expects."""

    execution_id = _text("executionId")
    expected_revision = _number("expectedRevision")
    revision = _number("revision")


class Contention(ExecutionProblem, reason="CONTENTION"):
    """Other callers kept changing the execution until the server gave up. Nothing was changed; call again."""

    execution_id = _text("executionId")


class WatchRevisionCompacted(ExecutionProblem, reason="WATCH_REVISION_COMPACTED"):
    """The history does not reach back to the revision to resume after: watch again without ``after_revision``."""

    execution_id = _text("executionId")
    after_revision = _number("afterRevision")
    oldest_revision = _number("oldestRevision")


class QuotaExceeded(ExecutionProblem, reason="QUOTA_EXCEEDED"):
    """A quota of the deployment is used up. ``retry_delay`` says when to come back."""

    limit = _number("limit")


class TooManyWatches(ExecutionProblem, reason="TOO_MANY_WATCHES"):
    """All watches there may be are taken, or a watch of many executions was not read fast enough."""

    limit = _number("limit")


class TooManyCheckpoints(ExecutionProblem, reason="TOO_MANY_CHECKPOINTS"):
    """The execution would have more checkpoints than it may have. Nothing was saved."""

    execution_id = _text("executionId")
    limit = _number("limit")


class Unavailable(ExecutionProblem):
    """
    No answer came, and the automatic repeats did not help. Whether the call took effect is not known: the same call
    with the same ``request_id`` may be made again.
    """


class StoreUnavailable(Unavailable, reason="STORE_UNAVAILABLE"):
    """The service cannot reach its store."""


class ServerDraining(Unavailable, reason="SERVER_DRAINING"):
    """The server is about to stop; another one answers. ``revision`` is set for a watch only."""

    revision = _number("revision")


class CredentialsMissing(ExecutionProblem, reason="CREDENTIALS_MISSING"):
    """The call carries no credentials and needs some."""


class CredentialsInvalid(ExecutionProblem, reason="CREDENTIALS_INVALID"):
    """The call's credentials are unknown or have expired."""


class MethodForbidden(ExecutionProblem, reason="METHOD_FORBIDDEN"):
    """The caller may not use this method."""

    method = _text("method")


class Unexpected(ExecutionProblem, reason="UNEXPECTED"):
    """A fault of the service. Its log has the cause under ``incident_id``."""

    incident_id = _text("incidentId")


class DeadlineExceeded(ExecutionProblem):
    """No answer came before the call's deadline, be it that the server cannot be reached. See ``Unavailable``."""


class Cancelled(ExecutionProblem):
    """The call was ended before its answer came."""


class ClientClosed(Cancelled):
    """The client was closed."""
