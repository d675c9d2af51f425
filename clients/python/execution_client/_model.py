"""The plain Python values that the clients take and answer: the nouns of croco/execution/v1/execution.proto."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from typing import Any, Final


class Omitted(Enum):
    """The type of ``OMITTED``."""

    OMITTED = "omitted"


OMITTED: Final = Omitted.OMITTED
"""Stands for an argument that was not given, where ``None`` is a value of its own."""


class ExecutionStatus(StrEnum):
    """Where an execution stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    RETRYING = "retrying"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """A status that this version of the client does not know. Never at rest."""

    @property
    def at_rest(self) -> bool:
        """Whether the execution stays there until somebody retries it; completed and cancelled are final."""
        return self in _AT_REST


_AT_REST = {
    ExecutionStatus.COMPLETED,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMED_OUT,
    ExecutionStatus.CANCELLED,
}


class StatusReason(StrEnum):
    """Why an execution has the status it has."""

    CREATED = "created"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    RETRYABLE_FAILURE = "retryable_failure"
    NON_RETRYABLE_FAILURE = "non_retryable_failure"
    ATTEMPTS_EXHAUSTED = "attempts_exhausted"
    ATTEMPT_TIMEOUT = "attempt_timeout"
    REPORTED_TIMEOUT = "reported_timeout"
    CANCEL_REQUESTED = "cancel_requested"
    MANUAL_RETRY = "manual_retry"
    GIVEN_UP = "given_up"
    START_EXPIRED = "start_expired"
    TOTAL_TIMEOUT = "total_timeout"
    AUTOMATIC_RETRY = "automatic_retry"
    LEASE_EXPIRED = "lease_expired"
    CRASHES_EXHAUSTED = "crashes_exhausted"
    RELEASED = "released"
    UNKNOWN = "unknown"
    """A reason that this version of the client does not know."""


class View(StrEnum):
    """How much of an execution an answer carries."""

    BASIC = "basic"
    """Without payload, result, checkpoints, history and the error's stack."""
    FULL = "full"


class WatchEvent(StrEnum):
    """What a message of a watch is about."""

    SNAPSHOT = "snapshot"
    """The execution as it is."""
    STATUS_CHANGED = "status_changed"
    """One status change, in ``change``."""
    UPDATED = "updated"
    """Anything else changed. Several changes may be one message."""
    BOOKMARK = "bookmark"
    """Of ``watch_all`` only: the snapshot is complete."""
    DELETED = "deleted"
    """Of ``watch_all`` only: the execution was removed."""
    MISSING = "missing"
    """Of ``watch_all`` only, and made by the client: while the connection was lost the execution was deleted, or
    came to a status that the watch does not ask for."""
    UNKNOWN = "unknown"
    """An event that this version of the client does not know."""


@dataclass(frozen=True, slots=True)
class ExecutionError:
    """A failure, as the worker reported it. ``retry_delay`` is given where this once it replaced the retry policy."""

    message: str
    code: str = ""
    stack: str = ""
    retryable: bool = False
    retry_delay: timedelta | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far an attempt is.

    ``current`` and ``total`` count in a unit of the worker's choice; a total of 0 is not known. ``percent`` is 0 to
    100; when a worker leaves it out the server computes it. ``attempt`` and ``updated_at`` are set by the server only.
    """

    current: float
    total: float
    message: str = ""
    percent: float | None = None
    attempt: int = 0
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """
    One status change.

    ``from_status`` is None for the creation. ``revision`` and ``attempt`` are the execution's after the change.
    ``actor`` is "server" for a deadline that the server keeps, else the caller where calls carry an identity.
    """

    revision: int
    at: datetime | None
    from_status: ExecutionStatus | None
    to_status: ExecutionStatus
    reason: StatusReason
    attempt: int
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """
    When the next attempt comes after a failure that may be repeated. What is None is as the contract says.

    The pause grows by ``backoff_coefficient`` from ``initial_interval`` to ``maximum_interval``, less a random part of
    up to ``jitter`` (0 to 1). Errors with one of ``non_retryable_codes`` are never repeated; attempts that timed out
    only with ``retry_timeouts``.
    """

    initial_interval: timedelta | None = None
    backoff_coefficient: float | None = None
    maximum_interval: timedelta | None = None
    jitter: float | None = None
    non_retryable_codes: tuple[str, ...] = ()
    retry_timeouts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """
    How long a record is kept once it is at rest: ``succeeded`` if completed or cancelled, ``failed`` if failed or timed
    out. None is for ever in an answer, and as the server is set in a request.
    """

    succeeded: timedelta | None = None
    failed: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a running execution: until ``expires_at``, unless the worker is heard of before."""

    worker_id: str
    duration: timedelta
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """
    One unit of work and all that is known about it; execution.proto explains every field.

    JSON values (``payload``, ``result``, ``metadata``, ``checkpoints``) are None, bool, int, float, str, list and
    dict. ``payload`` is None both where it is JSON null and where none was sent: ``has_payload`` tells the two
    apart, as ``has_result`` does for ``result``. The BASIC view carries neither. Times are timezone-aware.
    """

    id: str
    type: str
    status: ExecutionStatus
    status_reason: StatusReason
    payload: Any = None
    has_payload: bool = False
    result: Any = None
    has_result: bool = False
    error: ExecutionError | None = None
    attempts: int = 0
    max_attempts: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    timeout: timedelta | None = None
    idempotency_key: str = ""
    parent_id: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    checkpoints: Mapping[str, Any] = field(default_factory=dict)
    checkpoint_sizes: Mapping[str, int] = field(default_factory=dict)
    progress: Progress | None = None
    revision: int = 0
    history: tuple[HistoryEntry, ...] = ()
    status_changes: int = 0
    cancellation_reason: str = ""
    cancellation_requested_at: datetime | None = None
    cancellation_forced_at: datetime | None = None
    retry_policy: RetryPolicy | None = None
    next_attempt_at: datetime | None = None
    start_timeout: timedelta | None = None
    total_timeout: timedelta | None = None
    retention: Retention | None = None
    expires_at: datetime | None = None
    scheduled_at: datetime | None = None
    priority: int = 0
    lease: Lease | None = None
    crashes: int = 0
    max_crashes: int = 0
    refunded_attempts: int = 0
    trace_parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedExecution(Execution):
    """The answer of ``create``: the execution, and whether this call (or the one it repeats) created it."""

    created: bool


