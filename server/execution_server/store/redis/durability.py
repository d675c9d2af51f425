"""What a durability class asks of the store's servers, and the sentences that refuse those that are not set to it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from croco.execution.v1.execution_service_pb2 import DurabilityClass

from .connect import LinkLost
from .link import Link
from .scripts import ReplyError

log = logging.getLogger(__name__)

RELAXED: Final = DurabilityClass.DURABILITY_CLASS_RELAXED
LOCAL: Final = DurabilityClass.DURABILITY_CLASS_LOCAL
REPLICATED: Final = DurabilityClass.DURABILITY_CLASS_REPLICATED
CLASSES: Final = {"relaxed": RELAXED, "local": LOCAL, "replicated": REPLICATED}
"""By the words of the setting."""
NEEDED: Final = {"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no"}
"""The settings of a server that has on its disk what it acknowledges."""


class StoreRefused(Exception):
    """The server answers but must not hold executions. The message says what to do."""


def class_named(word: str) -> DurabilityClass:
    """The class that a setting names."""
    return CLASSES[word]


async def check_settings(link: Link, *, deadline: float) -> None:
    """
    Hold every primary's settings against the class ``local``, which ``replicated`` includes.

    Raises:
        StoreRefused: it does not have on its disk what it acknowledges.
    """
    replies = await asyncio.gather(
        *(link.call_each("CONFIG", "GET", name, deadline=deadline) for name in NEEDED)
    )
    for (name, needed), by_primary in zip(NEEDED.items(), replies, strict=True):
        for primary, reply in by_primary.items():
            found = _setting(reply)
            if found is None:
                log.warning("the store does not tell its %s; it is taken to be %s", name, needed)
            elif found != needed:
                raise StoreRefused(
                    f"The store{_at(primary)} may lose what it has acknowledged: its {name} is {found}. "
                    f"Set it to {needed}, in its configuration file too (the embedded store: --appendfsync always), "
                    "or start with --durability relaxed."
                )


def check_replicas(information: dict[str, str], replicas: int, primary: str) -> None:
    """
    Hold the number of a primary's replicas against those that each change waits for.

    Raises:
        StoreRefused: one of them may be promoted that nobody has waited for.
    """
    connected = int(information.get("connected_slaves", 0))
    if connected > replicas:
        raise StoreRefused(
            f"The store{_at(primary)} has {connected} replicas, and changes wait for {replicas}: one that lacks a "
            f"change could take over. Start with --replicas {connected}."
        )


def _setting(reply: Any) -> str | None:
    """The value in a reply to CONFIG GET, None if the server does not tell."""
    if isinstance(reply, ReplyError | LinkLost) or not reply:
        return None
    return str(reply[1].decode())


def _at(primary: str) -> str:
    return f" at {primary}" if primary else ""
