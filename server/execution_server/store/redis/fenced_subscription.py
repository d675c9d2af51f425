"""
A subscription that hands on what is told only when enough replicas have it: the durability class ``replicated``.

A script publishes its change at once, when its own primary is all that has it. So here a fence follows what has arrived
(see ``fence.py``): what came before it is handed on when it is answered, what comes meanwhile waits for the next one.
The fence is sent on the subscription's own connection, which RESP3 allows. So it is answered by the very server that
told, whatever failover is going on; another's answer would prove nothing about this one's changes.

Without enough replicas the connection is given up with all that is held. Whoever loses a subscription has to read what
it was about, and those reads have fences of their own: a change may be told late then, but none that does not last.
"""

from __future__ import annotations

from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection

from .fence import WAIT_MS, Fence
from .subscription import PUBLISHED, OnMessage, Subscription


class FencedSubscription(Subscription):
    """A ``Subscription`` with fences."""

    def __init__(self, fence: Fence, connection: AbstractConnection, on_message: OnMessage) -> None:
        super().__init__(connection, on_message)
        self._fence = fence
        self._held: list[Any] = []  # since the last fence
        self._riding: list[Any] = []  # on the fence that is under way, in front of those
        self._written = False
        self.send("HELLO", "3")

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._held and not self._riding:
            self._riding, self._held = self._held, []
            self._written = False
            self.send("SET", self._fence.key, "")
            self.send("WAIT", str(self._fence.replicas), str(WAIT_MS))

    def _take(self, push: Any) -> None:
        match push:
            case [kind, *_] if kind in PUBLISHED:
                self._held.append(push)
            case "OK" | b"OK":
                self._written = True
            case int():
                self._pass(push)
            case hiredis.ReplyError():
                super()._take(push)
            case _ if before := self._held or self._riding:
                before.append(push)  # a PING is answered when what came before it is handed on
            case _:
                super()._take(push)

    def _pass(self, replicas: int) -> None:
        """The fence is answered."""
        if not self._written:
            self.close("its fence was refused")
        elif replicas < self._fence.replicas:
            self.close(f"{replicas} of {self._fence.replicas} replicas have what was told")
        else:
            riding, self._riding = self._riding, []
            for push in riding:
                super()._take(push)
