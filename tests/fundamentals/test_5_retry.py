"""Retry: another attempt after a failure."""

from execution_client import ExecutionClient, ExecutionStatus


def risky_operation() -> None:
    """What goes wrong here."""
    raise ConnectionError("The other side hung up.")


def test_fail_then_retry_then_start_is_the_second_attempt(client: ExecutionClient) -> None:
    execution = client.create("risky", max_attempts=3)

    # 1. The first attempt.
    client.start(execution.id)
    try:
        risky_operation()
    except ConnectionError as error:
        # 2. It fails. As the failure is retryable, the execution is retrying at once.
        failed = client.fail(execution.id, str(error), retryable=True)
        assert failed.status == ExecutionStatus.RETRYING

        # 3. To ask for the retry is allowed all the same. It says "now": without it, workers that claim their work
        #    from the service would get this one after a pause only.
        retried = client.retry(execution.id)
        assert retried.status == ExecutionStatus.RETRYING

        # 4. The second attempt: attempts goes up by one.
        started = client.start(execution.id)
        assert started.status == ExecutionStatus.RUNNING
        assert started.attempts == 2


def test_what_failed_for_good_can_be_retried_by_hand(client: ExecutionClient) -> None:
    execution = client.create("risky", max_attempts=3)
    client.start(execution.id)
    client.fail(execution.id, "The configuration is wrong.", retryable=False)

    # Somebody mends the configuration.
    assert client.retry(execution.id).status == ExecutionStatus.RETRYING
    assert client.start(execution.id).attempts == 2


def test_an_operator_can_allow_more_attempts(client: ExecutionClient) -> None:
    execution = client.create("risky", max_attempts=1)
    client.start(execution.id)
    assert client.fail(execution.id, "No luck.", retryable=True).status == ExecutionStatus.FAILED

    retried = client.retry(execution.id, additional_attempts=1)

    assert (retried.status, retried.max_attempts) == (ExecutionStatus.RETRYING, 2)
