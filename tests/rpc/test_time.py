"""Time on a running server: every deadline becomes visible without a call, once, never early, and says which it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import (
    Execution,
    ExecutionError,
    ExecutionStatus,
    Retention,
    RetryPolicy,
)
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RETRYING,
    RUNNING,
    TIMED_OUT,
    reason_name,
    status_name,
)
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from tests import service
from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.rpc.refusals import refusal_of, refused
from tests.rpc.subjects import create, get, in_status, start
from tests.rpc.values import milliseconds
from tests.servers import Server

SOON: Final = milliseconds(300)


def ms(moment: Timestamp) -> int:
    return moment.ToMilliseconds()


def watch(stub: ExecutionServiceStub, execution_id: str) -> Iterator[api.WatchExecutionResponse]:
    """What happens to the execution, to the end of its record."""
    request = api.WatchExecutionRequest(id=execution_id, follow=True)
    return stub.WatchExecution(request, timeout=DEADLINE_SECONDS)


def asked_to_stop(stub: ExecutionServiceStub) -> Execution:
    running = in_status(stub, RUNNING)
    return stub.CancelExecution(api.CancelExecutionRequest(id=running.id, grace_period=SOON)).execution


DEADLINES: Final[dict[str, tuple[Any, str, Duration, list[tuple[ExecutionStatus, str]]]]] = {
    "timeout": (
        lambda stub: in_status(stub, RUNNING, timeout=SOON),
        "started_at",
        SOON,
        [(TIMED_OUT, "attempt_timeout")],
    ),
    "timeout, repeated by the policy": (
        lambda stub: in_status(stub, RUNNING, timeout=SOON, retry_policy=RetryPolicy(retry_timeouts=True)),
        "started_at",
        SOON,
        [(TIMED_OUT, "attempt_timeout"), (RETRYING, "automatic_retry")],
    ),
    "start_timeout": (
        lambda stub: create(stub, start_timeout=SOON),
        "created_at",
        SOON,
        [(CANCELLED, "start_expired")],
    ),
    "total_timeout, pending": (
        lambda stub: create(stub, total_timeout=SOON),
        "created_at",
        SOON,
        [(CANCELLED, "total_timeout")],
    ),
    "total_timeout, running": (
        lambda stub: in_status(stub, RUNNING, total_timeout=milliseconds(600)),
        "created_at",
        milliseconds(600),
        [(TIMED_OUT, "total_timeout")],
    ),
    "total_timeout, retrying": (
        lambda stub: in_status(stub, RETRYING, total_timeout=milliseconds(900)),
        "created_at",
        milliseconds(900),
        [(FAILED, "total_timeout")],
    ),
    "grace period": (
        asked_to_stop,
        "cancellation_requested_at",
        SOON,
        [(CANCELLED, "cancel_requested")],
    ),
}


@pytest.mark.parametrize("name", DEADLINES)
def test_a_deadline_is_seen_by_watchers_once_and_not_before_its_time(
    name: str, stub: ExecutionServiceStub
) -> None:
    """Nobody calls; the server does it by itself, and the history says when and why."""
    make, counted_from, after, leads_to = DEADLINES[name]
    before: Execution = make(stub)

    told = []
    for message in watch(stub, before.id):
        if message.HasField("change"):
            assert message.change.actor == "server"
            told.append((message.change.to, reason_name(message.change.reason)))
        if len(told) == len(leads_to):
            break

    assert told == leads_to
    found = get(stub, before.id)
    assert [(one.to, reason_name(one.reason)) for one in found.history[-len(told) :]] == leads_to
    due_ms = ms(getattr(before, counted_from)) + after.ToMilliseconds()
    assert {ms(one.at) >= due_ms for one in found.history[-len(told) :]} == {True}
    assert (found.status, reason_name(found.status_reason)) == leads_to[-1]
    assert found.revision == before.revision + len(leads_to)


def test_a_failure_shows_when_the_next_attempt_is_due(stub: ExecutionServiceStub) -> None:
    """By the policy; by the error's own word, once; and StartExecution may come before."""
    policy = RetryPolicy(initial_interval=milliseconds(60_000), jitter=0)
    execution = in_status(stub, RETRYING, retry_policy=policy, max_attempts=9)
    assert ms(execution.next_attempt_at) == ms(execution.updated_at) + 60_000

    assert not start(stub, execution.id).HasField("next_attempt_at")
    hurried = ExecutionError(message="no", retryable=True, retry_delay=milliseconds(5_000))
    failed = stub.FailExecution(api.FailExecutionRequest(id=execution.id, error=hurried)).execution
    assert ms(failed.next_attempt_at) == ms(failed.updated_at) + 5_000

    start(stub, execution.id)
    usual = ExecutionError(message="no", retryable=True)
    failed = stub.FailExecution(api.FailExecutionRequest(id=execution.id, error=usual)).execution
    assert ms(failed.next_attempt_at) == ms(failed.updated_at) + 240_000


