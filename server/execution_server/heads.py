"""The heads of the executions that were changed last: what the next change to each is usually decided on."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from .store.port import Stored

CACHED: Final = 8192
CACHED_BYTES: Final = 2048
"""A larger head (a long error, many checkpoints) is not worth its memory: its execution costs a read per call."""


class Heads:
    """As many as are worth their memory; those that were kept last stay."""

    def __init__(self) -> None:
        self._heads: OrderedDict[str, Stored] = OrderedDict()

    def find(self, execution_id: str) -> Stored | None:
        """The head as it was kept last, if it is here. It may have been changed since."""
        return self._heads.get(execution_id)

    def keep(self, head: Stored) -> None:
        """This stands now."""
        execution_id = head.record.id
        if head.record.ByteSize() > CACHED_BYTES:
            self.forget(execution_id)
            return
        self._heads[execution_id] = head
        self._heads.move_to_end(execution_id)
        if len(self._heads) > CACHED:
            self._heads.popitem(last=False)

    def forget(self, execution_id: str) -> None:
        """It is gone."""
        self._heads.pop(execution_id, None)
