"""Timeout: an attempt that takes too long."""

from datetime import timedelta

import pytest
from execution_client import AttemptFenced, ExecutionClient, ExecutionStatus, StatusReason


def test_what_timed_out_can_be_retried(client: ExecutionClient) -> None:
    # max_attempts is not given, and that means three.
    execution = client.create("long-task", timeout=timedelta(seconds=60))
    client.start(execution.id)

    # Whoever knows that the attempt is lost may say so without waiting for the minute to pass.
    timed_out = client.time_out(execution.id)
    assert timed_out.status == ExecutionStatus.TIMED_OUT
    assert timed_out.error is not None
    assert timed_out.error.message == "Execution timed out"

    # It can be retried then.
    assert client.retry(execution.id).status == ExecutionStatus.RETRYING
    assert client.start(execution.id).attempts == 2


def test_the_server_keeps_the_timeout_itself(client: ExecutionClient) -> None:
    execution = client.create("long-task", timeout=timedelta(milliseconds=50))
    started = client.start(execution.id)

    # Nobody calls time_out; the server does it. wait() answers when the execution has come to its end.
    ended = client.wait(execution.id, timeout=20)
    assert ended.status == ExecutionStatus.TIMED_OUT
    assert ended.status_reason == StatusReason.ATTEMPT_TIMEOUT
    assert ended.history[-1].actor == "server"

    # The worker that was too slow learns it with its next call: what it brings is not taken any more.
    with pytest.raises(AttemptFenced) as refused:
        client.complete(execution.id, {"late": True}, attempt=started.attempts)
    assert refused.value.cause == "attempt_timeout"
