"""What tests of workers ask of a server beside the work itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import grpc.aio
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.error_reason_pb2 import ErrorReason
from croco.execution.v1.execution_pb2 import Execution
from google.protobuf.duration_pb2 import Duration

from tests.process.programs import DEADLINE_SECONDS as CALL_SECONDS
from tests.raw_worker import milliseconds
from tests.rpc.refusals import Refusal, refusal_of
from tests.rpc.subjects import NOBODY
from tests.waiting import DEADLINE_SECONDS

LONG: Final[Duration] = milliseconds(3_600_000)
"""A lease, or a grace, that no test sees the end of."""
LONG_POLL: Final = milliseconds(20_000)
AT_ONCE: Final = milliseconds(0)
UNKNOWN: Final[dict[str, Any]] = {"id": NOBODY, "attempt": 1}
"""An attempt of no execution."""


async def create(executions: Any, type_: str, **fields: Any) -> Execution:
    response = await executions.CreateExecution(api.CreateExecutionRequest(type=type_, **fields))
    created: Execution = response.execution
    return created


async def get(executions: Any, id_: str) -> Execution:
    found: Execution = (await executions.GetExecution(api.GetExecutionRequest(id=id_))).execution
    return found


async def cancel(executions: Any, id_: str, **fields: Any) -> Execution:
    request = api.CancelExecutionRequest(id=id_, **fields)
    cancelled: Execution = (await executions.CancelExecution(request)).execution
    return cancelled


def claim(workers: Any, type_: str, **fields: Any) -> Any:
    """A call, to be awaited or cancelled."""
    request = work.ClaimExecutionsRequest(**{"worker_id": "w", "types": [type_], "wait": AT_ONCE, **fields})
    return workers.ClaimExecutions(request, timeout=CALL_SECONDS)


async def claimed(workers: Any, type_: str, **fields: Any) -> list[Execution]:
    """What a claim is given."""
    return list((await claim(workers, type_, **fields)).executions)


async def refused(call: Any) -> Refusal:
    """Why a call is refused."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call
    return refusal_of(raised.value)


def reason(acknowledgement: work.WorkAcknowledgement) -> str:
    """Why the report was refused; ``""`` if it was not."""
    if not acknowledgement.HasField("refusal"):
        return ""
    return ErrorReason.Name(acknowledgement.refusal.reason).removeprefix("ERROR_REASON_")


async def until_asked(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Ask again and again until *condition* holds."""
    deadline = asyncio.get_running_loop().time() + DEADLINE_SECONDS
    while not await condition():
        assert asyncio.get_running_loop().time() < deadline, f"waited in vain until {what}"
        await asyncio.sleep(0.02)
