"""
Replies that are handed out only when enough replicas have what they rest on: the durability class ``replicated``.

Behind whatever is sent follows a fence: a write of the connection's own, then WAIT. All replies since the last fence
ride on it, and what is sent while it is under way waits for the next one, so its cost is shared by however many call at
once. The write matters: WAIT looks only at what its own connection has written, and what a read rests on, or a commit
that finds its earlier try, may have been written by another.

Too few replicas mean that nobody knows whether the change will last: the call tries again until its deadline, as after
a lost connection, and the repeated commit finds itself and only waits again. The connection is given up with it: a
server that is cut off from its replicas may not be the primary any more, and the next one goes to whoever is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection

from .connect import LinkLost
from .wire import Command, Reply, Sent, Wire

UNFENCED: Final = frozenset({"TIME", "INFO", "CONFIG"})
"""Commands whose replies rest on nothing that is stored. PING waits: a store that acknowledges nothing is not ready."""
WAIT_MS: Final = 500
"""How long replicas may take; less than a connection may be silent (see ``link.TRY_SECONDS``)."""


class NotReplicated(LinkLost):
    """Too few replicas have what the reply rests on."""


@dataclass(slots=True)
class Fence:
    """
    What replies wait for.

    Attributes:
        key: what to write: any key that belongs to the connection's server.
        replicas: how many must have it.
    """

    key: str
    replicas: int


class FencedWire(Wire):
    """A ``Wire`` with fences."""

    def __init__(
        self,
        fence: Fence,
        connection: AbstractConnection,
        lost: Callable[[Wire], None],
        patience_seconds: float,
    ) -> None:
        super().__init__(connection, lost, patience_seconds)
        self._fence = fence
        self._held: list[Sent] = []  # since the last fence
        self._unfenced: set[Reply] = set()
        self._raised: Reply | None = None  # the fence that is under way
        self._fence_is_due = False

    def send(self, commands: list[Command]) -> Reply:
        reply = super().send(commands)
        if UNFENCED.issuperset(name for name, *_ in commands):
            self._unfenced.add(reply)
        elif self._raised is None:
            self._raise_fence_soon()
        return reply

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._hand_out(LinkLost())
        if self._raised is not None:
            self._raised.exception()  # nobody waits for it

    def _raise_fence_soon(self) -> None:
        """At the end of this round of the loop: whoever sends in it shares the fence."""
        if not self._fence_is_due:
            self._fence_is_due = True
            self._loop.call_soon(self._raise_fence)

    def _raise_fence(self) -> None:
        self._fence_is_due = False
        if not self._transport.is_closing():
            commands: list[Command] = [("SET", self._fence.key, ""), ("WAIT", self._fence.replicas, WAIT_MS)]
            self._raised = super().send(commands)

    def _answer(self, sent: Sent) -> None:
        if sent.reply in self._unfenced:
            self._unfenced.discard(sent.reply)
            super()._answer(sent)
        elif sent.reply is self._raised:
            self._raised = None
            trouble = self._shortfall(*sent.answers)
            self._hand_out(trouble)
            if trouble is not None:
                self._loop.call_soon(self.give_up)  # not now, as more replies may have come with this one
            elif self._waiting:
                self._raise_fence_soon()
        else:
            self._held.append(sent)

    def _shortfall(self, written: Any, replicas: Any) -> LinkLost | None:
        """What is wrong with the fence."""
        if written != b"OK" and written != "OK":
            return NotReplicated(f"the fence was refused: {written}")
        if not isinstance(replicas, int) or replicas < self._fence.replicas:
            return NotReplicated(f"{replicas} of {self._fence.replicas} replicas have the change")
        return None

    def _hand_out(self, trouble: LinkLost | None) -> None:
        held, self._held = self._held, []
        for sent in held:
            if trouble is None:
                super()._answer(sent)
            else:
                sent.fail(trouble)
