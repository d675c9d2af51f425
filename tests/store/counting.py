"""A small store of one's own: it keeps count of what is asked of another, and lets tests step in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, cast

from execution_server.store.port import ExecutionStore


class CountingStore:
    """
    Wraps a store.

    Attributes:
        asked: how often each method was called.
        instead: functions to call in the place of methods, by name; they get the same arguments.
    """

    def __init__(self, store: ExecutionStore) -> None:
        self.asked = Counter[str]()
        self.instead: dict[str, Callable[..., Any]] = {}
        self.wrapped = store

    @property
    def as_store(self) -> ExecutionStore:
        """Itself, as what it is by its methods."""
        return cast(ExecutionStore, self)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.wrapped, name)
        return self._counted(name, found) if callable(found) else found

    def _counted(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.asked[name] += 1
            return self.instead.get(name, method)(*args, **options)

        return counted
