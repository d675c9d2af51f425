"""A WorkerService whose streams a test writes down: for what a real service does only on a bad day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import grpc.aio
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import worker_service_pb2 as messages
from croco.execution.v1.worker_service_pb2_grpc import (
    WorkerServiceServicer,
    add_WorkerServiceServicer_to_server,
)

ID: Final = "0190a3c4-5b6c-7d3e-8f00-112233445566"
Requests: TypeAlias = AsyncIterator[messages.WorkRequest]
Script: TypeAlias = Callable[[Requests, Any], AsyncIterator[messages.WorkResponse]]
"""One stream: given what the worker says and the call's context, what it is told."""


def assignment(type: str) -> messages.WorkResponse:
    """What gives the worker the first attempt of the execution ID."""
    given = nouns.Execution(id=ID, type=type, attempts=1, status=nouns.EXECUTION_STATUS_RUNNING)
    return messages.WorkResponse(assignments=[given])


def acknowledgement(report: messages.WorkReport, refused_for: str = "") -> messages.WorkResponse:
    """What tells the worker that a report was taken, or the reason why it was not."""
    refusal = None
    if refused_for:
        refusal = messages.WorkRefusal(reason=f"ERROR_REASON_{refused_for}", message="A sentence.")
    answer = messages.WorkAcknowledgement(sequence=report.sequence, revision=3, refusal=refusal)
    return messages.WorkResponse(acknowledgements=[answer])


class _Scripted(WorkerServiceServicer):
    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)

    async def Work(self, requests: Any, context: Any) -> AsyncIterator[messages.WorkResponse]:  # noqa: N802 - gRPC's
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        async for response in script(requests, context):
            yield response


@asynccontextmanager
async def scripted(*scripts: Script) -> AsyncIterator[str]:
    """A server whose streams follow one script after the other, and the last for ever; yields its address."""
    server = grpc.aio.server()
    add_WorkerServiceServicer_to_server(_Scripted(*scripts), server)  # type: ignore[abstract]  # Work alone
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)