def test_a_code_of_the_policy_is_never_repeated(stub: ExecutionServiceStub) -> None:
    """Whatever the worker thinks of it."""
    execution = in_status(stub, RUNNING, retry_policy=RetryPolicy(non_retryable_codes=["GONE"]))
    error = ExecutionError(message="no", code="GONE", retryable=True)
    failed = stub.FailExecution(api.FailExecutionRequest(id=execution.id, error=error)).execution
    assert (failed.status, reason_name(failed.status_reason)) == (FAILED, "non_retryable_failure")


def removed(stub: ExecutionServiceStub, execution_id: str) -> str:
    """Wait until the record is gone, as a watcher sees it; why its watch ended."""
    with pytest.raises(grpc.RpcError) as ended:
        for _ in watch(stub, execution_id):
            pass
    assert refused(stub.GetExecution, api.GetExecutionRequest(id=execution_id)).code == "NOT_FOUND"
    return refusal_of(ended.value).reason


@pytest.mark.parametrize("status", [COMPLETED, CANCELLED, FAILED, TIMED_OUT], ids=status_name)
def test_a_record_is_removed_when_it_was_kept_as_long_as_its_creator_wants(
    status: ExecutionStatus, stub: ExecutionServiceStub
) -> None:
    """To the millisecond: what the creator says replaces the server's days, and is not added to them."""
    kept = "succeeded" if status in (COMPLETED, CANCELLED) else "failed"
    retention = Retention(**{kept: SOON})
    execution = in_status(stub, status, retention=retention, idempotency_key=f"kept {status}")
    assert ms(execution.expires_at) == ms(execution.completed_at) + SOON.ToMilliseconds()
    assert removed(stub, execution.id) == "EXECUTION_NOT_FOUND"
    again = create(stub, idempotency_key=f"kept {status}")
    assert again.id != execution.id, "its key went with it"


@pytest.mark.parametrize("status", [PENDING, RUNNING, RETRYING], ids=status_name)
def test_what_is_not_at_rest_is_never_removed(status: ExecutionStatus, stub: ExecutionServiceStub) -> None:
    """However short its retention; by the time that another one has gone, it would be gone too."""
    shortest = Retention(succeeded=milliseconds(1), failed=milliseconds(1))
    execution = in_status(stub, status, retention=shortest)
    gone = in_status(stub, COMPLETED, retention=Retention(succeeded=SOON))
    removed(stub, gone.id)
    assert get(stub, execution.id) == execution


def test_without_a_word_of_the_creator_the_server_decides(stub: ExecutionServiceStub) -> None:
    """A week for what went well, a month for what went wrong; the record says so from the start."""
    week, month = 7 * 24 * 3_600, 30 * 24 * 3_600
    retention = create(stub).retention
    assert (retention.succeeded.seconds, retention.failed.seconds) == (week, month)
    done, wrong = in_status(stub, COMPLETED), in_status(stub, FAILED)
    assert done.expires_at.seconds - done.completed_at.seconds == week
    assert wrong.expires_at.seconds - wrong.completed_at.seconds == month
    mixed = create(stub, retention=Retention(failed=milliseconds(1_500))).retention
    assert (mixed.succeeded.seconds, mixed.failed.ToMilliseconds()) == (week, 1_500)


@contextmanager
def set_to(tmp_path: Path, store: Server, *options: str) -> Iterator[ExecutionServiceStub]:
    """A server with other settings, on the same store."""
    with (
        service.serving(tmp_path, "--store-url", store.url, *options) as server,
        service.channel(server.address) as channel,
    ):
        yield ExecutionServiceStub(channel)


def test_how_long_records_are_kept_is_a_setting(store: Server, tmp_path: Path) -> None:
    """One for each kind of end, and 0s for ever."""
    with set_to(tmp_path, store, "--retention", "300ms", "--failed-retention", "0s") as stub:
        done, wrong = in_status(stub, COMPLETED), in_status(stub, FAILED)
        assert ms(done.expires_at) == ms(done.completed_at) + 300
        assert not wrong.HasField("expires_at")
        assert not wrong.retention.HasField("failed")
        removed(stub, done.id)
        assert get(stub, wrong.id) == wrong


def test_nothing_remains_of_what_was_removed(store: Server, stub: ExecutionServiceStub) -> None:
    """A scan of the store finds nothing that names it but the memory of its end, which ends by itself."""
    parent = create(stub).id
    fields = {"parent_id": parent, "labels": {"a": "b"}, "idempotency_key": "nothing remains"}
    execution = in_status(stub, COMPLETED, retention=Retention(succeeded=SOON), **fields)
    with store.client() as client:
        assert names(client, execution.id), "the scan finds what is there"
        removed(stub, execution.id)
        wait_until(lambda: not names(client, execution.id), "nothing names it any more")


def names(client: Any, execution_id: str) -> list[bytes]:
    """The keys without an end that name the execution, or hold its id."""
    found = []
    for key in client.scan_iter(count=10_000):
        kind = client.type(key)
        if kind == b"zset":
            holds = client.zscore(key, execution_id) is not None
        else:
            holds = execution_id.encode() in key or (
                kind == b"string" and client.get(key) == execution_id.encode()
            )
        if holds and client.ttl(key) < 0:
            found.append(key)
    return found
