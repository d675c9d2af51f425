"""The Work stream: what a worker says and is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc.aio
import pytest
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, Progress
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.domain.limits import PAYLOAD_BYTES, TIMEOUT_MS
from execution_server.domain.status import COMPLETED, RETRYING, RUNNING
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests.raw_worker import RawWorker, milliseconds
from tests.rpc.refusals import refusal_of
from tests.rpc.values import of_size
from tests.work.calls import UNKNOWN, create, get, reason


async def test_a_worker_is_given_executions_and_reports_what_comes_of_them(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """The whole of it: assignment, progress, checkpoints, heartbeat, result, and room for the next."""
    created = await create(executions, type_, payload=Value(string_value="input"), labels={"a": "b"})
    async with RawWorker(channel, type_, worker_id="w 1") as worker:
        (given,) = await worker.assigned(1)
        assert (given.id, given.status, given.attempts) == (created.id, RUNNING, 1)
        assert (given.payload.string_value, given.lease.worker_id) == ("input", "w 1")
        assert given.labels == {"a": "b"}
        assert not given.applied_requests

        checkpoints = {"page": Value(number_value=7)}
        first = await worker.report(given, progress=Progress(current=1, total=4), checkpoints=checkpoints)
        beat = await worker.report(given)
        last = await worker.report(given, complete=work.WorkCompletion(result=Value(string_value="output")))
        assert [reason(one) for one in (first, beat, last)] == ["", "", ""]
        assert [one.revision for one in (first, beat, last)] == [3, 4, 5]

        following = await create(executions, type_)
        assert (await worker.assigned(2))[1].id == following.id
        assert worker.directives == [], "what it does itself it is not told"
    found = await get(executions, created.id)
    assert (found.status, found.revision, found.result.string_value) == (COMPLETED, 5, "output")
    assert (found.progress.percent, found.checkpoints["page"].number_value) == (25, 7)


async def test_an_end_takes_its_progress_and_checkpoints_along(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """Each way to end an attempt, in one change with what it leaves behind."""
    ends = {
        "complete": work.WorkCompletion(),
        "fail": ExecutionError(message="no", retryable=True),
        "release": work.WorkRelease(delay=milliseconds(60_000)),
    }
    ids = [(await create(executions, type_)).id for _ in ends]
    async with RawWorker(channel, type_, slots=3) as worker:
        given = {one.id: one for one in await worker.assigned(3)}
        for id_, (way, end) in zip(ids, ends.items(), strict=True):
            left = {"checkpoints": {"k": Value(string_value=way)}, "progress": Progress(current=1, total=1)}
            assert reason(await worker.report(given[id_], **left, **{way: end})) == ""
    completed, failed, released = [await get(executions, id_) for id_ in ids]
    assert [one.checkpoints["k"].string_value for one in (completed, failed, released)] == [*ends]
    assert {one.progress.percent for one in (completed, failed, released)} == {100}
    assert (completed.status, failed.status, released.status) == (COMPLETED, RETRYING, RETRYING)
    assert (failed.refunded_attempts, released.refunded_attempts) == (0, 1)
    assert released.next_attempt_at.ToMilliseconds() == released.updated_at.ToMilliseconds() + 60_000


async def test_an_end_right_behind_another_report_is_the_worker_s_own_doing(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """They are taken in their order, and nobody tells the worker that it has lost what it has completed."""
    for _ in range(30):
        await create(executions, type_)
    async with RawWorker(channel, type_, slots=30) as worker:
        given = list(await worker.assigned(30))
        reports: list[dict[str, Any]] = []
        for one in given:
            attempt = {"id": one.id, "attempt": one.attempts}
            reports.append({**attempt, "checkpoints": {"page": Value(number_value=7)}})
            reports.append({**attempt, "checkpoints": {"page": Value(number_value=8)}})
            reports.append({**attempt, "complete": work.WorkCompletion()})
        acknowledged = await worker.report_all(reports)
        assert [reason(one) for one in acknowledged] == [""] * len(reports)
        assert worker.directives == []
    found = await get(executions, given[0].id)
    assert (found.status, found.checkpoints["page"].number_value) == (COMPLETED, 8)


async def test_a_worker_is_given_no_more_than_it_has_slots_for(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """However much is ready; and each end makes room for one."""
    for _ in range(6):
        await create(executions, type_)
    async with RawWorker(channel, type_, slots=2) as worker:
        for ended in range(4):
            given = await worker.assigned(2 + ended)
            await worker.report(given[ended], complete=work.WorkCompletion())
        await worker.assigned(6)


async def test_the_urgent_come_first_then_the_old_and_nothing_before_its_time(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """Over the wire; the most urgent of all waits until it may come, however long the others take."""
    first = await create(executions, type_)
    never = later(first, 3_600_000)
    await create(executions, type_, scheduled_at=never, priority=0)
    others = [await create(executions, type_, priority=priority) for priority in (5, 9, 0, 5)]
    async with RawWorker(channel, type_) as worker:
        for number in range(5):
            given = await worker.assigned(number + 1)
            await worker.report(given[number], complete=work.WorkCompletion())
        soon = later(given[4], 1_000)
        last = await create(executions, type_, scheduled_at=soon, priority=0)
        given = await worker.assigned(6)
    expected = [others[2], first, others[0], others[3], others[1], last]
    assert [one.id for one in given] == [one.id for one in expected]
    assert given[5].started_at.ToMilliseconds() >= soon.ToMilliseconds()


def later(execution: Execution, after_ms: int) -> Timestamp:
    """So long after the last change of an execution, by the store's clock."""
    moment = Timestamp()
    moment.FromMilliseconds(execution.updated_at.ToMilliseconds() + after_ms)
    return moment


