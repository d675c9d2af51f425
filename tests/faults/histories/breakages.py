"""
What goes wrong while histories are made, one thing after the other, and whether any call was affected.

A fault that affects no call proves nothing and is not counted.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from math import inf
from typing import Final

from tests import failovers
from tests.clusters import Cluster, errors
from tests.faults.histories.recording import Recorder
from tests.faults.histories.sites import Site
from tests.sentinels import Watched
from tests.servers import Server
from tests.waiting import until

PARTITIONS: Final = 16
SHORT_SECONDS: Final = (0.1, 0.7)
"""How long something stops, at least and at most. Calls outlive it or not."""
GIVE_UP_SECONDS: Final = (0.0005, 0.01)
WRONG_DIGITS: Final = (0.0, 6.0)
"""By how many seconds a clock is wrong, at least and at most, as powers of ten: up to twelve days."""
PATIENCE_SECONDS: Final = 60.0


class Breakages:
    """
    Causes faults.

    Attributes:
        kinds: those that this site can have, by name; each tells how many calls it affected.
        effective: how many of each kind have affected calls.
        void: how many of each kind have not.
    """

    def __init__(
        self, site: Site, recorder: Recorder, dice: random.Random, chosen: Sequence[str] = ()
    ) -> None:
        """*chosen*: the kinds, if not all."""
        self._site, self._recorder, self._dice = site, recorder, dice
        self.kinds: dict[str, Callable[[], Awaitable[int]]] = {
            "server killed": self._kill_server,
            "server stopped": self._stop_server,
            "connections killed": self._kill_connections,
            "scripts forgotten": self._flush_scripts,
            "callers give up": self._give_up,
        }
        if site.clocks:
            self.kinds["clock set wrong"] = self._set_clock
        store = site.store
        if isinstance(store, Server):
            self.kinds |= {
                "store killed": lambda: self._kill_store(store),
                "store stopped": lambda: self._stop_store(store),
                "disk full": lambda: self._fill_disk(store),
                "answers cut off": self._cut_answer,
                "links cut": self._cut_links,
                "link slow": self._delay,
                "link swallows": self._swallow,
            }
        else:
            self.kinds |= {
                "primary killed": lambda: self._fail_over(store, failovers.kill),
                "primary killed, cut off before": lambda: self._fail_over(store, failovers.kill_cut_off),
                "primary stopped": lambda: self._fail_over(store, failovers.stop),
                "primary handed over": lambda: self._fail_over(store, failovers.hand_over),
            }
        if isinstance(store, Cluster):
            self.kinds["slot moved"] = lambda: self._move_slot(store)
        self.kinds = {name: kind for name, kind in self.kinds.items() if name in (chosen or self.kinds)}
        self.effective = Counter[str](dict.fromkeys(self.kinds, 0))
        self.void = Counter[str]()

    async def rage(self, is_over: Callable[[], bool]) -> None:
        """One kind after the other, each round in another order, until it is over."""
        while not is_over():
            for kind in self._dice.sample([*self.kinds], len(self.kinds)):
                if is_over():
                    return
                await self._recorder.busy()
                affected = await self.kinds[kind]()
                (self.effective if affected else self.void)[kind] += 1

    async def _kill_server(self) -> int:
        number = self._any_server()
        before = self._recorder.unanswered[number]
        await asyncio.to_thread(self._site.services[number].kill9)
        await asyncio.to_thread(self._site.services[number].start)
        return self._recorder.unanswered[number] - before

    async def _stop_server(self) -> int:
        number = self._any_server()
        self._site.services[number].pause()
        try:
            await self._a_moment()
            return self._recorder.open_at(number)
        finally:
            self._site.services[number].resume()

    async def _kill_connections(self) -> int:
        affected = self._recorder.open
        await asyncio.to_thread(self._site.store.command, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        return affected

    async def _flush_scripts(self) -> int:
        nodes = await asyncio.to_thread(self._site.primaries)
        before = sum(errors(node, "NOSCRIPT") for node in nodes)
        for node in nodes:
            node.command("SCRIPT", "FLUSH")
        await self._recorder.busy()
        return sum(errors(node, "NOSCRIPT") for node in nodes) - before

    async def _give_up(self) -> int:
        before = self._recorder.gave_up
        self._recorder.patience = self._dice.uniform(*GIVE_UP_SECONDS)
        await self._a_moment()
        self._recorder.patience = inf
        return self._recorder.gave_up - before

    async def _set_clock(self) -> int:
        """That of one server jumps and stays as it is, whatever happens next, until it is set again."""
        number = self._any_server()
        self._site.clocks[number].set(self._dice.choice([-1, 1]) * 10 ** self._dice.uniform(*WRONG_DIGITS))
        await self._a_moment()
        return self._recorder.open_at(number)

    async def _kill_store(self, store: Server) -> int:
        await asyncio.to_thread(store.kill9)
        return await self._back(store)

    async def _fill_disk(self, store: Server) -> int:
        await asyncio.to_thread(store.fill_disk)
        return await self._back(store)

    async def _back(self, store: Server) -> int:
        affected = self._recorder.open
        await asyncio.to_thread(store.start)
        return affected

    async def _stop_store(self, store: Server) -> int:
        store.pause()
        try:
            await self._a_moment()
            return self._recorder.open
        finally:
            store.resume()

    async def _cut_answer(self) -> int:
        """What a server has sent is done, and it is never told."""
        link = self._site.links[self._any_server()]
        before = link.cuts
        link.cut_after.append(b"EVALSHA")
        await until(lambda: link.cuts > before, "an answer is cut off", PATIENCE_SECONDS)
        return 1

    async def _cut_links(self) -> int:
        affected = self._recorder.open
        for link in self._site.links:
            link.cut_all()
        return affected

    async def _delay(self) -> int:
        number = self._any_server()
        link = self._site.links[number]
        link.delay_seconds = self._dice.uniform(0.01, 0.1)
        await self._a_moment()
        link.delay_seconds = 0.0
        return self._recorder.open_at(number)

    async def _swallow(self) -> int:
        number = self._any_server()
        link = self._site.links[number]
        link.blackhole()
        await self._a_moment()
        link.lift()
        return self._recorder.open_at(number)

    async def _fail_over(
        self, store: Cluster | Watched, lose: Callable[[Cluster | Watched, int], None]
    ) -> int:
        before = self._recorder.unanswered.total()
        await asyncio.to_thread(lose, store, self._dice.randrange(PARTITIONS))
        affected = self._recorder.unanswered.total() - before + self._recorder.open
        await asyncio.to_thread(store.await_replicas)
        return affected

    async def _move_slot(self, store: Cluster) -> int:
        key = failovers.key_of(self._dice.randrange(PARTITIONS))
        affected = self._recorder.open
        await asyncio.to_thread(self._dice.choice([store.move, store.move_at_once]), key)
        return affected

    def _any_server(self) -> int:
        return self._dice.randrange(len(self._site.services))

    async def _a_moment(self) -> None:
        await asyncio.sleep(self._dice.uniform(*SHORT_SECONDS))
