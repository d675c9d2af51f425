"""What goes wrong during a run, and whether anybody noticed: a fault without effect proves nothing."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable

from tests.servers import Server
from tests.service import Service
from tests.waiting import until
from tests.watch.lossy import Lossy

Breaks = Callable[[], Counter[str]]
"""How often streams have broken so far, by reason."""


class Faults:
    """
    Causes faults of all kinds, over and over.

    Attributes:
        effects: what each kind has done: streams broken, connections killed, notices lost, subscriptions made anew.
    """

    def __init__(
        self, store: Server, proxy: Lossy, services: list[Service], breaks: Breaks, dice: random.Random
    ) -> None:
        self._store, self._proxy, self._services, self._breaks, self._dice = (
            store,
            proxy,
            services,
            breaks,
            dice,
        )
        self.kinds: dict[str, Callable[[], Awaitable[int]]] = {
            "server killed": self._kill_server,
            "server drained": self._drain_server,
            "store connections killed": lambda: self._kill_clients("normal"),
            "subscriptions killed": lambda: self._kill_clients("pubsub"),
            "notices lost": self._lose_notices,
            "subscriptions deafened": self._deafen,
        }
        self.effects = Counter[str](dict.fromkeys(self.kinds, 0))

    async def run(self, stopping: Callable[[], bool]) -> None:
        """
        One kind after the other, each round in another order, until stopped and each has had an effect. From then on
        every notice is lost, so that of the last changes nothing tells but what the servers find out for themselves.
        """
        while not (stopping() and all(self.effects.values())):
            for kind in self._dice.sample(list(self.kinds), len(self.kinds)):
                if not stopping() or not self.effects[kind]:
                    self.effects[kind] += await self.kinds[kind]()
                    await asyncio.sleep(self._dice.uniform(0.2, 0.6))
        self._proxy.loss = 1.0

    async def _kill_server(self) -> int:
        service = self._dice.choice(self._services)
        before = self._breaks()["UNAVAILABLE"]
        await asyncio.to_thread(service.kill9)
        await asyncio.to_thread(service.start)
        return self._breaks()["UNAVAILABLE"] - before

    async def _drain_server(self) -> int:
        service = self._dice.choice(self._services)
        before = self._breaks()["SERVER_DRAINING"]
        service.terminate()
        assert await asyncio.to_thread(service.ended) == 0, service.log_text()
        await asyncio.to_thread(service.start)
        return self._breaks()["SERVER_DRAINING"] - before

    async def _kill_clients(self, kind: str) -> int:
        return int(
            await asyncio.to_thread(self._store.command, "CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        )

    async def _lose_notices(self) -> int:
        before = self._proxy.lost
        self._proxy.loss = self._dice.choice([0.3, 1.0])
        await asyncio.sleep(self._dice.uniform(0.5, 2.5))
        self._proxy.loss = 0.0
        return self._proxy.lost - before

    async def _deafen(self) -> int:
        before = self._proxy.subscriptions
        number = self._proxy.deafen()
        await until(lambda: self._proxy.subscriptions >= before + number, "the subscriptions are made anew")
        return number
