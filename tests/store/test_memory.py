"""The reference store keeps the contract."""

import pytest
from execution_server.store.contract import StoreContract
from execution_server.store.contract.samples import create, new, soon
from execution_server.store.memory import MemoryStore
from execution_server.store.port import REMEMBERED_MS, key_claim, request_claim


class TestMemoryStore(StoreContract):
    @pytest.fixture(params=[1, 16])
    def store(self, request: pytest.FixtureRequest) -> MemoryStore:
        return MemoryStore(partitions=request.param)


async def test_what_is_remembered_for_a_while_takes_no_room_for_ever() -> None:
    """A process that is tried out for long would grow with every request that it has ever seen."""
    now_ms = 1_000_000
    store = MemoryStore(clock=lambda: now_ms)
    lasting = key_claim("order-3")
    await create(store, new(store, lasting, idempotency_key="order-3"), lasting)
    for number in range(1, 5):
        claim = request_claim(b"%d" % number)
        stored = (await create(store, new(store, claim), claim)).head
        assert await store.delete(stored, b"request", deadline=soon()) is None
        assert await store.deleted_by(stored.record.id, deadline=soon()) == b"request"
        now_ms += REMEMBERED_MS
        assert await store.deleted_by(stored.record.id, deadline=soon()) is None
        assert len(store._claims) == 2
        assert len(store._tombstones) == 1
    assert await store.holder(lasting.name, deadline=soon()) is not None
