"""
A run: histories are made at a site while things go wrong, and then everything is judged.

Each history must be explained (``judging.py``); what the execution is in the end must agree with its own history and
with the store's clock (``records.py``); each watch must have told what the validators of ``tests/watch`` ask for; and
the store must agree with itself (``tests/store/checker.py``).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution

from tests.faults.histories.breakages import Breakages
from tests.faults.histories.callers import Caller, callers
from tests.faults.histories.judging import Verdict, judge
from tests.faults.histories.recording import LATE_SECONDS, History, Recorder
from tests.faults.histories.records import wrong_records
from tests.faults.histories.reporting import streams
from tests.faults.histories.sites import SERVERS, Site, site
from tests.faults.histories.traffic import LIMIT_MS, Crowd
from tests.store.checker import check
from tests.watch.traffic import Servers, Subject
from tests.watch.watchers import Watcher

AT_ONCE: Final = 16
"""How many histories are made at the same time."""
WATCHED: Final = 8
"""Of how many histories one is watched."""
LATE: Final = 4
"""How many histories with a call that is held back."""
WATCH_END_SECONDS: Final = 60.0
"""How long the last messages of a watch may take. It is passed only if one never comes."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    Attributes:
        histories: how many there must be at least.
        faults: how many faults that affected calls there must be at least.
        most: how many histories there may be until the faults are enough.
        languages: of the clients that take part beside the stubs.
        breakages: the kinds of faults, if not all.
        late: whether calls are held back beyond their deadlines first; that takes a while.
        environ: of the servers, other than that of the tests.
        stores_apart: whether the clocks of the stores differ, where there are several.
    """

    kind: str
    seed: int
    histories: int
    faults: int
    most: int
    languages: Sequence[str] = ("python",)
    breakages: Sequence[str] = ()
    late: bool = False
    servers: int = SERVERS
    environ: Mapping[str, str] = field(default_factory=dict)
    stores_apart: bool = False


@dataclass
class Outcome:
    """What a run has brought to light."""

    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """In sentences, each after the word for who has found it: history, judge, record, watch, store or log."""
    effective: Counter[str] = field(default_factory=Counter)
    void: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    unanswered: int = 0
    watches: int = 0

    def __str__(self) -> str:
        return (
            f"{self.verdicts.total()} histories {dict(self.verdicts)}; "
            f"{self.calls.total()} calls {dict(self.calls)}, {self.unanswered} of unknown outcome; "
            f"{self.effective.total()} faults {dict(self.effective)}, without effect {dict(self.void)}; "
            f"{self.watches} watches"
        )


async def run(plan: Plan, folder: Path) -> Outcome:
    """Carry out the plan."""
    apart = plan.stores_apart
    async with site(plan.kind, folder, plan.servers, plan.environ, stores_apart=apart) as at:
        made = _Run(plan, at)
        addresses = [service.address for service in at.services]
        async with callers(addresses, plan.languages) as everybody, streams(addresses) as reporting:
            recorder = Recorder([*everybody, *reporting], made.dice)
            if plan.late:
                await made.make_late(recorder, everybody)
            await made.make(recorder)
            await made.judge(recorder)
        return made.outcome


class _Run:
    def __init__(self, plan: Plan, at: Site) -> None:
        self.dice = random.Random(plan.seed)
        self.outcome = Outcome()
        self._plan, self._site = plan, at
        self._crowds: list[Crowd] = []
        self._servers = Servers(at.services, self.dice)
        self._watchers: list[tuple[Subject, Watcher, asyncio.Task[None]]] = []
        self._over = False

    async def make_late(self, recorder: Recorder, callers: Sequence[Caller]) -> None:
        """Histories of a call that is held back before the store until its time is over."""
        swallowed, well = callers[:2]
        await self._make_one(recorder)  # so that the store knows the scripts
        crowds = [self._crowd(recorder) for _ in range(LATE)]
        for crowd in crowds:
            await crowd.create_by(swallowed)
        self._site.links[swallowed.server].blackhole()
        await asyncio.gather(*(crowd.outlive(swallowed, well) for crowd in crowds))
        self._site.links[swallowed.server].lift()
        await asyncio.gather(*(crowd.look(swallowed) for crowd in crowds))

    async def make(self, recorder: Recorder) -> None:
        """Histories and faults at the same time."""
        breakages = Breakages(self._site, recorder, self.dice, self._plan.breakages)
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._make(recorder))
            await breakages.rage(lambda: self._is_enough(breakages))
            self._over = True
        self.outcome.effective, self.outcome.void = breakages.effective, breakages.void
        self.outcome.calls, self.outcome.unanswered = recorder.by, recorder.unanswered.total()

    async def judge(self, recorder: Recorder) -> None:
        """At rest: what took effect has done so, and nothing more may."""
        calls = (call for crowd in self._crowds for call in crowd.history.calls)
        last = max((call.until for call in calls if call.answer is None), default=0.0)
        remaining = last - asyncio.get_running_loop().time()
        await asyncio.sleep(max(LATE_SECONDS, remaining) + LIMIT_MS / 1_000)
        for crowd in self._crowds:
            await crowd.look()
            self._note(crowd.history, await asyncio.to_thread(judge, crowd.history.calls))
        there = [crowd.history for crowd in self._crowds if crowd.is_there]
        self._found("record", [one async for one in wrong_records(self._site, there)])
        await self._end_watches()
        with self._site.store.client() as client:
            slowest, fastest = self._site.apart
            apart_ms = int((fastest - slowest) * 1_000)
            self._found("store", await asyncio.to_thread(check, client, apart_ms=apart_ms))
        self._found("log", self._site.log_of_errors())

    def _is_enough(self, breakages: Breakages) -> bool:
        if len(self._crowds) >= self._plan.most:
            return True
        enough = breakages.effective.total() >= self._plan.faults
        return len(self._crowds) >= self._plan.histories and enough

    async def _make(self, recorder: Recorder) -> None:
        while not self._over:
            await self._make_one(recorder)

    async def _make_one(self, recorder: Recorder) -> None:
        crowd = self._crowd(recorder)
        await crowd.create()
        if crowd.stays and len(self._crowds) % WATCHED == 0:
            self._watch(crowd.history.id)
        await crowd.act()

    def _crowd(self, recorder: Recorder) -> Crowd:
        crowd = Crowd(recorder, History(f"{self._plan.seed} {len(self._crowds)}"), self.dice)
        self._crowds.append(crowd)
        return crowd

    def _watch(self, execution_id: str) -> None:
        subject = Subject(Execution(id=execution_id, revision=1))
        watcher = Watcher(self._servers, subject, self.dice, slow=lambda: False)
        self._watchers.append((subject, watcher, asyncio.create_task(watcher.run())))

    def _note(self, history: History, verdict: Verdict) -> None:
        self.outcome.verdicts[verdict.kind] += 1
        if verdict.kind != "explained":
            calls = "\n  ".join(map(str, sorted(history.calls, key=lambda call: call.invoked)))
            if verdict.at is None:
                self._found("judge", [f"{history.id}: there are too many ways to explain\n  {calls}"])
            else:
                at = history.calls[verdict.at]
                self._found("history", [f"{history.id}: nothing explains {at} in\n  {calls}"])
        if history.others:
            self._found("history", [f"{history.id} is {history.others} too"])

    def _found(self, who: str, wrong: Iterable[str]) -> None:
        self.outcome.wrong += [f"{who}: {one}" for one in wrong]

    async def _end_watches(self) -> None:
        for subject, _, _ in self._watchers:
            request = api.GetExecutionRequest(id=subject.record.id)
            subject.learn((await self._servers.call("GetExecution", request)).execution)
            subject.rests = True
        tasks = [task for _, _, task in self._watchers]
        if tasks:
            await asyncio.wait(tasks, timeout=WATCH_END_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.outcome.watches = len(tasks)
        self._found("watch", (one for _, watcher, _ in self._watchers for one in watcher.violations()))
        await self._servers.close()
