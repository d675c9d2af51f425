import datetime

from croco.execution.v1 import error_reason_pb2 as _error_reason_pb2
from croco.execution.v1 import execution_pb2 as _execution_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import field_mask_pb2 as _field_mask_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class WatchEvent(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    WATCH_EVENT_UNSPECIFIED: _ClassVar[WatchEvent]
    WATCH_EVENT_SNAPSHOT: _ClassVar[WatchEvent]
    WATCH_EVENT_STATUS_CHANGED: _ClassVar[WatchEvent]
    WATCH_EVENT_UPDATED: _ClassVar[WatchEvent]
    WATCH_EVENT_BOOKMARK: _ClassVar[WatchEvent]
    WATCH_EVENT_DELETED: _ClassVar[WatchEvent]

class StoreKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STORE_KIND_UNSPECIFIED: _ClassVar[StoreKind]
    STORE_KIND_MEMORY: _ClassVar[StoreKind]
    STORE_KIND_STANDALONE: _ClassVar[StoreKind]
    STORE_KIND_SENTINEL: _ClassVar[StoreKind]
    STORE_KIND_CLUSTER: _ClassVar[StoreKind]

class DurabilityClass(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DURABILITY_CLASS_UNSPECIFIED: _ClassVar[DurabilityClass]
    DURABILITY_CLASS_RELAXED: _ClassVar[DurabilityClass]
    DURABILITY_CLASS_LOCAL: _ClassVar[DurabilityClass]
    DURABILITY_CLASS_REPLICATED: _ClassVar[DurabilityClass]
WATCH_EVENT_UNSPECIFIED: WatchEvent
WATCH_EVENT_SNAPSHOT: WatchEvent
WATCH_EVENT_STATUS_CHANGED: WatchEvent
WATCH_EVENT_UPDATED: WatchEvent
WATCH_EVENT_BOOKMARK: WatchEvent
WATCH_EVENT_DELETED: WatchEvent
STORE_KIND_UNSPECIFIED: StoreKind
STORE_KIND_MEMORY: StoreKind
STORE_KIND_STANDALONE: StoreKind
STORE_KIND_SENTINEL: StoreKind
STORE_KIND_CLUSTER: StoreKind
DURABILITY_CLASS_UNSPECIFIED: DurabilityClass
DURABILITY_CLASS_RELAXED: DurabilityClass
DURABILITY_CLASS_LOCAL: DurabilityClass
DURABILITY_CLASS_REPLICATED: DurabilityClass

class CreateExecutionRequest(_message.Message):
    __slots__ = ("type", "payload", "max_attempts", "timeout", "idempotency_key", "parent_id", "metadata", "labels", "retry_policy", "start_timeout", "total_timeout", "request_id", "retention", "scheduled_at", "priority", "max_crashes")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    MAX_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    RETRY_POLICY_FIELD_NUMBER: _ClassVar[int]
    START_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    SCHEDULED_AT_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    MAX_CRASHES_FIELD_NUMBER: _ClassVar[int]
    type: str
    payload: _struct_pb2.Value
    max_attempts: int
    timeout: _duration_pb2.Duration
    idempotency_key: str
    parent_id: str
    metadata: _struct_pb2.Struct
    labels: _containers.ScalarMap[str, str]
    retry_policy: _execution_pb2.RetryPolicy
    start_timeout: _duration_pb2.Duration
    total_timeout: _duration_pb2.Duration
    request_id: str
    retention: _execution_pb2.Retention
    scheduled_at: _timestamp_pb2.Timestamp
    priority: int
    max_crashes: int
    def __init__(self, type: _Optional[str] = ..., payload: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., max_attempts: _Optional[int] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., idempotency_key: _Optional[str] = ..., parent_id: _Optional[str] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., labels: _Optional[_Mapping[str, str]] = ..., retry_policy: _Optional[_Union[_execution_pb2.RetryPolicy, _Mapping]] = ..., start_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., total_timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., request_id: _Optional[str] = ..., retention: _Optional[_Union[_execution_pb2.Retention, _Mapping]] = ..., scheduled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., priority: _Optional[int] = ..., max_crashes: _Optional[int] = ...) -> None: ...

class CreateExecutionResponse(_message.Message):
    __slots__ = ("execution", "created")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    created: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., created: bool = ...) -> None: ...

class GetExecutionRequest(_message.Message):
    __slots__ = ("id", "view")
    ID_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    id: str
    view: _execution_pb2.ExecutionView
    def __init__(self, id: _Optional[str] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class GetExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class GetExecutionByIdempotencyKeyRequest(_message.Message):
    __slots__ = ("idempotency_key", "view")
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    idempotency_key: str
    view: _execution_pb2.ExecutionView
    def __init__(self, idempotency_key: _Optional[str] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class GetExecutionByIdempotencyKeyResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class ExecutionFilter(_message.Message):
    __slots__ = ("statuses", "types", "parent_id", "created_from", "created_before")
    STATUSES_FIELD_NUMBER: _ClassVar[int]
    TYPES_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_FROM_FIELD_NUMBER: _ClassVar[int]
    CREATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    statuses: _containers.RepeatedScalarFieldContainer[_execution_pb2.ExecutionStatus]
    types: _containers.RepeatedScalarFieldContainer[str]
    parent_id: str
    created_from: _timestamp_pb2.Timestamp
    created_before: _timestamp_pb2.Timestamp
    def __init__(self, statuses: _Optional[_Iterable[_Union[_execution_pb2.ExecutionStatus, str]]] = ..., types: _Optional[_Iterable[str]] = ..., parent_id: _Optional[str] = ..., created_from: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListExecutionsRequest(_message.Message):
    __slots__ = ("filter", "page_size", "page_token", "order_by", "view")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ORDER_BY_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    filter: ExecutionFilter
    page_size: int
    page_token: str
    order_by: str
    view: _execution_pb2.ExecutionView
    def __init__(self, filter: _Optional[_Union[ExecutionFilter, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., order_by: _Optional[str] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class ListExecutionsResponse(_message.Message):
    __slots__ = ("executions", "next_page_token")
    EXECUTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    executions: _containers.RepeatedCompositeFieldContainer[_execution_pb2.Execution]
    next_page_token: str
    def __init__(self, executions: _Optional[_Iterable[_Union[_execution_pb2.Execution, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class CountExecutionsRequest(_message.Message):
    __slots__ = ("filter",)
    FILTER_FIELD_NUMBER: _ClassVar[int]
    filter: ExecutionFilter
    def __init__(self, filter: _Optional[_Union[ExecutionFilter, _Mapping]] = ...) -> None: ...

class CountExecutionsResponse(_message.Message):
    __slots__ = ("count", "by_status")
    COUNT_FIELD_NUMBER: _ClassVar[int]
    BY_STATUS_FIELD_NUMBER: _ClassVar[int]
    count: int
    by_status: _containers.RepeatedCompositeFieldContainer[StatusCount]
    def __init__(self, count: _Optional[int] = ..., by_status: _Optional[_Iterable[_Union[StatusCount, _Mapping]]] = ...) -> None: ...

class StatusCount(_message.Message):
    __slots__ = ("status", "count")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    status: _execution_pb2.ExecutionStatus
    count: int
    def __init__(self, status: _Optional[_Union[_execution_pb2.ExecutionStatus, str]] = ..., count: _Optional[int] = ...) -> None: ...

class UpdateExecutionRequest(_message.Message):
    __slots__ = ("execution", "update_mask", "expected_revision", "request_id")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_MASK_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    update_mask: _field_mask_pb2.FieldMask
    expected_revision: int
    request_id: str
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., update_mask: _Optional[_Union[_field_mask_pb2.FieldMask, _Mapping]] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class DeleteExecutionRequest(_message.Message):
    __slots__ = ("id", "force", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    force: bool
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., force: bool = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class DeleteExecutionResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StartExecutionRequest(_message.Message):
    __slots__ = ("id", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class StartExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class CompleteExecutionRequest(_message.Message):
    __slots__ = ("id", "result", "progress", "checkpoints", "attempt", "expected_revision", "request_id")
    class CheckpointsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    result: _struct_pb2.Value
    progress: _execution_pb2.Progress
    checkpoints: _containers.MessageMap[str, _struct_pb2.Value]
    attempt: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., result: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ..., progress: _Optional[_Union[_execution_pb2.Progress, _Mapping]] = ..., checkpoints: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., attempt: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class CompleteExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class FailExecutionRequest(_message.Message):
    __slots__ = ("id", "error", "progress", "checkpoints", "attempt", "expected_revision", "request_id")
    class CheckpointsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    error: _execution_pb2.ExecutionError
    progress: _execution_pb2.Progress
    checkpoints: _containers.MessageMap[str, _struct_pb2.Value]
    attempt: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., error: _Optional[_Union[_execution_pb2.ExecutionError, _Mapping]] = ..., progress: _Optional[_Union[_execution_pb2.Progress, _Mapping]] = ..., checkpoints: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., attempt: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class FailExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class CancelExecutionRequest(_message.Message):
    __slots__ = ("id", "reason", "grace_period", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    GRACE_PERIOD_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    reason: str
    grace_period: _duration_pb2.Duration
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., reason: _Optional[str] = ..., grace_period: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class CancelExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class RetryExecutionRequest(_message.Message):
    __slots__ = ("id", "additional_attempts", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    ADDITIONAL_ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    additional_attempts: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., additional_attempts: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class RetryExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class TimeOutExecutionRequest(_message.Message):
    __slots__ = ("id", "attempt", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    attempt: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., attempt: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class TimeOutExecutionResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class UpdateProgressRequest(_message.Message):
    __slots__ = ("id", "progress", "attempt", "expected_revision", "request_id")
    ID_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    progress: _execution_pb2.Progress
    attempt: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., progress: _Optional[_Union[_execution_pb2.Progress, _Mapping]] = ..., attempt: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class UpdateProgressResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class SaveCheckpointRequest(_message.Message):
    __slots__ = ("id", "checkpoints", "progress", "attempt", "expected_revision", "request_id")
    class CheckpointsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_REVISION_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    checkpoints: _containers.MessageMap[str, _struct_pb2.Value]
    progress: _execution_pb2.Progress
    attempt: int
    expected_revision: int
    request_id: str
    def __init__(self, id: _Optional[str] = ..., checkpoints: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., progress: _Optional[_Union[_execution_pb2.Progress, _Mapping]] = ..., attempt: _Optional[int] = ..., expected_revision: _Optional[int] = ..., request_id: _Optional[str] = ...) -> None: ...

class SaveCheckpointResponse(_message.Message):
    __slots__ = ("execution",)
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class WatchExecutionRequest(_message.Message):
    __slots__ = ("id", "after_revision", "follow", "view")
    ID_FIELD_NUMBER: _ClassVar[int]
    AFTER_REVISION_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    id: str
    after_revision: int
    follow: bool
    view: _execution_pb2.ExecutionView
    def __init__(self, id: _Optional[str] = ..., after_revision: _Optional[int] = ..., follow: bool = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class WatchExecutionResponse(_message.Message):
    __slots__ = ("revision", "event", "change", "execution")
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    revision: int
    event: WatchEvent
    change: _execution_pb2.HistoryEntry
    execution: _execution_pb2.Execution
    def __init__(self, revision: _Optional[int] = ..., event: _Optional[_Union[WatchEvent, str]] = ..., change: _Optional[_Union[_execution_pb2.HistoryEntry, _Mapping]] = ..., execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class WatchExecutionsRequest(_message.Message):
    __slots__ = ("filter", "snapshot")
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    filter: ExecutionFilter
    snapshot: bool
    def __init__(self, filter: _Optional[_Union[ExecutionFilter, _Mapping]] = ..., snapshot: bool = ...) -> None: ...

class WatchExecutionsResponse(_message.Message):
    __slots__ = ("id", "revision", "event", "change", "execution")
    ID_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    id: str
    revision: int
    event: WatchEvent
    change: _execution_pb2.HistoryEntry
    execution: _execution_pb2.Execution
    def __init__(self, id: _Optional[str] = ..., revision: _Optional[int] = ..., event: _Optional[_Union[WatchEvent, str]] = ..., change: _Optional[_Union[_execution_pb2.HistoryEntry, _Mapping]] = ..., execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ...) -> None: ...

class WaitExecutionRequest(_message.Message):
    __slots__ = ("id", "timeout", "view")
    ID_FIELD_NUMBER: _ClassVar[int]
    TIMEOUT_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    id: str
    timeout: _duration_pb2.Duration
    view: _execution_pb2.ExecutionView
    def __init__(self, id: _Optional[str] = ..., timeout: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class WaitExecutionResponse(_message.Message):
    __slots__ = ("execution", "done")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    done: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., done: bool = ...) -> None: ...

class BatchCreateExecutionsRequest(_message.Message):
    __slots__ = ("requests", "view")
    REQUESTS_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    requests: _containers.RepeatedCompositeFieldContainer[CreateExecutionRequest]
    view: _execution_pb2.ExecutionView
    def __init__(self, requests: _Optional[_Iterable[_Union[CreateExecutionRequest, _Mapping]]] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class BatchCreateExecutionsResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[BatchCreateOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[BatchCreateOutcome, _Mapping]]] = ...) -> None: ...

class BatchCreateOutcome(_message.Message):
    __slots__ = ("execution", "refusal", "created", "cut")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    refusal: _error_reason_pb2.Refusal
    created: bool
    cut: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., refusal: _Optional[_Union[_error_reason_pb2.Refusal, _Mapping]] = ..., created: bool = ..., cut: bool = ...) -> None: ...

class BatchGetExecutionsRequest(_message.Message):
    __slots__ = ("ids", "view")
    IDS_FIELD_NUMBER: _ClassVar[int]
    VIEW_FIELD_NUMBER: _ClassVar[int]
    ids: _containers.RepeatedScalarFieldContainer[str]
    view: _execution_pb2.ExecutionView
    def __init__(self, ids: _Optional[_Iterable[str]] = ..., view: _Optional[_Union[_execution_pb2.ExecutionView, str]] = ...) -> None: ...

class BatchGetExecutionsResponse(_message.Message):
    __slots__ = ("outcomes",)
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    outcomes: _containers.RepeatedCompositeFieldContainer[BatchGetOutcome]
    def __init__(self, outcomes: _Optional[_Iterable[_Union[BatchGetOutcome, _Mapping]]] = ...) -> None: ...

class BatchGetOutcome(_message.Message):
    __slots__ = ("execution", "refusal", "cut")
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    CUT_FIELD_NUMBER: _ClassVar[int]
    execution: _execution_pb2.Execution
    refusal: _error_reason_pb2.Refusal
    cut: bool
    def __init__(self, execution: _Optional[_Union[_execution_pb2.Execution, _Mapping]] = ..., refusal: _Optional[_Union[_error_reason_pb2.Refusal, _Mapping]] = ..., cut: bool = ...) -> None: ...

class GetServerInfoRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetServerInfoResponse(_message.Message):
    __slots__ = ("version", "store_kind", "durability", "partitions", "limits")
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STORE_KIND_FIELD_NUMBER: _ClassVar[int]
    DURABILITY_FIELD_NUMBER: _ClassVar[int]
    PARTITIONS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    version: str
    store_kind: StoreKind
    durability: DurabilityClass
    partitions: int
    limits: ServerLimits
    def __init__(self, version: _Optional[str] = ..., store_kind: _Optional[_Union[StoreKind, str]] = ..., durability: _Optional[_Union[DurabilityClass, str]] = ..., partitions: _Optional[int] = ..., limits: _Optional[_Union[ServerLimits, _Mapping]] = ...) -> None: ...

class ServerLimits(_message.Message):
    __slots__ = ("message_bytes", "batch_size", "page_size", "checkpoints", "calls_under_way", "watches_per_connection", "default_deadline", "max_deadline")
    MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    CALLS_UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    WATCHES_PER_CONNECTION_FIELD_NUMBER: _ClassVar[int]
    DEFAULT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    MAX_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    message_bytes: int
    batch_size: int
    page_size: int
    checkpoints: int
    calls_under_way: int
    watches_per_connection: int
    default_deadline: _duration_pb2.Duration
    max_deadline: _duration_pb2.Duration
    def __init__(self, message_bytes: _Optional[int] = ..., batch_size: _Optional[int] = ..., page_size: _Optional[int] = ..., checkpoints: _Optional[int] = ..., calls_under_way: _Optional[int] = ..., watches_per_connection: _Optional[int] = ..., default_deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., max_deadline: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