@dataclass(frozen=True, slots=True)
class NewExecution:
    """An execution to create among others, with the arguments of ``create``."""

    type: str
    payload: object = OMITTED
    _: KW_ONLY
    max_attempts: int | None = None
    timeout: timedelta | None = None
    start_timeout: timedelta | None = None
    total_timeout: timedelta | None = None
    retry_policy: RetryPolicy | None = None
    retention: Retention | None = None
    scheduled_at: datetime | None = None
    priority: int | None = None
    max_crashes: int | None = None
    idempotency_key: str = ""
    parent_id: str = ""
    metadata: Mapping[str, object] | None = None
    labels: Mapping[str, str] | None = None
    request_id: str | None = None
    """Names it so that the same may be asked for again; None: the client makes one up."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the executions of a list. An empty ``next_page_token`` means that no more follow."""

    executions: tuple[Execution, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many executions match, in all and in each status that the filter allows."""

    total: int
    by_status: Mapping[ExecutionStatus, int]


class DirectiveKind(StrEnum):
    """What a worker has to do about an attempt that it holds."""

    CANCEL_REQUESTED = "cancel_requested"
    """Stop: somebody asked for its cancellation, for the reason given."""
    LEASE_LOST = "lease_lost"
    """Forget it: it ended for the status reason given. What the worker still writes of it is refused."""
    UNKNOWN = "unknown"
    """Something that this version of the client does not know."""


@dataclass(frozen=True, slots=True)
class Directive:
    """What a worker has to do. ``forced_at`` is when the server cancels by itself."""

    id: str
    attempt: int
    kind: DirectiveKind
    reason: str = ""
    forced_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WatchMessage:
    """
    What a watch tells.

    ``revision`` is the cursor: a watch with it as ``after_revision`` goes on from here. ``change`` is set for
    STATUS_CHANGED only. ``execution`` is the execution as of ``revision``; None where a later message of the same
    watch has already overtaken it, and for BOOKMARK, DELETED and MISSING.
    """

    id: str
    revision: int
    event: WatchEvent
    change: HistoryEntry | None = None
    execution: Execution | None = None


class StoreKind(StrEnum):
    """The kind of store that a server keeps executions in."""

    MEMORY = "memory"
    STANDALONE = "standalone"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"
    UNKNOWN = "unknown"
    """A kind that this version of the client does not know, or one without a name."""


class DurabilityClass(StrEnum):
    """What a change survives once it is acknowledged."""

    RELAXED = "relaxed"
    """The last changes may be lost with the store's process, machine or primary."""
    LOCAL = "local"
    """It is on the disk of the store's primary."""
    REPLICATED = "replicated"
    """And the replicas that may take over have it."""
    UNKNOWN = "unknown"
    """The server does not know, or this version of the client does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """What a server takes."""

    message_bytes: int
    batch_size: int
    page_size: int
    checkpoints: int
    calls_under_way: int
    watches_per_connection: int
    default_deadline: timedelta
    max_deadline: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerInfo:
    """What a server is and takes."""

    version: str
    store_kind: StoreKind
    durability: DurabilityClass
    partitions: int
    limits: ServerLimits
