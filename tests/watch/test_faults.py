"""
Watches under faults: servers killed and drained, connections cut, notices lost, readers slow; and nothing is missed.

``make watch-faults`` runs it longer and with more watches; ``WATCH_FAULTS_SEED`` repeats the choices of a run.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

import pytest

from tests import servers
from tests.service import Service
from tests.watch.faults import Faults
from tests.watch.lossy import lossy
from tests.watch.traffic import Servers, Subject, created, keep_changing
from tests.watch.watchers import ClientWatcher, Watcher, WatcherOfAll

SECONDS: Final = float(os.environ.get("WATCH_FAULTS_SECONDS", "25"))
WATCHES: Final = int(os.environ.get("WATCH_FAULTS_WATCHES", "500"))
WATCHES_OF_ALL: Final = 6
SUBJECTS: Final = max(10, WATCHES // 12)
SERVERS: Final = 3
SETTLE_SECONDS: Final = 90.0
"""How long the last messages may take to arrive once the faults have stopped. It is passed only if one never does."""
LEAST: Final = {"status changes": SUBJECTS * 5, "messages": WATCHES * 5, "breaks": WATCHES / 5}
"""Less than this proves nothing."""


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("WATCH_FAULTS_SEED", random.randrange(1_000_000)))


class Run:
    """The subjects, their traffic and their watchers."""

    def __init__(self, reached: Servers, dice: random.Random) -> None:
        self._reached, self._dice = reached, dice
        self._stopping = False
        self._subjects: list[Subject] = []
        self._watchers: list[Watcher] = []
        self._watchers_of_all: list[WatcherOfAll] = []

    async def to_the_end(self, faults: Faults) -> None:
        """Traffic, watches and faults at once; then the last changes, and every watch to its end."""
        self._subjects = await asyncio.gather(*(created(self._reached) for _ in range(SUBJECTS)))
        until = asyncio.get_running_loop().time() + SECONDS
        with suppress(TimeoutError):  # ``violations`` tells who never came to the end
            await self._run(faults, until)

    async def _run(self, faults: Faults, until: float) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout_at(until + SETTLE_SECONDS), asyncio.TaskGroup() as group:
            for subject in self._subjects:
                group.create_task(keep_changing(self._reached, subject, self._stopped, self._pause))
            for number in range(WATCHES):
                kind = ClientWatcher if number % 25 == 0 else Watcher
                group.create_task(self._watch(kind, slow=number % 2 == 0))
            for _ in range(WATCHES_OF_ALL):
                watcher = WatcherOfAll(self._reached, self._subjects, self._dice)
                self._watchers_of_all.append(watcher)
                group.create_task(watcher.run())
            await faults.run(lambda: loop.time() > until)
            self._stopping = True

    async def _watch(self, kind: type[Watcher], *, slow: bool) -> None:
        await asyncio.sleep(self._dice.uniform(0, SECONDS * 0.8))
        subject = self._dice.choice(self._subjects)
        watcher = kind(self._reached, subject, self._dice, slow=lambda: slow and not self._stopping)
        self._watchers.append(watcher)
        await watcher.run()

    def _stopped(self) -> bool:
        return self._stopping

    def _pause(self) -> float:
        return self._dice.uniform(0.05, 0.5)

    def breaks(self) -> Counter[str]:
        """How often streams broke, by reason."""
        return sum((watcher.breaks for watcher in self._watchers), Counter())

    def violations(self) -> list[str]:
        """What is wrong with any of them."""
        watchers: list[Watcher | WatcherOfAll] = [*self._watchers, *self._watchers_of_all]
        return [wrong for watcher in watchers for wrong in watcher.violations()]

    @property
    def messages(self) -> int:
        """How many were read."""
        return sum(watcher.messages for watcher in self._watchers)

    @property
    def status_changes(self) -> int:
        """How many there were."""
        return sum(len(subject.truth) for subject in self._subjects)


async def test_no_watch_misses_or_repeats_anything_whatever_fails(tmp_path: Path, seed: int) -> None:
    """The fourth promise of the service, with everything going wrong that the second is for."""
    print(f"\nWATCH_FAULTS_SEED={seed}")
    dice = random.Random(seed)
    with ExitStack() as stack:
        store = stack.enter_context(servers.running("valkey9"))
        async with lossy(store.socket, dice) as proxy:
            options = ("--store-url", proxy.url, "--drain-grace", "2s", "--log-level", "warning")
            services = []
            for number in range(SERVERS):
                folder = tmp_path / str(number)
                folder.mkdir()
                service = Service(folder, *options)
                stack.callback(service.stop)
                await asyncio.to_thread(service.start)
                services.append(service)
            reached = Servers(services, dice)
            run = Run(reached, dice)
            faults = Faults(store, proxy, services, run.breaks, dice)
            await run.to_the_end(faults)
            await reached.close()

    figures = {"status changes": run.status_changes, "messages": run.messages, "breaks": run.breaks().total()}
    print(f"faults by effect: {dict(faults.effects)}\nbreaks: {dict(run.breaks())}\n{figures}")
    assert run.violations() == []
    assert [line for service in services for line in service.log_lines() if line["level"] == "error"] == []
    assert all(faults.effects.values()), "a fault without effect"
    assert all(figures[name] >= least for name, least in LEAST.items()), (
        f"too little happened: {figures} {LEAST}"
    )
