"""Cancel: call an execution off, and say why."""

import pytest
from execution_client import ExecutionClient, ExecutionNotRunning, ExecutionStatus


def test_the_reason_is_kept_in_the_metadata(client: ExecutionClient) -> None:
    execution = client.create("report", metadata={"requestedBy": "kim"})

    client.cancel(execution.id, "User requested cancellation")

    cancelled = client.get(execution.id)
    assert cancelled.status == ExecutionStatus.CANCELLED
    assert cancelled.metadata["cancellationReason"] == "User requested cancellation"
    assert cancelled.metadata["requestedBy"] == "kim"


def test_a_second_cancel_changes_nothing(client: ExecutionClient) -> None:
    execution = client.create("report")
    first = client.cancel(execution.id, "User requested cancellation")

    second = client.cancel(execution.id, "Just to be sure")

    assert second.revision == first.revision
    assert second.metadata["cancellationReason"] == "User requested cancellation"


def test_a_worker_notices_that_its_work_was_called_off(client: ExecutionClient) -> None:
    execution = client.create("report")
    client.start(execution.id)
    client.cancel(execution.id)

    with pytest.raises(ExecutionNotRunning) as refused:
        client.update_progress(execution.id, 1, 10)

    assert refused.value.status == ExecutionStatus.CANCELLED
