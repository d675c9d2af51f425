"""The reference store keeps the contract."""

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.memory import MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture(params=[1, 16])
    def store(self, request: pytest.FixtureRequest) -> MemoryStore:
        return MemoryStore(partitions=request.param)
