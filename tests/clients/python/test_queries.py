"""Lists, counts and waits. Holds for both clients."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import (
    Count,
    DeadlineExceeded,
    ExecutionNotFound,
    ExecutionStatus,
    View,
)
from google.protobuf.json_format import MessageToDict

from tests.clients.python.scripted_server import Fault, ScriptedServer

FILTER: dict[str, Any] = {
    "statuses": [ExecutionStatus.FAILED, "timed_out"],
    "types": {"email"},
    "parent_id": "p",
    "created_from": datetime(2026, 1, 2, tzinfo=UTC),
    "created_before": datetime(2026, 1, 3, tzinfo=UTC),
}
FILTER_SENT = {
    "statuses": ["EXECUTION_STATUS_FAILED", "EXECUTION_STATUS_TIMED_OUT"],
    "types": ["email"],
    "parentId": "p",
    "createdFrom": "2026-01-02T00:00:00Z",
    "createdBefore": "2026-01-03T00:00:00Z",
}


def page(*ids: str, token: str = "") -> verbs.ListExecutionsResponse:
    """A page of executions."""
    return verbs.ListExecutionsResponse(
        executions=[nouns.Execution(id=id) for id in ids], next_page_token=token
    )


def waited(status: nouns.ExecutionStatus, *, done: bool) -> verbs.WaitExecutionResponse:
    """An answer to a wait."""
    return verbs.WaitExecutionResponse(execution=nouns.Execution(id="e1", status=status), done=done)


async def test_a_list_is_all_pages_each_asked_for_when_it_is_needed(
    client: Any, server: ScriptedServer
) -> None:
    """A list may be longer than memory; who stops early should not have paid for all of it."""
    server.script("ListExecutions", page("a", "b", token="t1"), page(token="t2"), page("c"))
    ids = []
    async for execution in client.list(page_size=2, view=View.FULL, newest_first=False, **FILTER):
        ids.append(execution.id)
        assert len(server.requests("ListExecutions")) == (1 if execution.id in "ab" else 3)
    assert ids == ["a", "b", "c"]
    sent = [MessageToDict(request) for request in server.requests("ListExecutions")]
    common = {"filter": FILTER_SENT, "pageSize": 2, "orderBy": "created_at", "view": "EXECUTION_VIEW_FULL"}
    assert sent == [common, {**common, "pageToken": "t1"}, {**common, "pageToken": "t2"}]


async def test_a_page_is_asked_for_by_its_token(client: Any, server: ScriptedServer) -> None:
    """For callers that show one page at a time, such as a web page."""
    server.script("ListExecutions", page("a", token="t2"))
    answer = await client.list_page(page_token="t1")
    assert ([execution.id for execution in answer.executions], answer.next_page_token) == (["a"], "t2")
    sent = MessageToDict(server.requests("ListExecutions")[0])
    assert sent == {"filter": {}, "orderBy": "created_at desc", "pageToken": "t1"}


async def test_a_count_takes_the_filter_of_a_list(client: Any, server: ScriptedServer) -> None:
    """Otherwise a page and the number over it would not belong together."""
    by_status = [verbs.StatusCount(status=nouns.EXECUTION_STATUS_FAILED, count=2)]
    server.script("CountExecutions", verbs.CountExecutionsResponse(count=2, by_status=by_status))
    assert await client.count(**FILTER) == Count(2, {ExecutionStatus.FAILED: 2})
    assert MessageToDict(server.requests("CountExecutions")[0]) == {"filter": FILTER_SENT}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"statuses": "failed"}, TypeError, "statuses must be a list"),
        ({"types": "email"}, TypeError, "types must be a list"),
        ({"statuses": ["done"]}, ValueError, "'done' is not a valid ExecutionStatus"),
        ({"statuses": [ExecutionStatus.UNKNOWN]}, ValueError, "unknown status"),
        ({"created_from": datetime(2026, 1, 2)}, ValueError, "created_from must have a time zone"),  # noqa: DTZ001 - it is what is refused
    ],
)
async def test_a_filter_that_would_silently_match_nothing_is_refused(
    client: Any, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    """An empty answer looks like good news."""
    with pytest.raises(error, match=message):
        await client.count(**arguments)


async def test_wait_asks_again_until_the_execution_is_at_rest(client: Any, server: ScriptedServer) -> None:
    """One call lasts less than proxies allow; the work may last for hours, and the service may restart meanwhile."""
    running = waited(nouns.EXECUTION_STATUS_RUNNING, done=False)
    cut = Fault(grpc.StatusCode.INTERNAL, message="RST_STREAM")
    server.script("WaitExecution", running, cut, running, waited(nouns.EXECUTION_STATUS_COMPLETED, done=True))
    execution = await client.wait("e1", view=View.BASIC)
    assert execution.status is ExecutionStatus.COMPLETED
    sent = MessageToDict(server.requests("WaitExecution")[-1])
    assert sent == {"id": "e1", "timeout": "20s", "view": "EXECUTION_VIEW_BASIC"}
    assert all(20 < (call.seconds or 0) < 30 for call in server.received["WaitExecution"])


async def test_wait_answers_what_is_there_when_its_time_is_up(client: Any, server: ScriptedServer) -> None:
    """Not to be done yet is an answer, no error."""
    server.script("WaitExecution", waited(nouns.EXECUTION_STATUS_RUNNING, done=False))
    execution = await client.wait("e1", timeout=timedelta(0))
    assert execution.status is ExecutionStatus.RUNNING
    assert server.requests("WaitExecution")[0].timeout.ToMilliseconds() == 1


async def test_wait_raises_what_will_not_pass(client: Any, server: ScriptedServer) -> None:
    """Nobody comes to rest who does not exist."""
    server.script("WaitExecution", Fault(grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND"))
    with pytest.raises(ExecutionNotFound):
        await client.wait("e1")


async def test_wait_without_a_service_ends_with_its_time(
    connect: Callable[..., Any], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then there is no execution to answer."""
    for half in ("_async", "_sync"):
        monkeypatch.setattr(f"execution_client.{half}.queries._GRACE_SECONDS", 0.1)
    server.stop()
    with pytest.raises(DeadlineExceeded):
        await connect(server.target).wait("e1", timeout=0.1)
