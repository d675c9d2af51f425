"""From what gRPC raises to the problems of _problems.py."""

from datetime import timedelta
from typing import Final, Protocol, cast

import grpc
from croco.execution.v1.error_reason_pb2 import ErrorReason, Refusal
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from ._problems import Cancelled, DeadlineExceeded, ExecutionProblem, FieldViolation, Unavailable

DOMAIN: Final = "execution.croco.dev"

_BY_CODE: Final[dict[grpc.StatusCode, type[ExecutionProblem]]] = {
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.CANCELLED: Cancelled,
}

_CODES: Final = {code.value[0]: code for code in grpc.StatusCode}


class _Failed(Protocol):
    """What an RpcError of either kind, blocking or asyncio, is beside being an exception."""

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...


def problem_of(error: grpc.RpcError) -> ExecutionProblem:
    """Answer the problem that ``error`` stands for: by its reason, else by its code."""
    failed = cast(_Failed, error)
    details = _details(error)
    info, retry, violations = ErrorInfo(), RetryInfo(), BadRequest()
    for detail in details.details:
        for known in (info, retry, violations):
            detail.Unpack(known)
    reason = info.reason if info.domain == DOMAIN else ""
    kind = ExecutionProblem.by_reason.get(reason) or _BY_CODE.get(failed.code(), ExecutionProblem)
    return kind(
        failed.details() or failed.code().name,
        code=failed.code(),
        reason=reason,
        metadata=info.metadata,
        field_violations=tuple(
            FieldViolation(violation.field, violation.description)
            for violation in violations.field_violations
        ),
        retry_delay=_delay(retry),
    )


def problem_of_refusal(refusal: Refusal) -> ExecutionProblem:
    """Answer what the error of a call of its own would have been for one part of a call."""
    names = {number: name for name, number in ErrorReason.items()}
    reason = names.get(refusal.reason, "").removeprefix("ERROR_REASON_")
    code = _CODES.get(refusal.code, grpc.StatusCode.UNKNOWN)
    kind = ExecutionProblem.by_reason.get(reason) or _BY_CODE.get(code, ExecutionProblem)
    return kind(refusal.message, code=code, reason=reason, metadata=refusal.metadata)


def _details(error: grpc.RpcError) -> Status:
    """Answer the status details; none if there are none, or something on the way has mangled them."""
    try:
        return rpc_status.from_call(cast(grpc.Call, error)) or Status()
    except (ValueError, DecodeError):
        return Status()


def _delay(retry: RetryInfo) -> timedelta | None:
    return retry.retry_delay.ToTimedelta() if retry.HasField("retry_delay") else None
