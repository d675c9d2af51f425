"""Managers on a store that counts what is asked of it, and whose clock stands still."""

from __future__ import annotations

import pytest
from execution_server.manager import Manager
from execution_server.store.memory import MemoryStore

from tests.manager.calls import Clock
from tests.store.counting import CountingStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> CountingStore:
    return CountingStore(MemoryStore(clock=clock))


@pytest.fixture
def manager(store: CountingStore) -> Manager:
    return Manager(store.as_store)


@pytest.fixture
def other(store: CountingStore) -> Manager:
    """Another process's manager, on the same store."""
    return Manager(store.as_store)
