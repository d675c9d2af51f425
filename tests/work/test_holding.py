"""The Work stream: what keeps an attempt, and how its worker hears that it is to stop, or that it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc.aio
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_pb2 import StatusReason
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import CANCELLED, RETRYING, RUNNING
from execution_server.store.redis import open_store
from google.protobuf.struct_pb2 import Value

from tests import service
from tests.raw_worker import RawWorker, held, milliseconds
from tests.servers import Server, running
from tests.waiting import until
from tests.work.calls import LONG, UNKNOWN, cancel, claimed, create, get, reason, until_asked


async def test_a_worker_comes_back_and_goes_on_with_what_it_holds(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """Of what it has lost meanwhile it is told; that makes room, and what it still holds takes none of it twice."""
    ids = [(await create(executions, type_)).id for _ in range(2)]
    async with RawWorker(channel, type_, slots=2, lease_duration=LONG) as worker:
        given = {one.id: one for one in await worker.assigned(2)}
    await cancel(executions, ids[0])
    waiting = [(await create(executions, type_)).id for _ in range(2)]

    back = RawWorker(channel, type_, slots=2, lease_duration=LONG, held=held(*given.values()))
    async with back:
        lost = await back.told("lease_lost")
        assert (lost.id, lost.attempt, lost.lease_lost.cause) == (ids[0], 1, "cancel_requested")
        assert [one.id for one in await back.assigned(1)] == waiting[:1]
        assert reason(await back.report(given[ids[1]], complete=work.WorkCompletion())) == ""
        await back.assigned(2)
    assert (await get(executions, ids[1])).attempts == 1, "it is still the first attempt"


async def test_a_worker_that_is_given_again_what_it_has_lost_keeps_its_slots(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """The attempt that it holds is over, and it may be given the next one before anybody looks at the first."""
    await create(executions, type_)
    async with RawWorker(channel, type_, worker_id="busy", lease_duration=LONG) as busy:
        await busy.assigned(1)  # it has no more room, but the server knows for it what is ready
        await create(executions, type_)
        async with RawWorker(channel, type_, lease_duration=milliseconds(1_000)) as worker:
            (given,) = await worker.assigned(1)
        async for message in executions.WatchExecution(api.WatchExecutionRequest(id=given.id)):
            if message.execution.status == RETRYING:
                break

        back = RawWorker(channel, type_, slots=2, lease_duration=LONG, held=held(given))
        async with back:
            lost = await back.told("lease_lost")
            assert (lost.id, lost.attempt, lost.lease_lost.cause) == (given.id, 1, "lease_expired")
            (again,) = await back.assigned(1)
            assert (again.id, again.attempts) == (given.id, 2)
            await create(executions, type_)
            await back.assigned(2)


async def test_a_worker_that_takes_nothing_new_goes_on_with_what_it_holds(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """Before it stops, it finishes."""
    await create(executions, type_)
    async with RawWorker(channel, type_, lease_duration=LONG) as worker:
        (given,) = await worker.assigned(1)
    await create(executions, type_)
    async with RawWorker(channel, slots=5, held=held(given)) as worker:
        assert reason(await worker.report(given, complete=work.WorkCompletion())) == ""
        await worker.report_all([UNKNOWN])
        assert worker.assignments == []


async def test_an_open_stream_keeps_its_leases(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """The worker need not say anything while it works."""
    await create(executions, type_)
    async with RawWorker(channel, type_, lease_duration=milliseconds(1_000)) as worker:
        (given,) = await worker.assigned(1)
        ends_ms = given.lease.expires_at.ToMilliseconds()

        async def renewed_twice() -> bool:
            found = await get(executions, given.id)
            assert found.attempts == 1
            return found.lease.expires_at.ToMilliseconds() > ends_ms + 1_000

        await until_asked(renewed_twice, "the lease is renewed twice")
        assert reason(await worker.report(given, complete=work.WorkCompletion())) == ""


async def test_a_stream_keeps_what_it_holds_for_as_long_as_it_has_asked_for(
    channel: grpc.aio.Channel, executions: Any, workers: Any, type_: str
) -> None:
    """It looks after its leases as seldom as that allows: one that is shorter would run out in between."""
    await create(executions, type_)
    (given,) = await claimed(workers, type_, lease_duration=milliseconds(60_000))
    async with RawWorker(channel, lease_duration=LONG, held=held(given)):

        async def is_longer() -> bool:
            lease = (await get(executions, given.id)).lease
            return (
                lease.duration == LONG and lease.expires_at.seconds >= given.lease.expires_at.seconds + 3_000
            )

        await until_asked(is_longer, "the lease is as long as asked for")


async def test_a_lease_that_could_not_be_kept_is_kept_as_soon_as_it_can_be(
    type_: str, tmp_path: Path
) -> None:
    """Not only when it is due again: a store that was away for half of a lease must not end it."""
    with running("valkey9") as store, service.serving(tmp_path, "--store-url", store.url) as server:
        async with service.aio_channel(server.address) as channel:
            executions: Any = ExecutionServiceStub(channel)
            await create(executions, type_)
            async with RawWorker(channel, type_, lease_duration=milliseconds(6_000)) as worker:
                (given,) = await worker.assigned(1)
                seen = given.lease.expires_at

                async def is_renewed() -> bool:
                    found = await get(executions, given.id)
                    return found.attempts > 1 or found.lease.expires_at != seen

                await until_asked(is_renewed, "the lease is renewed")
                seen = (await get(executions, given.id)).lease.expires_at
                store.pause()
                await until(lambda: "a lease could not be kept" in server.log_text(), "a try has failed")
                store.resume()
                await until_asked(is_renewed, "the lease is renewed again")
                assert (await get(executions, given.id)).attempts == 1
                assert not worker.directives


async def test_when_a_worker_is_gone_the_next_one_gets_its_work(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """After its lease, never before, and with what it has left behind. Whatever it still writes is refused."""
    await create(executions, type_)
    async with RawWorker(channel, type_, lease_duration=milliseconds(1_000)) as worker:
        (given,) = await worker.assigned(1)
        await worker.report(given, checkpoints={"page": Value(number_value=7)})
    ends = (await get(executions, given.id)).lease.expires_at
    async with RawWorker(channel, type_, worker_id="heir") as heir:
        (again,) = await heir.assigned(1)
        assert (again.id, again.attempts, again.crashes, again.refunded_attempts) == (given.id, 2, 1, 1)
        assert again.checkpoints["page"].number_value == 7
        stale = await heir.report(given, complete=work.WorkCompletion())
        assert (reason(stale), stale.refusal.metadata["cause"]) == ("ATTEMPT_FENCED", "lease_expired")
        assert stale.refusal.metadata["currentAttempt"] == "2"
    lost = again.history[-2]
    assert (lost.reason, lost.actor) == (StatusReason.STATUS_REASON_LEASE_EXPIRED, "server")
    assert lost.at.ToMilliseconds() >= ends.ToMilliseconds()


async def test_a_worker_is_told_when_its_attempt_is_over_and_why(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """By a call, by a deadline, by removal: it need not find out by being refused. And it has room again."""

    async def call_off(id_: str) -> None:
        await cancel(executions, id_)

    async def complete(id_: str) -> None:
        await executions.CompleteExecution(api.CompleteExecutionRequest(id=id_, attempt=1))

    async def delete(id_: str) -> None:
        await executions.DeleteExecution(api.DeleteExecutionRequest(id=id_, force=True))

    async def wait(id_: str) -> None:
        return None

    ways: dict[str, tuple[Callable[[str], Awaitable[None]], dict[str, Any]]] = {
        "cancel_requested": (call_off, {}),
        "succeeded": (complete, {}),
        "": (delete, {}),
        "attempt_timeout": (wait, {"timeout": milliseconds(50)}),
        "total_timeout": (wait, {"total_timeout": milliseconds(500)}),
    }
    async with RawWorker(channel, type_) as worker:
        for number, (cause, (end, fields)) in enumerate(ways.items()):
            await create(executions, type_, **fields)
            given = (await worker.assigned(number + 1))[number]
            await end(given.id)
            told = (await worker.directed(number + 1))[number]
            assert (told.id, told.attempt, told.lease_lost.cause) == (given.id, 1, cause)
    assert len(worker.directives) == len(ways)


async def test_a_worker_is_asked_to_stop_and_then_made_to(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """It is told until when, once; and that it is over, when it is."""
    await create(executions, type_)
    async with RawWorker(channel, type_, lease_duration=milliseconds(1_000)) as worker:
        (given,) = await worker.assigned(1)
        shown = await cancel(executions, given.id, reason="Not needed.", grace_period=milliseconds(1_500))
        assert shown.status == RUNNING
        asked = await worker.told("cancel_requested")
        assert (asked.id, asked.attempt, asked.cancel_requested.reason) == (given.id, 1, "Not needed.")
        assert asked.cancel_requested.forced_at == shown.cancellation_forced_at

        lost = await worker.told("lease_lost")
        assert lost.lease_lost.cause == "cancel_requested"
        assert [one.WhichOneof("directive") for one in worker.directives] == [
            "cancel_requested",
            "lease_lost",
        ]
    found = await get(executions, given.id)
    assert found.history[-1].at.ToMilliseconds() >= shown.cancellation_forced_at.ToMilliseconds()


async def test_a_worker_that_comes_back_is_asked_to_stop(
    channel: grpc.aio.Channel, executions: Any, type_: str
) -> None:
    """It was not there when it was asked."""
    await create(executions, type_)
    async with RawWorker(channel, type_, lease_duration=LONG) as worker:
        (given,) = await worker.assigned(1)
    await cancel(executions, given.id, grace_period=LONG)
    async with RawWorker(channel, type_, lease_duration=LONG, held=held(given)) as worker:
        assert (await worker.told("cancel_requested")).id == given.id
        release = await worker.report(given, release=work.WorkRelease())
        assert reason(release) == ""
    assert (await get(executions, given.id)).status == CANCELLED


async def test_a_worker_is_told_although_notices_are_lost(store: Server, type_: str, tmp_path: Path) -> None:
    """Of a request to stop, and of the end of its attempt: the server looks for itself."""
    deaf = await open_store(store.url)
    feed = deaf.feed

    def losing(*args: Any) -> Any:
        made = feed(*args)
        made.drop = lambda partition: True  # type: ignore[attr-defined]  # a RedisFeed's
        return made

    deaf.feed = losing  # type: ignore[method-assign, assignment]
    async with (
        service.in_process(deaf, tmp_path) as address,
        service.aio_channel(address) as channel,
        RawWorker(channel, type_, lease_duration=LONG) as worker,
    ):
        executions: Any = ExecutionServiceStub(channel)
        await create(executions, type_)
        (given,) = await worker.assigned(1)
        await cancel(executions, given.id, grace_period=LONG)
        assert (await worker.told("cancel_requested")).id == given.id
        await cancel(executions, given.id)
        assert (await worker.told("lease_lost")).lease_lost.cause == "cancel_requested"
