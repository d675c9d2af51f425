"""A store of one's own is tested like this: what the contract's documentation promises, done."""

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.memory import MemoryStore
from execution_server.store.port import ExecutionStore

from tests.store.counting import CountingStore


class TestCountingStore(StoreContract):
    @pytest.fixture
    def store(self) -> ExecutionStore:
        return CountingStore(MemoryStore()).as_store


def test_a_store_has_to_be_given() -> None:
    """Whoever forgets the fixture is told what to do."""
    with pytest.raises(NotImplementedError, match="Override the fixture 'store'"):
        StoreContract.store.__wrapped__(StoreContract())  # type: ignore[attr-defined]  # pytest keeps the function


async def test_the_store_above_counts() -> None:
    """It is not the store that it wraps."""
    store = CountingStore(MemoryStore())
    await store.as_store.ping(deadline=0)
    assert store.asked == {"ping": 1}