BAD_REPORTS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "no sequence": ({**UNKNOWN, "sequence": 0}, "sequence"),
    "a sequence below zero": ({**UNKNOWN, "sequence": -1}, "sequence"),
    "no id": ({"attempt": 1}, "id"),
    "no such id": ({"id": "x", "attempt": 1}, "id"),
    "no attempt": ({**UNKNOWN, "attempt": 0}, "attempt"),
    "an attempt below zero": ({**UNKNOWN, "attempt": -1}, "attempt"),
    "a long request_id": ({**UNKNOWN, "request_id": "r" * 129}, "request_id"),
    "progress that is none": ({**UNKNOWN, "progress": Progress(total=-1)}, "progress.total"),
    "a checkpoint without a key": (
        {**UNKNOWN, "checkpoints": {"": Value(number_value=1)}},
        "checkpoints['']",
    ),
    "a failure without words": ({**UNKNOWN, "fail": ExecutionError()}, "fail.message"),
    "a pause that is too long": (
        {**UNKNOWN, "release": work.WorkRelease(delay=milliseconds(TIMEOUT_MS + 1))},
        "release.delay",
    ),
    "a result of no kind": ({**UNKNOWN, "complete": work.WorkCompletion(result=Value())}, "complete.result"),
    "a result that is too large": (
        {**UNKNOWN, "complete": work.WorkCompletion(result=of_size(PAYLOAD_BYTES + 1))},
        "complete.result",
    ),
}


@pytest.mark.parametrize("bad", BAD_REPORTS)
async def test_a_bad_report_is_refused_by_itself(channel: grpc.aio.Channel, type_: str, bad: str) -> None:
    """Its acknowledgement names the field; the stream, and what came with the report, go on."""
    report, field = BAD_REPORTS[bad]
    async with RawWorker(channel, type_) as worker:
        refused, unknown = await worker.report_all([report, UNKNOWN])
        assert (refused.revision, refused.refusal.metadata["field"]) == (0, field)
        assert refused.refusal.message.startswith(f"{field}: ")
        assert reason(refused) in ("INVALID_FIELD", "PAYLOAD_TOO_LARGE")
        assert reason(unknown) == "EXECUTION_NOT_FOUND", "it was looked at"


async def test_the_largest_result_is_taken(channel: grpc.aio.Channel, executions: Any, type_: str) -> None:
    """The limit is the last that is taken."""
    await create(executions, type_)
    async with RawWorker(channel, type_) as worker:
        (given,) = await worker.assigned(1)
        completion = work.WorkCompletion(result=of_size(PAYLOAD_BYTES))
        assert reason(await worker.report(given, complete=completion)) == ""


