"""Work by unary calls: claims that wait, heartbeats that keep, releases that cost nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import ExecutionError, Progress, StatusReason
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.domain.limits import APPLIED_REQUESTS, DEFAULT_LEASE_MS, MESSAGE_BYTES, PAYLOAD_BYTES
from execution_server.domain.problems import StoreUnavailable
from execution_server.domain.status import CANCELLED, RETRYING, RUNNING
from execution_server.rpc.calls import Call
from execution_server.rpc.worker_service import WorkerService
from execution_server.store.port import Committed, Conflict, Swap, Told
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests import service
from tests.deployments import Replica, Worker, deployment, dispatching
from tests.raw_worker import RawWorker, held, milliseconds
from tests.rpc.subjects import NOBODY
from tests.rpc.values import of_size
from tests.servers import Server
from tests.waiting import DEADLINE_SECONDS, until
from tests.work.calls import (
    LONG,
    LONG_POLL,
    UNKNOWN,
    cancel,
    claim,
    claimed,
    create,
    get,
    refused,
    until_asked,
)


async def test_a_claim_that_does_not_wait_gets_what_is_ready(
    executions: Any, workers: Any, type_: str
) -> None:
    """A look at what there is, in order, and no more than was asked for."""
    ids = [(await create(executions, type_, priority=priority)).id for priority in (5, 9, 0, 5)]
    assert [one.id for one in await claimed(workers, type_)] == [ids[2]], "one is the default"
    given = await claimed(workers, type_, max_executions=2)
    assert [one.id for one in given] == [ids[0], ids[3]]
    assert {(one.status, one.attempts, one.lease.worker_id) for one in given} == {(RUNNING, 1, "w")}
    assert {one.lease.duration.ToMilliseconds() for one in given} == {DEFAULT_LEASE_MS}
    assert [one.id for one in await claimed(workers, type_, max_executions=1_000)] == [ids[1]]
    assert await claimed(workers, type_) == []


async def test_a_claim_waits_for_the_first_and_not_for_the_next(
    executions: Any, workers: Any, type_: str
) -> None:
    """Long polls, of which each gets one."""
    waiting = [
        asyncio.ensure_future(claim(workers, type_, max_executions=5, wait=milliseconds(60_000)))
        for _ in range(2)
    ]
    assert await claimed(workers, type_) == [], "by now they wait"
    created = [await create(executions, type_) for _ in range(2)]
    given = [one.id for answer in await asyncio.gather(*waiting) for one in answer.executions]
    assert sorted(given) == sorted(one.id for one in created)


async def test_a_long_poll_that_finds_nothing_is_answered_well(workers: Any, type_: str) -> None:
    """It is no error that there is nothing to do."""
    assert await claimed(workers, type_, wait=milliseconds(50)) == []


async def test_a_claim_may_name_a_type_twice(executions: Any, workers: Any, type_: str) -> None:
    """Nothing comes of that."""
    await create(executions, type_)
    assert len(await claimed(workers, type_, types=[type_, type_], max_executions=5)) == 1


async def test_a_claim_gets_nothing_before_its_time(executions: Any, workers: Any, type_: str) -> None:
    """Neither what is scheduled nor what is backing off; it waits for both."""
    created = await create(executions, type_)
    (given,) = await claimed(workers, type_)
    pause = ExecutionError(message="no", retryable=True, retry_delay=milliseconds(300))
    await executions.FailExecution(api.FailExecutionRequest(id=given.id, attempt=1, error=pause))
    moment = Timestamp()
    moment.FromMilliseconds(created.created_at.ToMilliseconds() + 600)
    scheduled = await create(executions, type_, scheduled_at=moment)

    assert await claimed(workers, type_) == []
    (again,) = await claimed(workers, type_, wait=LONG_POLL)
    (late,) = await claimed(workers, type_, wait=LONG_POLL)

    assert [again.id, late.id] == [created.id, scheduled.id]
    failed = next(one for one in again.history if one.reason == StatusReason.STATUS_REASON_RETRYABLE_FAILURE)
    assert again.started_at.ToMilliseconds() >= failed.at.ToMilliseconds() + 300
    assert late.started_at.ToMilliseconds() >= moment.ToMilliseconds()


async def test_a_claim_that_is_called_off_takes_nothing(executions: Any, workers: Any, type_: str) -> None:
    """Nobody is there to be given it."""
    call = claim(workers, type_, wait=LONG_POLL)
    assert await claimed(workers, type_) == [], "by now it waits"
    call.cancel()
    created = await create(executions, type_)

    async def next_gets_it() -> bool:
        given = await claimed(workers, type_, wait=LONG_POLL)
        assert [one.id for one in given] == [created.id]
        assert given[0].crashes == 0
        return given[0].attempts - given[0].refunded_attempts == 1

    assert await next_gets_it()


async def test_an_answer_holds_no_more_than_clients_take(executions: Any, workers: Any, type_: str) -> None:
    """What does not fit goes back to where it was, and costs nothing."""
    payload = of_size(PAYLOAD_BYTES)
    ids = {(await create(executions, type_, payload=payload)).id for _ in range(6)}
    answer = await claim(workers, type_, max_executions=6)
    assert 1 <= len(answer.executions) < 6
    assert answer.ByteSize() <= MESSAGE_BYTES
    found = {one.id for one in answer.executions}
    while found != ids:
        given = await claimed(workers, type_, max_executions=6, wait=LONG_POLL)
        assert given
        assert not found & {one.id for one in given}
        assert {one.attempts - one.refunded_attempts for one in given} == {1}
        assert {one.crashes for one in given} == {0}
        found |= {one.id for one in given}


async def test_heartbeats_push_no_request_out_of_those_that_are_remembered(
    executions: Any, workers: Any, type_: str
) -> None:
    """A worker that is alive for long must not lose what makes its calls safe to repeat."""
    await create(executions, type_)
    (one,) = await claimed(workers, type_)
    report = api.UpdateProgressRequest(
        id=one.id, attempt=one.attempts, progress=Progress(current=1), request_id="report"
    )
    first = (await executions.UpdateProgress(report)).execution.revision
    for _ in range(APPLIED_REQUESTS):
        await workers.Heartbeat(work.HeartbeatRequest(held=held(one)))

    assert (await executions.UpdateProgress(report)).execution.revision == first


async def test_a_heartbeat_keeps_what_nothing_else_keeps(executions: Any, workers: Any, type_: str) -> None:
    """Without it the lease runs out, and the next worker gets the execution."""
    second = milliseconds(1_000)
    kept_type, lost_type = f"{type_} kept", f"{type_} lost"
    for one in (kept_type, lost_type):
        await create(executions, one)
    (kept,) = await claimed(workers, kept_type, lease_duration=second)
    (lost,) = await claimed(workers, lost_type, lease_duration=second)

    async def lost_is_over() -> bool:
        beat = await workers.Heartbeat(work.HeartbeatRequest(held=held(kept)))
        assert list(beat.directives) == []
        return (await get(executions, lost.id)).status == RETRYING

    await until_asked(lost_is_over, "the other lease has run out")
    assert (await get(executions, kept.id)).status == RUNNING
    (again,) = await claimed(workers, lost_type)
    assert (again.id, again.attempts, again.crashes) == (lost.id, 2, 1)
    (told,) = (await workers.Heartbeat(work.HeartbeatRequest(held=held(lost)))).directives
    assert (told.id, told.attempt, told.lease_lost.cause) == (lost.id, 1, "lease_expired")


async def test_a_heartbeat_tells_each_attempt_what_it_has_to_do(
    executions: Any, workers: Any, type_: str
) -> None:
    """To stop, to forget it, or nothing."""
    for _ in range(3):
        await create(executions, type_)
    good, asked, over = await claimed(workers, type_, max_executions=3)
    await cancel(executions, asked.id, reason="Enough.", grace_period=LONG)
    await cancel(executions, over.id)
    attempts = [*held(good, asked, over), work.HeldAttempt(id=NOBODY, attempt=1)]

    told = list((await workers.Heartbeat(work.HeartbeatRequest(held=attempts))).directives)

    assert [(one.id, one.WhichOneof("directive")) for one in told] == [
        (asked.id, "cancel_requested"),
        (over.id, "lease_lost"),
        (NOBODY, "lease_lost"),
    ]
    assert told[0].cancel_requested.reason == "Enough."
    assert [one.lease_lost.cause for one in told[1:]] == ["cancel_requested", ""]


async def test_every_unary_report_keeps_the_lease(executions: Any, workers: Any, type_: str) -> None:
    """Progress and checkpoints are word from the worker, whatever way they come."""
    await create(executions, type_)
    (given,) = await claimed(workers, type_)
    ends = given.lease.expires_at.ToMilliseconds()
    for call in (
        executions.UpdateProgress(
            api.UpdateProgressRequest(id=given.id, attempt=1, progress=Progress(current=1))
        ),
        executions.SaveCheckpoint(
            api.SaveCheckpointRequest(id=given.id, attempt=1, checkpoints={"k": Value(number_value=1)})
        ),
    ):
        execution = (await call).execution
        updated = execution.updated_at.ToMilliseconds()
        assert execution.lease.expires_at.ToMilliseconds() == updated + DEFAULT_LEASE_MS >= ends


async def test_what_is_released_is_ready_for_others(executions: Any, workers: Any, type_: str) -> None:
    """At once, or when the delay has passed; as old as it was, and with all its attempts."""
    first, second = [await create(executions, type_, max_attempts=1) for _ in range(2)]
    (given,) = await claimed(workers, type_)
    request = work.ReleaseExecutionRequest(id=given.id, attempt=1, request_id="release")
    released = (await workers.ReleaseExecution(request)).execution
    repeated = (await workers.ReleaseExecution(request)).execution
    assert (released.status, released.status_reason) == (RETRYING, StatusReason.STATUS_REASON_RELEASED)
    assert released.revision == repeated.revision
    again = await claimed(workers, type_, max_executions=2)
    assert [one.id for one in again] == [first.id, second.id]

    later = work.ReleaseExecutionRequest(id=first.id, attempt=2, delay=LONG)
    waits = (await workers.ReleaseExecution(later)).execution
    assert waits.next_attempt_at.ToMilliseconds() == waits.updated_at.ToMilliseconds() + 3_600_000
    assert await claimed(workers, type_) == []


async def test_a_release_is_refused_where_nothing_runs(executions: Any, workers: Any, type_: str) -> None:
    """With the reason that its comment names."""
    nobody = work.ReleaseExecutionRequest(id=NOBODY)
    assert (await refused(workers.ReleaseExecution(nobody))).reason == "EXECUTION_NOT_FOUND"
    pending = await create(executions, type_)
    request = work.ReleaseExecutionRequest(id=pending.id)
    assert (await refused(workers.ReleaseExecution(request))).reason == "INVALID_STATE_TRANSITION"
    (given,) = await claimed(workers, type_)
    request = work.ReleaseExecutionRequest(id=given.id, attempt=1, expected_revision=1)
    assert (await refused(workers.ReleaseExecution(request))).reason == "REVISION_MISMATCH"
    request = work.ReleaseExecutionRequest(id=given.id, attempt=2)
    assert (await refused(workers.ReleaseExecution(request))).reason == "ATTEMPT_FENCED"


async def test_what_was_to_stop_is_cancelled_when_it_is_released(
    executions: Any, workers: Any, type_: str
) -> None:
    """The worker has stopped, as it was asked to; nobody wants it to begin again."""
    await create(executions, type_)
    (given,) = await claimed(workers, type_)
    await cancel(executions, given.id, grace_period=LONG)
    released = (
        await workers.ReleaseExecution(work.ReleaseExecutionRequest(id=given.id, attempt=1))
    ).execution
    assert released.status == CANCELLED


async def test_what_is_claimed_together_is_answered_in_order(type_: str) -> None:
    """It is committed side by side, in a cluster at several primaries, and the slowest may be the first."""
    async with deployment() as join:
        replica = await join()
        service_ = WorkerService(replica.manager, replica.dispatcher, replica.hub, replica.work_places, 100)
        ids = [await replica.create(type=type_, priority=priority) for priority in range(3)]
        overtaken = slow_commit(replica, ids[0])
        request = work.ClaimExecutionsRequest(worker_id="w", types=[type_], max_executions=3)
        async with dispatching(replica):
            call = asyncio.create_task(service_.ClaimExecutions(request, call_terms()))
            await until(lambda: replica.store.asked["commit_all"], "all are being claimed")
            await until(lambda: not replica.dispatcher._demands, "one of the others is given")
            overtaken.set()
            answer = await call
    assert [one.id for one in answer.executions] == ids


async def test_what_was_claimed_for_a_call_that_is_called_off_goes_to_others(type_: str) -> None:
    """The answer was being put together; its caller will never see it, and nobody has to wait for the lease."""
    async with deployment() as join:
        replica = await join()
        service_ = WorkerService(replica.manager, replica.dispatcher, replica.hub, replica.work_places, 100)
        ids = sorted([await replica.create(type=type_) for _ in range(2)])
        release = slow_commit(replica, ids[1])
        request = work.ClaimExecutionsRequest(worker_id="w", types=[type_], max_executions=2)
        async with dispatching(replica):
            call = asyncio.create_task(service_.ClaimExecutions(request, call_terms()))
            await until(lambda: replica.store.asked["commit_all"], "both are being claimed")
            await until(lambda: not replica.dispatcher._demands, "the first is given")
            call.cancel()
            await asyncio.wait([call])
            release.set()
            heir = Worker(replica, type_)
            await heir.has(2)
    assert sorted(heir.ids) == ids
    assert {(one.attempts, one.refunded_attempts, one.crashes) for one in heir.given} == {(2, 1, 0)}


def slow_commit(replica: Replica, id_: str) -> asyncio.Event:
    """Let commits of one execution wait for the event, as if they were made elsewhere than those beside it."""
    commit_all, event = replica.store.wrapped.commit_all, asyncio.Event()

    async def waiting(swaps: Sequence[Swap], told: Told, *, deadline: float) -> None:
        def others(number: int, outcome: Committed | Conflict | StoreUnavailable) -> None:
            told(quick[number], outcome)

        quick = [number for number, swap in enumerate(swaps) if swap.before.record.id != id_]
        await commit_all([swaps[number] for number in quick], others, deadline=deadline)
        for number in {*range(len(swaps))} - {*quick}:
            await event.wait()
            told(number, await replica.store.wrapped.commit(*swaps[number], deadline=deadline))

    replica.store.instead["commit_all"] = waiting
    return event


def call_terms() -> Call:
    until_ = asyncio.get_running_loop().time() + 30
    return Call("ClaimExecutions", until_, until_, "in process")


async def test_a_draining_server_lets_its_long_polls_go(store: Server, type_: str, tmp_path: Path) -> None:
    """At once, and not when they have waited to the end: they are to ask elsewhere."""
    options = ("--store-url", store.url, "--drain-delay", "0s", "--drain-grace", "1h")
    with service.serving(tmp_path, *options) as draining:
        async with service.aio_channel(draining.address) as channel:
            workers: Any = WorkerServiceStub(channel)
            poll = work.ClaimExecutionsRequest(worker_id="w", types=[type_], wait=milliseconds(60_000))
            call = workers.ClaimExecutions(poll)  # without a deadline: the wait is all that could end it
            assert await claimed(workers, type_) == [], "by now it waits"
            draining.terminate()
            async with asyncio.timeout(DEADLINE_SECONDS):
                refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "SERVER_DRAINING")
        assert await asyncio.to_thread(draining.ended) == 0


async def test_a_claim_takes_the_place_of_a_work_stream(store: Server, type_: str, tmp_path: Path) -> None:
    """Where there is none it is refused, even if it would not wait; and it gives its own back."""
    with service.serving(tmp_path, "--store-url", store.url, "--max-work-streams", "1") as small:
        async with service.aio_channel(small.address) as channel:
            workers: Any = WorkerServiceStub(channel)
            for _ in range(2):
                assert await claimed(workers, type_) == []
            async with RawWorker(channel, type_) as worker:
                await worker.report_all([UNKNOWN])
                refusal = await refused(claim(workers, type_))
    assert (refusal.code, refusal.reason) == ("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED")
    assert (refusal.metadata, refusal.retry_ms is None) == ({"limit": "1"}, False)
