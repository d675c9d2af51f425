"""Several callers who do to one execution what comes to their minds, at the same time."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from typing import Any, Final

from tests.faults.histories.callers import Caller, Wish
from tests.faults.histories.contract import OF_ATTEMPTS, Answer
from tests.faults.histories.recording import History, Recorder

CALLERS: Final = (2, 5)
"""How many at the same time, at least and at most."""
CALLS: Final = (12, 36)
"""How many they make together, the creations not counted."""
LIMIT_MS: Final = 150
"""The time limit of an attempt, where there is one."""
REPORTS: Final = ("complete", "fail", "save_checkpoints")
"""The verbs that a worker may report instead, by its stream."""
HABITS: Final[dict[str, dict[str, int]]] = {
    "pending": {"start": 20, "get": 3, "update": 1, "cancel": 1, "delete": 1, "complete": 1},
    "running": {
        "save_checkpoints": 12,
        "fail": 10,
        "get": 3,
        "time_out": 3,
        "start": 3,
        "complete": 1,
        "update": 1,
        "delete": 1,
    },
    "retrying": {"start": 14, "retry": 4, "get": 2, "fail": 1, "cancel": 1, "complete": 1, "delete": 1},
    "failed": {"retry": 10, "get": 2, "start": 1, "delete": 1, "update": 1},
    "timed_out": {"retry": 10, "get": 2, "complete": 1, "delete": 1},
    "completed": {"get": 3, "cancel": 1, "start": 1, "retry": 1, "update": 1, "delete": 1},
    "cancelled": {"get": 3, "cancel": 2, "start": 1, "complete": 1, "delete": 1},
}
"""How often callers who believe it in this status do what."""


class Crowd:
    """
    The callers of one history.

    Attributes:
        is_there: whether it was when it was looked for.
    """

    def __init__(self, recorder: Recorder, history: History, dice: random.Random) -> None:
        self._recorder, self.history, self._dice = recorder, history, dice
        self._numbers = count()
        self._asked: list[Wish] = []
        self._seen = Answer(status="pending", attempts=0, revision=1)
        self._is_limited = dice.random() < 0.2
        self._may_delete = dice.random() < 0.25
        self._is_deleted = False
        self.is_there = True

    @property
    def stays(self) -> bool:
        """Whether nothing will change it when all have had enough: neither a time limit nor a deletion."""
        return not self._is_limited and not self._may_delete

    async def create(self) -> None:
        """Some create it at the same time, each until it is told of it."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._dice.randint(1, 3)):
                group.create_task(self._create())

    async def act(self) -> None:
        """All that they do, until they have had enough or the execution is gone."""
        async with asyncio.TaskGroup() as group:
            callers = self._dice.randint(*CALLERS)
            for _ in range(callers):
                group.create_task(self._act(self._dice.randint(*CALLS) // callers))

    async def create_by(self, caller: Caller) -> None:
        """Create it by one caller, whose server then knows it and needs not read it."""
        while not self.history.id:
            await self._recorder.call(self.history, self._creation(1), caller)

    async def outlive(self, swallowed: Caller, well: Caller) -> None:
        """Start it by a caller that gets no answer, then let another read it until the start may not come any more."""
        wish = self._wish("start")
        await self._recorder.call(self.history, wish, swallowed)
        over = max(call.until for call in self.history.calls)
        while asyncio.get_running_loop().time() <= over:
            await asyncio.sleep(0.2)
            await self.look(well)

    async def look(self, caller: Caller | None = None) -> None:
        """Read it until that is answered."""
        answer = None
        while answer is None:
            answer = (await self._recorder.call(self.history, self._wish("get"), caller)).answer
        self.is_there = not answer.reason

    async def _create(self) -> None:
        wish = self._creation(1)
        while await self._ask(wish) is None:
            if self._dice.random() < 0.3:
                wish = self._creation(1)  # somebody who does not know that it may be a repeat

    async def _act(self, calls: int) -> None:
        for _ in range(calls):
            if self._is_deleted and self._dice.random() < 0.3:
                return
            if self._dice.random() < (0.7 if self._is_deleted else 0.15):
                await self._ask(self._repeat())
            elif self._dice.random() < 0.03 and not self._may_delete:
                await self._ask(self._creation(self._dice.randint(1, 2)))
            else:
                await self._ask(self._thought())
            if self._dice.random() < 0.1:
                await self._pause()

    async def _ask(self, wish: Wish) -> Answer | None:
        if wish.verb != "get":
            self._asked.append(wish)
        answer = None
        for _ in range(self._dice.choice([1, 3, 3])):  # most callers ask again for what was not answered
            answer = answer or (await self._recorder.call(self.history, wish)).answer
            if answer is None:
                await self._pause()
        if answer is None:
            return None
        if wish.is_reported and self._dice.random() < 0.25:  # as if the acknowledgement had been lost
            await self._recorder.call(self.history, wish)
        if wish.verb == "delete" and not answer.reason:
            self._is_deleted = True
        if (answer.revision or 0) >= (self._seen.revision or 0):
            self._seen = answer
        return answer

    async def _pause(self) -> None:
        await asyncio.sleep(self._dice.uniform(0.01, 0.15))

    def _repeat(self) -> Wish:
        """What somebody has asked for already, perhaps still waits for."""
        known = [one for one in self._asked if one.verb != "create" or not self._may_delete]
        if self._is_deleted and self._dice.random() < 0.7:
            known = [one for one in known if one.verb == "delete"]
        return self._dice.choice(known) if known else self._wish("get")

    def _creation(self, payload: int) -> Wish:
        limit = {"timeout_ms": LIMIT_MS} if self._is_limited else {}
        return self._wish("create", payload=payload, **limit)

    def _thought(self) -> Wish:
        """What a caller wants who believes the execution to be as it was last seen."""
        habits = HABITS[self._seen.status or "pending"]
        (verb,) = self._dice.choices([*habits], [*habits.values()])
        if verb == "delete" and not self._may_delete:
            verb = "get"
        match verb:
            case "save_checkpoints":
                value = self._dice.choice([None, None, *map(float, range(3))])
                return self._wish(verb, checkpoints={self._dice.choice("abc"): value})
            case "fail":
                return self._wish(verb, retryable=self._dice.random() < 0.8)
            case "retry":
                return self._wish(verb, additional_attempts=self._dice.choice([0, 1, 1]))
            case "update":
                return self._wish(verb, labels={"by": str(self._dice.randint(1, 9))})
            case "delete":
                return self._wish(verb, force=self._dice.random() < 0.5)
            case _:
                return self._wish(verb)

    def _wish(self, verb: str, **arguments: Any) -> Wish:
        attempt = expected = None
        if verb in OF_ATTEMPTS and self._dice.random() < 0.6:
            attempt = max(1, (self._seen.attempts or 0) - (self._dice.random() < 0.2))
        if verb not in ("create", "get") and self._dice.random() < 0.1:
            expected = self._seen.revision
        may_be_reported = verb in REPORTS and attempt is not None and expected is None
        key = self.history.key
        request_id = f"{key} {next(self._numbers)}"
        return Wish(
            verb=verb,
            id=self.history.id,
            key=key,
            request_id=request_id,
            arguments=arguments,
            attempt=attempt,
            expected_revision=expected,
            is_reported=may_be_reported and self._dice.random() < 0.7,
        )
