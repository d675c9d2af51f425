import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecutionStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_STATUS_UNSPECIFIED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_PENDING: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_RUNNING: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_COMPLETED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_FAILED: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_RETRYING: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_TIMED_OUT: _ClassVar[ExecutionStatus]
    EXECUTION_STATUS_CANCELLED: _ClassVar[ExecutionStatus]

class StatusReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STATUS_REASON_UNSPECIFIED: _ClassVar[StatusReason]
    STATUS_REASON_CREATED: _ClassVar[StatusReason]
    STATUS_REASON_STARTED: _ClassVar[StatusReason]
    STATUS_REASON_SUCCEEDED: _ClassVar[StatusReason]
    STATUS_REASON_RETRYABLE_FAILURE: _ClassVar[StatusReason]
    STATUS_REASON_NON_RETRYABLE_FAILURE: _ClassVar[StatusReason]
    STATUS_REASON_ATTEMPTS_EXHAUSTED: _ClassVar[StatusReason]
    STATUS_REASON_ATTEMPT_TIMEOUT: _ClassVar[StatusReason]
    STATUS_REASON_REPORTED_TIMEOUT: _ClassVar[StatusReason]
    STATUS_REASON_CANCEL_REQUESTED: _ClassVar[StatusReason]
    STATUS_REASON_MANUAL_RETRY: _ClassVar[StatusReason]
    STATUS_REASON_GIVEN_UP: _ClassVar[StatusReason]
    STATUS_REASON_START_EXPIRED: _ClassVar[StatusReason]
    STATUS_REASON_TOTAL_TIMEOUT: _ClassVar[StatusReason]
    STATUS_REASON_AUTOMATIC_RETRY: _ClassVar[StatusReason]
    STATUS_REASON_LEASE_EXPIRED: _ClassVar[StatusReason]
    STATUS_REASON_CRASHES_EXHAUSTED: _ClassVar[StatusReason]
    STATUS_REASON_RELEASED: _ClassVar[StatusReason]

