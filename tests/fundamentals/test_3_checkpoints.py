"""Checkpoints: what an attempt leaves behind, so that the next one goes on where it stopped."""

from execution_client import ExecutionClient


class PowerCut(Exception):
    """What interrupts the work here."""


def test_the_next_attempt_goes_on_from_the_last_checkpoint(client: ExecutionClient) -> None:
    items = [f"item {index}" for index in range(25)]
    processed: list[str] = []

    def process(execution_id: str, *, fails_at: int | None = None) -> None:
        # Starting answers the whole execution, checkpoints included.
        execution = client.start(execution_id)
        first = execution.checkpoints.get("lastIndex", 0)
        for index in range(first, len(items)):
            if index == fails_at:
                raise PowerCut
            processed.append(items[index])
            # A checkpoint for every ten items.
            if index % 10 == 0:
                client.save_checkpoint(execution_id, "lastIndex", index)

    execution = client.create("batch")
    try:
        process(execution.id, fails_at=15)
    except PowerCut as error:
        client.fail(execution.id, repr(error), retryable=True)

    # After the failure the checkpoint is still there ...
    assert client.get(execution.id).checkpoints["lastIndex"] == 10

    # ... and the second attempt begins at item 10: nothing is left out, and only what came after it is done again.
    process(execution.id)
    client.complete(execution.id)
    assert processed == items[:15] + items[10:]


def test_without_a_checkpoint_the_work_begins_at_the_start(client: ExecutionClient) -> None:
    execution = client.create("batch")
    assert client.start(execution.id).checkpoints.get("lastIndex", 0) == 0


def test_several_checkpoints_are_saved_together_and_none_removes_one(client: ExecutionClient) -> None:
    execution = client.create("batch")
    client.start(execution.id)
    client.save_checkpoints(execution.id, {"users": {"page": 3}, "orders": {"page": 1}, "lock": "held"})

    client.save_checkpoints(execution.id, {"orders": {"page": 2}, "lock": None})

    assert client.get(execution.id).checkpoints == {"users": {"page": 3}, "orders": {"page": 2}}
