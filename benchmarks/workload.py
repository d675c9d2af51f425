"""The calls that are measured: an execution with 300 bytes of payload, as the project's clients make them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from croco.execution.v1 import execution_service_pb2 as messages
from croco.execution.v1.execution_pb2 import Progress
from google.protobuf.struct_pb2 import Value

from . import load
from .http2 import Connection

PAYLOAD_BYTES: Final = 300
"""In its protobuf form."""
TYPE: Final = "billing.invoice"
NOBODY: Final = "00000000-0000-7000-8000-000000000000"
"""An id that no execution has, for a server that does not look."""
SERVICE: Final = "/croco.execution.v1.ExecutionService/"
LIFE: Final = ("CreateExecution", "StartExecution", "UpdateProgress", "CompleteExecution", "GetExecution")
"""What happens to each execution, in this order; GetExecution last, when there is most to answer."""


def _payload() -> Value:
    value = Value()
    order: dict[str, str | int | bool] = {
        "order": "A-1027",
        "customer": 88123,
        "currency": "EUR",
        "express": True,
    }
    length = 0
    while missing := PAYLOAD_BYTES - value.ByteSize():
        length += missing
        value.struct_value.update(order | {"note": "x" * length})
    return value


PAYLOAD: Final = _payload()
"""A JSON object."""


def create(type_: str = TYPE, *, with_request_id: bool = True) -> bytes:
    """A CreateExecutionRequest."""
    request = messages.CreateExecutionRequest(
        type=type_, payload=PAYLOAD, request_id=_request_id(with_request_id)
    )
    return request.SerializeToString()


def request(method: str, id_: str, *, with_request_id: bool = True) -> bytes:
    """The request of another method of ``LIFE`` on execution *id_*."""
    request_id = _request_id(with_request_id)
    match method:
        case "StartExecution":
            return messages.StartExecutionRequest(id=id_, request_id=request_id).SerializeToString()
        case "UpdateProgress":
            return progress(id_, 3, request_id)
        case "CompleteExecution":
            result = Value()
            result.struct_value.update({"invoice": "2026-1027", "pages": 3})
            complete = messages.CompleteExecutionRequest(
                id=id_, result=result, attempt=1, request_id=request_id
            )
            return complete.SerializeToString()
        case "GetExecution":
            return messages.GetExecutionRequest(id=id_).SerializeToString()
    raise ValueError(method)


def progress(id_: str, step: int, request_id: str = "") -> bytes:
    """An UpdateProgressRequest that reports *step*."""
    report = Progress(current=step, total=1_000_000, message="rendering the pages")
    update = messages.UpdateProgressRequest(id=id_, progress=report, attempt=1, request_id=request_id)
    return update.SerializeToString()


async def running(connections: Sequence[Connection], count: int, type_: str = TYPE) -> list[str]:
    """Create and start *count* executions; answer their ids."""
    requests = [create(type_) for _ in range(count)]
    answers, _ = await load.run(connections, SERVICE + "CreateExecution", requests, per_connection=4)
    ids = [messages.CreateExecutionResponse.FromString(answer).execution.id for answer in answers]
    requests = [request("StartExecution", id_) for id_ in ids]
    await load.run(connections, SERVICE + "StartExecution", requests, per_connection=4)
    return ids


def _request_id(wanted: bool) -> str:
    return str(uuid.uuid4()) if wanted else ""
