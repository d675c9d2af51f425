"""
A store of your own: implement the port, hold it against the suite that every store must pass, serve it.

``sqlite_store.py`` beside this file is the store.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from execution_client import AsyncExecutionClient, ExecutionStatus, WatchEvent
from execution_server.store.contract import StoreContract
from execution_server.store.port import ExecutionStore

from tests.fundamentals.sqlite_store import SqliteStore
from tests.service import in_process


class TestSqliteStore(StoreContract):
    """Everything that ``store/port.py`` says a store must do."""

    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[ExecutionStore]:
        store = SqliteStore(tmp_path / "executions.db")
        yield store
        await store.close()


async def test_the_service_runs_on_a_store_of_ones_own(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "executions.db")
    async with in_process(store, tmp_path) as address, AsyncExecutionClient(address) as client:
        execution = await client.create("report", {"month": "may"}, idempotency_key="report-may")
        await client.start(execution.id)
        await client.save_checkpoint(execution.id, "page", 7)
        await client.fail(execution.id, "The printer is out of paper.", retryable=True)

        # All that the service promises holds: who resumes finds the checkpoint, who watches misses nothing.
        resumed = await client.start(execution.id)
        assert (resumed.attempts, resumed.checkpoints) == (2, {"page": 7})
        await client.complete(execution.id, {"pages": 12})
        history = (await client.get(execution.id)).history
        assert [entry.to_status for entry in history] == [
            ExecutionStatus.PENDING,
            ExecutionStatus.RUNNING,
            ExecutionStatus.RETRYING,
            ExecutionStatus.RUNNING,
            ExecutionStatus.COMPLETED,
        ]
        told = [message.event async for message in client.watch(execution.id)]
        assert told == [WatchEvent.SNAPSHOT]

    # And what was stored is still there the next day.
    store = SqliteStore(tmp_path / "executions.db")
    async with in_process(store, tmp_path) as address, AsyncExecutionClient(address) as client:
        found = await client.get_by_idempotency_key("report-may")
        assert found.result == {"pages": 12}