class ExecutionView(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    EXECUTION_VIEW_UNSPECIFIED: _ClassVar[ExecutionView]
    EXECUTION_VIEW_BASIC: _ClassVar[ExecutionView]
    EXECUTION_VIEW_FULL: _ClassVar[ExecutionView]
EXECUTION_STATUS_UNSPECIFIED: ExecutionStatus
EXECUTION_STATUS_PENDING: ExecutionStatus
EXECUTION_STATUS_RUNNING: ExecutionStatus
EXECUTION_STATUS_COMPLETED: ExecutionStatus
EXECUTION_STATUS_FAILED: ExecutionStatus
EXECUTION_STATUS_RETRYING: ExecutionStatus
EXECUTION_STATUS_TIMED_OUT: ExecutionStatus
EXECUTION_STATUS_CANCELLED: ExecutionStatus
STATUS_REASON_UNSPECIFIED: StatusReason
STATUS_REASON_CREATED: StatusReason
STATUS_REASON_STARTED: StatusReason
STATUS_REASON_SUCCEEDED: StatusReason
STATUS_REASON_RETRYABLE_FAILURE: StatusReason
STATUS_REASON_NON_RETRYABLE_FAILURE: StatusReason
STATUS_REASON_ATTEMPTS_EXHAUSTED: StatusReason
STATUS_REASON_ATTEMPT_TIMEOUT: StatusReason
STATUS_REASON_REPORTED_TIMEOUT: StatusReason
STATUS_REASON_CANCEL_REQUESTED: StatusReason
STATUS_REASON_MANUAL_RETRY: StatusReason
STATUS_REASON_GIVEN_UP: StatusReason
STATUS_REASON_START_EXPIRED: StatusReason
STATUS_REASON_TOTAL_TIMEOUT: StatusReason
STATUS_REASON_AUTOMATIC_RETRY: StatusReason
STATUS_REASON_LEASE_EXPIRED: StatusReason
STATUS_REASON_CRASHES_EXHAUSTED: StatusReason
STATUS_REASON_RELEASED: StatusReason
EXECUTION_VIEW_UNSPECIFIED: ExecutionView
EXECUTION_VIEW_BASIC: ExecutionView
EXECUTION_VIEW_FULL: ExecutionView

class Execution(_message.Message):
    __slots__ = ("id", "type", "status", "status_reason", "payload", "result", "error", "attempts", "max_attempts", "created_at", "updated_at", "started_at", "completed_at", "timeout", "retry_policy", "idempotency_key", "parent_id", "metadata", "labels", "checkpoints", "progress", "revision", "history", "status_changes", "applied_requests", "checkpoint_sizes", "cancellation_reason", "start_timeout", "total_timeout", "next_attempt_at", "retention", "expires_at", "cancellation_requested_at", "cancellation_forced_at", "scheduled_at", "priority", "lease", "crashes", "max_crashes", "refunded_attempts", "trace_parent")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class CheckpointsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    class CheckpointSizesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_REASON_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    COMPLETED_AT_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    RETRY_POLICY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    HISTORY_FIELD_NUMBER: _ClassVar[int]
    STATUS_CHANGES_FIELD_NUMBER: _ClassVar[int]
    APPLIED_REQUESTS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_SIZES_FIELD_NUMBER: _ClassVar[int]
    CANCELLATION_REASON_FIELD_NUMBER: _ClassVar[int]
    START_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_AT_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    CANCELLATION_REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    CANCELLATION_FORCED_AT_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    CRASHES_FIELD_NUMBER: _ClassVar[int]
    MAX_CRASHES_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    TRACE_PARENT_FIELD_NUMBER: _ClassVar[int]
    id: str
    type: str
    status: ExecutionStatus
    status_reason: StatusReason
    payload: _struct_pb2.Value
    result: _struct_pb2.Value
    error: ExecutionError
    attempts: int
    max_attempts: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    completed_at: _timestamp_pb2.Timestamp
    timeout: _duration_pb2.Duration
    retry_policy: RetryPolicy
    idempotency_key: str
    parent_id: str
    metadata: _struct_pb2.Struct
    labels: _containers.ScalarMap[str, str]
    checkpoints: _containers.MessageMap[str, _struct_pb2.Value]
    progress: Progress
    revision: int
    history: _containers.RepeatedCompositeFieldContainer[HistoryEntry]
    status_changes: int
    applied_requests: _containers.RepeatedCompositeFieldContainer[AppliedRequest]
    checkpoint_sizes: _containers.ScalarMap[str, int]
    cancellation_reason: str
    start_timeout: _duration_pb2.Duration
    total_timeout: _duration_pb2.Duration
    next_attempt_at: _timestamp_pb2.Timestamp
    retention: Retention
    expires_at: _timestamp_pb2.Timestamp
    cancellation_requested_at: _timestamp_pb2.Timestamp
    cancellation_forced_at: _timestamp_pb2.Timestamp
    scheduled_at: _timestamp_pb2.Timestamp
    priority: int
    lease: Lease
    crashes: int
    max_crashes: int
    refunded_attempts: int
    trace_parent: str
    def __init__(self, id: _Optional[str] = ..., type: _Optional[str] = ..., status: _Optional[_Union[ExecutionStatus, str]] = ..., status_reason: _Optional[_Union[StatusReason, str]] = ..., payload: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., result: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., error: _Optional[_Union[ExecutionError, _Mapping]] = ..., attempts: _Optional[int] = ..., max_attempts: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., completed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retry_policy: _Optional[_Union[RetryPolicy, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., parent_id: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., checkpoints: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., revision: _Optional[int] = ..., history: _Optional[_Iterable[_Union[HistoryEntry, _Mapping]]] = ..., status_changes: _Optional[int] = ..., applied_requests: _Optional[_Iterable[_Union[AppliedRequest, _Mapping]]] = ..., checkpoint_sizes: _Optional[_Mapping[str, int]] = ..., cancellation_reason: _Optional[str] = ..., start_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., total_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., next_attempt_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., retention: _Optional[_Union[Retention, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancellation_requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cancellation_forced_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., priority: _Optional[int] = ..., lease: _Optional[_Union[Lease, _Mapping]] = ..., crashes: _Optional[int] = ..., max_crashes: _Optional[int] = ..., refunded_attempts: _Optional[int] = ..., trace_parent: _Optional[str] = ...) -> None: ...

class Lease(_message.Message):
    __slots__ = ("worker_id", "duration", "expires_at")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    duration: _duration_pb2.Duration
    expires_at: _timestamp_pb2.Timestamp
    def __init__(self, worker_id: _Optional[str] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class RetryPolicy(_message.Message):
    __slots__ = ("initial_interval", "backoff_coefficient", "maximum_interval", "jitter", "non_retryable_codes", "retry_timeouts")
    INITIAL_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_COEFFICIENT_FIELD_NUMBER: _ClassVar[int]
    MAXIMUM_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    JITTER_FIELD_NUMBER: _ClassVar[int]
    NON_RETRYABLE_CODES_FIELD_NUMBER: _ClassVar[int]
    RETRY_TIMEOUTS_FIELD_NUMBER: _ClassVar[int]
    initial_interval: _duration_pb2.Duration
    backoff_coefficient: float
    maximum_interval: _duration_pb2.Duration
    jitter: float
    non_retryable_codes: _containers.RepeatedScalarFieldContainer[str]
    retry_timeouts: bool
    def __init__(self, initial_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., backoff_coefficient: _Optional[float] = ..., maximum_interval: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., jitter: _Optional[float] = ..., non_retryable_codes: _Optional[_Iterable[str]] = ..., retry_timeouts: bool = ...) -> None: ...

class Retention(_message.Message):
    __slots__ = ("succeeded", "failed")
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    succeeded: _duration_pb2.Duration
    failed: _duration_pb2.Duration
    def __init__(self, succeeded: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., failed: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class ExecutionError(_message.Message):
    __slots__ = ("message", "code", "stack", "retryable", "retry_delay", "details")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    STACK_FIELD_NUMBER: _ClassVar[int]
    RETRYABLE_FIELD_NUMBER: _ClassVar[int]
    RETRY_DELAY_FIELD_NUMBER: _ClassVar[int]
    DETAILS_FIELD_NUMBER: _ClassVar[int]
    message: str
    code: str
    stack: str
    retryable: bool
    retry_delay: _duration_pb2.Duration
    details: _struct_pb2.Struct
    def __init__(self, message: _Optional[str] = ..., code: _Optional[str] = ..., stack: _Optional[str] = ..., retryable: bool = ..., retry_delay: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., details: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("current", "total", "message", "percent", "attempt", "updated_at")
    CURRENT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    current: float
    total: float
    message: str
    percent: float
    attempt: int
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, current: _Optional[float] = ..., total: _Optional[float] = ..., message: _Optional[str] = ..., percent: _Optional[float] = ..., attempt: _Optional[int] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class HistoryEntry(_message.Message):
    __slots__ = ("revision", "at", "to", "reason", "attempt", "actor")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    FROM_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    revision: int
    at: _timestamp_pb2.Timestamp
    to: ExecutionStatus
    reason: StatusReason
    attempt: int
    actor: str
    def __init__(self, revision: _Optional[int] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., to: _Optional[_Union[ExecutionStatus, str]] = ..., reason: _Optional[_Union[StatusReason, str]] = ..., attempt: _Optional[int] = ..., actor: _Optional[str] = ..., **kwargs) -> None: ...

class AppliedRequest(_message.Message):
    __slots__ = ("digest", "revision", "status", "status_reason", "attempts")
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STATUS_REASON_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    digest: bytes
    revision: int
    status: ExecutionStatus
    status_reason: StatusReason
    attempts: int
    def __init__(self, digest: _Optional[bytes] = ..., revision: _Optional[int] = ..., status: _Optional[_Union[ExecutionStatus, str]] = ..., status_reason: _Optional[_Union[StatusReason, str]] = ..., attempts: _Optional[int] = ...) -> None: ...
