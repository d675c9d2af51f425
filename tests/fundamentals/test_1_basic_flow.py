"""
The basic flow: create an execution, start it, do the work, say how it ended.

These pages follow the README of the library whose model the service keeps, example by example. Read them in order; each
can be run by itself: ``pytest tests/fundamentals/test_1_basic_flow.py``.
"""

from datetime import timedelta

from execution_client import ExecutionClient, ExecutionStatus, StatusReason


class TemporaryError(Exception):
    """A failure that may pass."""


def test_work_that_succeeds_ends_completed_with_its_result(client: ExecutionClient) -> None:
    # 1. Create it: pending, with no attempts yet.
    execution = client.create(
        "my-task",
        {"userId": "123"},
        max_attempts=3,
        timeout=timedelta(seconds=30),  # how long one attempt may take
    )
    assert execution.status == ExecutionStatus.PENDING
    assert execution.attempts == 0

    # 2. Start it: running, and this is the first attempt.
    started = client.start(execution.id)
    assert started.status == ExecutionStatus.RUNNING
    assert started.attempts == 1
    assert started.payload == {"userId": "123"}

    # ... the work is done here ...

    # 3. It went well.
    client.complete(execution.id, {"result": "success"})

    done = client.get(execution.id)
    assert done.status == ExecutionStatus.COMPLETED
    assert done.result == {"result": "success"}
    assert done.completed_at is not None


def test_work_that_fails_says_whether_it_may_be_tried_again(client: ExecutionClient) -> None:
    execution = client.create("my-task", {"userId": "123"}, max_attempts=3)
    client.start(execution.id)
    try:
        raise TemporaryError("The network is down.")
    except Exception as error:
        # 4. It went wrong. The service decides whether another attempt follows: if the failure may pass and attempts
        #    are left, the execution waits for its next start.
        failed = client.fail(execution.id, str(error), retryable=isinstance(error, TemporaryError))

    assert failed.status == ExecutionStatus.RETRYING
    assert failed.error is not None
    assert failed.error.message == "The network is down."


def test_a_failure_that_cannot_pass_is_the_end(client: ExecutionClient) -> None:
    execution = client.create("my-task", {"userId": "123"}, max_attempts=3)
    client.start(execution.id)

    failed = client.fail(execution.id, "There is no such user.", retryable=False)

    assert failed.status == ExecutionStatus.FAILED
    assert failed.status_reason == StatusReason.NON_RETRYABLE_FAILURE


def test_when_the_attempts_are_used_up_the_execution_has_failed(client: ExecutionClient) -> None:
    execution = client.create("my-task", max_attempts=2)
    for expected in (ExecutionStatus.RETRYING, ExecutionStatus.FAILED):
        client.start(execution.id)
        assert client.fail(execution.id, "The network is down.", retryable=True).status == expected

    assert client.get(execution.id).status_reason == StatusReason.ATTEMPTS_EXHAUSTED
