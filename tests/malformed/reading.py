"""Whatever was accepted can be read back: by Get, by List and by Watch, by every client, and all three say the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import grpc
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import EXECUTION_VIEW_FULL, Execution
from google.protobuf import json_format

from tests.process.programs import DEADLINE_SECONDS

TRIES: Final = 20
"""An execution whose deadlines come true meanwhile is read again."""


def unreadable(stub: Any, ids: Iterable[str]) -> list[str]:
    """What of the executions with *ids* cannot be read back, a sentence each. Deleted ones are left out."""
    complaints = []
    listed = _listed(stub)
    for id_ in sorted(ids):
        for _ in range(TRIES):
            record = _got(stub, id_)
            if record is None or record == listed.get(id_):
                break
            listed |= _listed(stub, _around(record))
        if record is None:
            continue
        if record != listed.get(id_):
            complaints.append(f"{id_} is not listed as it is")
        elif (watched := _watched(stub, id_)) != record and _got(stub, id_) == record:
            complaints.append(f"{id_} is not watched as it is: {watched!r:.500}")
        else:
            complaints += _not_json(record)
    return complaints


def _got(stub: Any, id_: str) -> Execution | None:
    request = api.GetExecutionRequest(id=id_, view=EXECUTION_VIEW_FULL)
    try:
        record: Execution = stub.GetExecution(request, timeout=DEADLINE_SECONDS).execution
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise
        return None
    return record


def _around(record: Execution) -> api.ExecutionFilter:
    """Matches it, and not many others."""
    around = api.ExecutionFilter()
    around.created_from.FromMilliseconds(record.created_at.ToMilliseconds() - 1)
    around.created_before.FromMilliseconds(record.created_at.ToMilliseconds() + 2)
    return around


def _listed(stub: Any, of: api.ExecutionFilter | None = None) -> dict[str, Execution]:
    """All executions, or those that match, read page by page."""
    found: dict[str, Execution] = {}
    request = api.ListExecutionsRequest(filter=of, page_size=1_000, view=EXECUTION_VIEW_FULL)
    while True:
        page = stub.ListExecutions(request, timeout=DEADLINE_SECONDS)
        found.update((record.id, record) for record in page.executions)
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


def _watched(stub: Any, id_: str) -> Execution | None:
    request = api.WatchExecutionRequest(id=id_, view=EXECUTION_VIEW_FULL)
    call = stub.WatchExecution(request, timeout=DEADLINE_SECONDS)
    try:
        snapshot: Execution = next(call).execution
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.NOT_FOUND:
            raise
        return None
    finally:
        call.cancel()
    return snapshot


def _not_json(record: Execution) -> list[str]:
    """Dashboards and tools show it as JSON."""
    try:
        json_format.MessageToJson(record)
    except Exception as error:  # whatever it is, it would be theirs
        return [f"{record.id} cannot be written as JSON: {error}"]
    return []
