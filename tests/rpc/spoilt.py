"""A store that does what a test tells it to: note, fail, hang."""

from __future__ import annotations

import asyncio

from execution_server.store.memory import MemoryStore
from execution_server.store.port import Part, Stored


class SpoiltStore(MemoryStore):
    """
    A memory store whose ``load`` can be spoilt.

    Attributes:
        seconds_given: how long each load was given, in order.
        failure: what the next loads raise instead of answering.
        hanging: whether loads wait for a future that ``cancel_shared`` cancels, or their caller by going away.
        was_cancelled: whether that has happened.
    """

    def __init__(self) -> None:
        super().__init__()
        self.seconds_given: list[float] = []
        self.failure: BaseException | None = None
        self.hanging = False
        self.was_cancelled = False
        self._shared: asyncio.Future[None] | None = None

    async def load(self, execution_id: str, part: Part, *, deadline: float) -> Stored | None:
        loop = asyncio.get_running_loop()
        self.seconds_given.append(deadline - loop.time())
        if self.failure is not None:
            raise self.failure
        if self.hanging:
            self._shared = self._shared or loop.create_future()
            try:
                await self._shared
            finally:
                self.was_cancelled = self._shared.cancelled()
        return await super().load(execution_id, part, deadline=deadline)

    @property
    def is_waited_for(self) -> bool:
        """Whether a load hangs."""
        return self._shared is not None

    def cancel_shared(self) -> None:
        """Cancel what the hanging loads share, as a connection that is given up may do."""
        assert self._shared is not None
        self._shared.cancel()