async def test_a_report_that_the_status_refuses_says_why(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """As a unary call would; and what was refused changes nothing."""
    await create(executions, type_)
    async with RawWorker(channel, type_) as worker:
        (given,) = await worker.assigned(1)
        many = {f"k{number}": Value(number_value=1) for number in range(101)}
        assert reason(await worker.report(given, checkpoints=many)) == "TOO_MANY_CHECKPOINTS"
        assert reason(await worker.report(given, attempt=2)) == "ATTEMPT_FENCED"
        assert (await get(executions, given.id)).revision == 2
        assert reason(await worker.report(given, complete=work.WorkCompletion())) == ""
        late = await worker.report(given, fail=ExecutionError(message="no"))
        assert (reason(late), late.refusal.metadata["cause"]) == ("ATTEMPT_FENCED", "succeeded")


async def test_a_repeated_report_takes_effect_once(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """After a broken stream a worker does not know whether its last words were heard."""
    await create(executions, type_)
    async with RawWorker(channel, type_) as worker:
        (given,) = await worker.assigned(1)
        ends = {"complete": work.WorkCompletion(), "request_id": "the end"}
        first = await worker.report(given, **ends)
    async with RawWorker(channel, type_) as worker:
        again = await worker.report(given, **ends)
    assert (reason(again), again.revision) == ("", first.revision)
    assert (await get(executions, given.id)).revision == first.revision


WRONG_STREAMS: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a second hello": ({"hello": work.WorkHello()}, "hello"),
    "too many reports": ({"reports": [work.WorkReport()] * 1_001}, "reports"),
}


@pytest.mark.parametrize("wrong", WRONG_STREAMS)
async def test_a_stream_that_breaks_the_rules_ends(channel: grpc.aio.Channel, type_: str, wrong: str) -> None:
    """There is no acknowledgement that could say it."""
    message, field = WRONG_STREAMS[wrong]
    async with RawWorker(channel, type_) as worker:
        worker.send(**message)
        refusal = refusal_of(await worker.ended())
    assert (refusal.code, refusal.reason, refusal.fields) == ("INVALID_ARGUMENT", "INVALID_FIELD", [field])


async def test_as_many_reports_as_fit_into_a_message_are_taken(channel: grpc.aio.Channel, type_: str) -> None:
    """The limit is the last that is taken."""
    async with RawWorker(channel, type_) as worker:
        acknowledged = await worker.report_all([UNKNOWN] * 1_000)
    assert {reason(one) for one in acknowledged} == {"EXECUTION_NOT_FOUND"}


async def test_a_worker_cannot_hold_more_than_it_has_slots_for(channel: grpc.aio.Channel, type_: str) -> None:
    """What it holds counts; a stream that begins with too much would be given more and more."""
    attempt = work.HeldAttempt(**UNKNOWN)
    async with RawWorker(channel, type_, slots=2, held=[attempt] * 3) as worker:
        refusal = refusal_of(await worker.ended())
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ["hello.held"])


async def test_whoever_says_nothing_is_not_waited_for(channel: grpc.aio.Channel) -> None:
    """An open stream without a hello holds a place for nothing."""
    silent = asyncio.Event()

    async def nothing() -> AsyncIterator[work.WorkRequest]:
        await silent.wait()
        yield work.WorkRequest()

    call: Any = WorkerServiceStub(channel).Work(nothing(), timeout=1)
    with pytest.raises(grpc.aio.AioRpcError) as ended:
        await call.read()
    silent.set()
    assert refusal_of(ended.value).fields == ["hello"]


async def test_a_worker_that_says_no_more_is_answered_to_the_end(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """What it has reported is done and acknowledged; then the stream ends well."""
    await create(executions, type_)
    async with RawWorker(channel, type_) as worker:
        (given,) = await worker.assigned(1)
        end = work.WorkReport(sequence=5, id=given.id, attempt=1, complete=work.WorkCompletion())
        worker.send(reports=[end])
        worker.say_no_more()
        assert await worker.ended() is None
        assert reason(worker.acknowledgements[5]) == ""
