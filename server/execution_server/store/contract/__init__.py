"""
What every store must do, as tests: each *must* of ``port.py`` is held against the store that the fixture answers.

A store of your own is tested by a file like this (with pytest and pytest-asyncio installed)::

    import pytest_asyncio
    from execution_server.store.contract import StoreContract

    class TestMyStore(StoreContract):
        @pytest_asyncio.fixture
        async def store(self):
            store = await open_my_store()   # empty, for every test
            yield store
            await store.close()

and ``pytest.register_assert_rewrite("execution_server.store.contract")`` in its conftest.py: then failures show values.

Not here, as only the store's own tests can bring it about: that it is away or slow for a while, that its transport
repeats a change, that its clock differs from the process's. ``tests/store`` of this project does it for Redis.
"""

import pytest

from ..port import ExecutionStore
from .batches import Batches
from .changes import Changes
from .deletions import Deletions
from .feeds import Feeds
from .lists import Lists
from .records import Records

__all__ = ["StoreContract"]


@pytest.mark.asyncio
class StoreContract(Records, Batches, Changes, Deletions, Lists, Feeds):
    """All tests. Override ``store``."""

    @pytest.fixture
    def store(self) -> ExecutionStore:
        """An empty store for every test."""
        raise NotImplementedError(
            "Override the fixture 'store': see execution_server/store/contract/__init__.py."
        )
