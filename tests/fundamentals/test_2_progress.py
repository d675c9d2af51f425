"""Progress: how far an attempt is."""

from execution_client import ExecutionClient


def test_percent_is_computed_from_current_and_total(client: ExecutionClient) -> None:
    execution = client.create("import")
    client.start(execution.id)

    client.update_progress(execution.id, 50, 100, message="Processing items")

    progress = client.get(execution.id).progress
    assert progress is not None
    assert (progress.current, progress.total, progress.message) == (50, 100, "Processing items")
    assert progress.percent == 50
    assert progress.attempt == 1


def test_a_percent_that_is_given_is_kept(client: ExecutionClient) -> None:
    execution = client.create("import")
    client.start(execution.id)

    client.update_progress(execution.id, 50, 100, percent=75)  # nothing is computed

    progress = client.get(execution.id).progress
    assert progress is not None
    assert progress.percent == 75
