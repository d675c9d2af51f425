"""Where a cluster keeps what: from a command to its key, from the key to its slot, from the slot to its primary."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Any, Final

from redis.crc import key_slot

from .url import Node
from .wire import Command

SLOTS: Final = 16384
KEY_AT: Final = {"EVALSHA": 3, "GET": 1, "SET": 1, "HGETALL": 1, "HMGET": 1, "ZRANGE": 1, "ZRANGEBYSCORE": 1}
KEYLESS: Final = frozenset({"PING", "TIME", "INFO", "CONFIG", "SCRIPT"})
"""All commands that the store sends: at which place each has its key, and which have none."""


def key_of(command: Command) -> str | None:
    """The key that says where a command belongs, None if every node can carry it out."""
    name = str(command[0])
    # All keys of a script are in one slot. One without any is a count over no sets.
    if name in KEYLESS or (name == "EVALSHA" and command[2] == 0):
        return None
    return str(command[KEY_AT[name]])


def slot_of(key: str) -> int:
    """The slot of a key: that of its hash tag."""
    _, opened, rest = key.partition("{")
    return _slot(rest.partition("}")[0] if opened else key)


@lru_cache(maxsize=4096)
def _slot(text: str) -> int:
    return key_slot(text.encode())


class SlotMap:
    """Which primary has which slot, as far as is known."""

    def __init__(self) -> None:
        self._owners: list[Node | None] = [None] * SLOTS
        self.primaries: frozenset[Node] = frozenset()

    @classmethod
    def read(cls, reply: list[Any], asked: Node) -> SlotMap:
        """The map in a reply to CLUSTER SLOTS that came from the node *asked*."""
        found = cls()
        for first, last, (host, port, *_), *_replicas in reply:
            # A node that does not know its own name is where it was asked.
            known = host.decode() if host else ""
            node = (asked[0] if known in ("", "?") else known, int(port))
            found._owners[first : last + 1] = [node] * (last + 1 - first)
        found._count()
        return found

    def owner(self, key: str) -> Node | None:
        """The primary of a key."""
        return self._owners[slot_of(key)]

    def learn(self, slot: int, node: Node) -> None:
        """Note where one slot is now."""
        self._owners[slot] = node
        self._count()

    def key_at(self, node: Node, prefix: str) -> str | None:
        """Some key that begins with *prefix* and belongs to *node*; another one each time. None if it has no slots."""
        if node not in self.primaries:
            return None
        return next(key for key in _keys(prefix) if self.owner(key) == node)

    def _count(self) -> None:
        self.primaries = frozenset(owner for owner in self._owners if owner is not None)


def _keys(prefix: str) -> Iterator[str]:
    return (f"{prefix}:{number}" for number in count(random.randrange(1024)))
