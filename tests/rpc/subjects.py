"""Executions to call, in every status; and for each RPC a request that is taken, to be spoilt one field at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionStatus, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Value

from tests.process.programs import DEADLINE_SECONDS

NOBODY: Final = "0190a3c4-5b6c-7d3e-8f00-112233445566"
"""The id of no execution."""
FAILURE: Final = ExecutionError(message="The disk is full.")
PASSING_FAILURE: Final = ExecutionError(message="The disk is full.", retryable=True)


def create(stub: ExecutionServiceStub, **fields: Any) -> Execution:
    """A new execution."""
    request = api.CreateExecutionRequest(**{"type": "report", **fields})
    return stub.CreateExecution(request, timeout=DEADLINE_SECONDS).execution


def start(stub: ExecutionServiceStub, execution_id: str) -> Execution:
    """The execution with its next attempt begun."""
    request = api.StartExecutionRequest(id=execution_id)
    return stub.StartExecution(request, timeout=DEADLINE_SECONDS).execution


def get(stub: ExecutionServiceStub, execution_id: str) -> Execution:
    """All of it."""
    request = api.GetExecutionRequest(id=execution_id)
    return stub.GetExecution(request, timeout=DEADLINE_SECONDS).execution


def fail(stub: ExecutionServiceStub, execution_id: str, error: ExecutionError = PASSING_FAILURE) -> Execution:
    """The execution with its attempt failed."""
    request = api.FailExecutionRequest(id=execution_id, error=error)
    return stub.FailExecution(request, timeout=DEADLINE_SECONDS).execution


def in_status(stub: ExecutionServiceStub, status: ExecutionStatus, **fields: Any) -> Execution:
    """An execution in *status*, created with *fields*."""
    execution = create(stub, **fields)
    if status not in (PENDING, CANCELLED):
        start(stub, execution.id)
    match status:
        case ExecutionStatus.EXECUTION_STATUS_COMPLETED:
            stub.CompleteExecution(api.CompleteExecutionRequest(id=execution.id))
        case ExecutionStatus.EXECUTION_STATUS_FAILED:
            fail(stub, execution.id, FAILURE)
        case ExecutionStatus.EXECUTION_STATUS_RETRYING:
            fail(stub, execution.id)
        case ExecutionStatus.EXECUTION_STATUS_TIMED_OUT:
            stub.TimeOutExecution(api.TimeOutExecutionRequest(id=execution.id))
        case ExecutionStatus.EXECUTION_STATUS_CANCELLED:
            stub.CancelExecution(api.CancelExecutionRequest(id=execution.id))
    found = get(stub, execution.id)
    assert found.status == status
    return found


class Stubs(NamedTuple):
    """Clients of both services."""

    executions: ExecutionServiceStub
    workers: WorkerServiceStub

    def method(self, rpc: str) -> Callable[..., Any]:
        """The RPC by its name."""
        method: Callable[..., Any] = getattr(self.executions, rpc, None) or getattr(self.workers, rpc)
        return method


class Rpc(NamedTuple):
    """One RPC and a request of it that is taken."""

    name: str
    request: Callable[[str], Any]
    """Of the execution's id."""
    status: ExecutionStatus = RUNNING
    """In which the execution has to be."""


def _update(execution_id: str) -> api.UpdateExecutionRequest:
    labels = Execution(id=execution_id, labels={"team": "blue"})
    return api.UpdateExecutionRequest(execution=labels, update_mask=FieldMask(paths=["labels"]))


def _claim() -> work.ClaimExecutionsRequest:
    at_once = Duration(nanos=1_000_000)
    return work.ClaimExecutionsRequest(worker_id="w-1", types=["nothing is of this type"], wait=at_once)


RPCS: Final = (
    Rpc("CreateExecution", lambda _: api.CreateExecutionRequest(type="report")),
    Rpc("GetExecution", lambda id_: api.GetExecutionRequest(id=id_)),
    Rpc(
        "GetExecutionByIdempotencyKey",
        lambda _: api.GetExecutionByIdempotencyKeyRequest(idempotency_key="nobody holds this"),
    ),
    Rpc("ListExecutions", lambda _: api.ListExecutionsRequest()),
    Rpc("CountExecutions", lambda _: api.CountExecutionsRequest()),
    Rpc("UpdateExecution", _update),
    Rpc("DeleteExecution", lambda id_: api.DeleteExecutionRequest(id=id_), COMPLETED),
    Rpc("StartExecution", lambda id_: api.StartExecutionRequest(id=id_), PENDING),
    Rpc("CompleteExecution", lambda id_: api.CompleteExecutionRequest(id=id_)),
    Rpc("FailExecution", lambda id_: api.FailExecutionRequest(id=id_, error=FAILURE)),
    Rpc("CancelExecution", lambda id_: api.CancelExecutionRequest(id=id_), RETRYING),
    Rpc("RetryExecution", lambda id_: api.RetryExecutionRequest(id=id_), FAILED),
    Rpc("TimeOutExecution", lambda id_: api.TimeOutExecutionRequest(id=id_)),
    Rpc(
        "UpdateProgress",
        lambda id_: api.UpdateProgressRequest(id=id_, progress=Progress(current=1, total=2)),
    ),
    Rpc(
        "SaveCheckpoint",
        lambda id_: api.SaveCheckpointRequest(id=id_, checkpoints={"page": Value(number_value=7)}),
    ),
    Rpc("WatchExecution", lambda id_: api.WatchExecutionRequest(id=id_)),
    Rpc("WatchExecutions", lambda _: api.WatchExecutionsRequest()),
    Rpc("WaitExecution", lambda id_: api.WaitExecutionRequest(id=id_), TIMED_OUT),
    Rpc(
        "BatchCreateExecutions",
        lambda _: api.BatchCreateExecutionsRequest(requests=[api.CreateExecutionRequest(type="report")]),
    ),
    Rpc("BatchGetExecutions", lambda id_: api.BatchGetExecutionsRequest(ids=[id_])),
    Rpc("GetServerInfo", lambda _: api.GetServerInfoRequest()),
    Rpc("ClaimExecutions", lambda _: _claim()),
    Rpc("Heartbeat", lambda id_: work.HeartbeatRequest(held=[work.HeldAttempt(id=id_, attempt=1)])),
    Rpc("ReleaseExecution", lambda id_: work.ReleaseExecutionRequest(id=id_)),
)
"""All but Work, whose requests are a stream; ``test_shared_fields.py`` holds them against the contract."""


def with_field(*names: str) -> list[Rpc]:
    """The RPCs whose requests have all of these fields."""
    return [rpc for rpc in RPCS if set(names) <= set(rpc.request(NOBODY).DESCRIPTOR.fields_by_name)]
