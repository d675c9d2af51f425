"""
Whether a history can be explained: whether there is one order of its calls, each at a moment between its beginning and
its end, in which each answer is what the contract says.

The calls are gone through in the order of time, with a state that the execution may be in and the open calls that have
taken effect in it ("just-in-time linearization", after Gavin Lowe, *Testing for linearizability*, 2017). A call takes
effect when another one's answer asks for it, or at its own end at the latest; a state in which its answer can't be
explained is given up for another one. A call without an answer may have taken effect or not: that it has not is gone on
with first, as after a long outage there are many such calls, and more orders of them than can be looked at.

An unlucky choice at the beginning may only show at the end, behind more states than can be looked at. So after a while
all is begun anew, with the calls in another order and with effects first that are drawn by lot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from random import Random
from typing import Final, NamedTuple

from tests.faults.histories.contract import Call, State, outcomes

TRIES: Final = 50
MOST_STATES: Final = 20_000
"""How many may be looked at in one try. A history that no try comes to an end with is undecided."""

ALWAYS_CHANGE: Final = frozenset({"start", "complete", "time_out", "fail", "save_checkpoints", "update"})
"""The verbs that tell of a revision only where they have made it."""


class Verdict(NamedTuple):
    """
    Attributes:
        kind: "explained", "violation" or "undecided".
        at: the number of the call whose answer nothing explains.
    """

    kind: str
    at: int | None = None


class _Exhausted(Exception):
    """There are more states than may be looked at in one try."""


class _Config(NamedTuple):
    """A state that the execution may be in, and the open calls that have taken effect in it."""

    state: State
    applied: frozenset[int]


class _End(NamedTuple):
    """
    The end of a call.

    Attributes:
        number: the call's.
        open: the numbers of the calls that had begun by then and not ended, its own among them.
        ceiling: the most that the revision may be by then, by what those told which had not begun: a state beyond it
            explains nothing.
    """

    number: int
    open: frozenset[int]
    ceiling: float


class _Judge:
    def __init__(self, calls: Sequence[Call], hopes: frozenset[int] = frozenset()) -> None:
        """*hopes* are the numbers of calls without an answer that are taken to have had an effect, first."""
        self._hopes = hopes
        self._calls = _unnamed(calls)
        # A repeat may tell of the past: it bounds only what was before the first of those that ask for the same.
        self._most_before = [inf if call.request else _most_before(call) for call in self._calls]
        self._ceilings = _ceilings(self._calls)
        self._looked_at = 0

    def verdict(self) -> Verdict:
        """
        From end to end by one way, and back to where there is another one whenever it leads no further.

        Ways that were found to lead no further are not gone again, so that all are seen before it is a violation.
        """
        ends = self._ends()
        furthest, seen = 0, set()
        ways: list[Iterator[_Config]] = [iter([_Config(State(), frozenset())])]  # to each end that was passed
        while ways:
            config = next(ways[-1], None)
            passed = len(ways) - 1
            if config is None:
                ways.pop()
            elif passed == len(ends):
                return Verdict("explained")
            elif (passed, config) not in seen:
                seen.add((passed, config))
                furthest = max(furthest, passed)
                ways.append(self._beyond(ends[passed], config))
        return Verdict("violation", ends[furthest].number)

    def _ends(self) -> list[_End]:
        """In the order of time."""
        moments = [(call.invoked, False, number) for number, call in enumerate(self._calls)]
        moments += [(call.until, True, number) for number, call in enumerate(self._calls)]
        moments.sort()  # at the same moment beginnings come first: more is explained
        ceilings = [inf]
        for _, is_end, number in reversed(moments[1:]):
            ceilings.append(ceilings[-1] if is_end else min(ceilings[-1], self._ceilings[number]))
        ends, under_way = [], set[int]()
        for (_, is_end, number), ceiling in zip(moments, reversed(ceilings), strict=True):
            if is_end:
                ends.append(_End(number, frozenset(under_way), ceiling))
                under_way.discard(number)
            else:
                under_way.add(number)
        return ends

    def _beyond(self, end: _End, config: _Config) -> Iterator[_Config]:
        """All that the config may have become when the call ends."""
        number = end.number
        is_lost = self._calls[number].answer is None
        if is_lost and number not in self._hopes:
            yield config  # it had no effect, if it had none by now
        ahead, seen = [config], {config}
        while ahead:
            one = ahead.pop()
            if number in one.applied:
                yield _Config(one.state, one.applied - {number})
                continue
            for following in self._following(end, one):
                if following not in seen:
                    seen.add(following)
                    ahead.append(following)
        if is_lost and number in self._hopes:
            yield config

    def _following(self, end: _End, config: _Config) -> Iterator[_Config]:
        """
        What one more call taking effect makes of it.

        An answer that fits and changes nothing may as well be given now, whatever comes after: then that alone is gone
        on with. What time brings is not lost by it, as each call that needs it brings it.
        """
        changed = []
        for number, after in self._effects(end, config):
            following = _Config(after, config.applied | {number})
            if after == config.state:
                yield following
                return
            changed.append(following)
        yield from changed

    def _effects(self, end: _End, config: _Config) -> Iterator[tuple[int, State]]:
        """Each open call that may take effect now, with what it leads to."""
        waiting = end.open - config.applied
        for number in self._distinct(waiting):
            self._looked_at += 1
            if self._looked_at > MOST_STATES:
                raise _Exhausted
            call = self._calls[number]
            told = min((self._most_before[other] for other in waiting if other != number), default=inf)
            for answer, after in outcomes(config.state, call):
                # Without an answer and without an effect it is as if it had never been.
                fits = answer.fits(call.answer) if call.answer is not None else after != config.state
                if fits and after.revision <= min(told, end.ceiling):
                    yield number, after

    def _distinct(self, numbers: Iterable[int]) -> Iterator[int]:
        """Of calls without an answer that ask for the same only the one that ends first: they lead to the same."""
        lost: dict[tuple[object, ...], int] = {}
        for number in numbers:
            call = self._calls[number]
            if call.answer is not None:
                yield number
                continue
            wanted = (call.request, call.verb, str(call.arguments), call.attempt, call.expected_revision)
            other = lost.setdefault(wanted, number)
            if call.until < self._calls[other].until:
                lost[wanted] = number
        yield from lost.values()


def _most_before(call: Call) -> float:
    """The most that the revision may have been before the call took effect, by what it told."""
    if call.answer is None or call.answer.revision is None:
        return inf
    return call.answer.revision - (call.verb in ALWAYS_CHANGE)


def _ceilings(calls: Sequence[Call]) -> list[float]:
    """The most that the revision may have been before each call began: told by it, or by any repeat of it."""
    first: dict[object, int] = {}
    ceilings = [inf] * len(calls)
    for number in sorted(range(len(calls)), key=lambda number: calls[number].invoked):
        call = calls[number]
        began = first.setdefault(call.request or number, number)
        ceilings[began] = min(ceilings[began], _most_before(call))
    return ceilings


def _unnamed(calls: Sequence[Call]) -> list[Call]:
    """The calls, without the names of requests that nobody has repeated: more states are the same then."""
    times = Counter(call.request for call in calls)
    return [replace(call, request_id="") if times[call.request] == 1 else call for call in calls]


def _earlier_tries(calls: Sequence[Call]) -> Iterator[Call]:
    """
    What each answered call's server may have done for it before the try that it tells of.

    A server repeats its request to the store when the answer is lost, as its callers do: under the call's name, and
    while it lasts. What others have done between the two tries is then seen by the second, as by any repeat. A repeat
    without an answer that has been under way all the while may be taken for the earlier try.
    """
    lost = [call for call in calls if call.answer is None]
    for call in calls:
        if call.answer is None or call.verb == "get" or not call.request:
            continue
        if not any(
            other.request == call.request and other.invoked <= call.invoked and call.until <= other.until
            for other in lost
        ):
            yield replace(call, answer=None)


def judge(calls: Sequence[Call]) -> Verdict:
    """Whether the calls on one execution can be explained."""
    numbers = range(len(calls))
    for seed in range(TRIES):
        dice = Random(seed)
        order = dice.sample(numbers, len(numbers)) if seed else [*numbers]
        hopes = frozenset(number for number in numbers if seed and dice.random() < 0.5)
        with suppress(_Exhausted):
            kind, at = _judged([calls[number] for number in order], hopes)
            return Verdict(kind, None if at is None else order[at])
    return Verdict("undecided")


def _judged(calls: Sequence[Call], hopes: frozenset[int]) -> Verdict:
    """The verdict of one try; with earlier tries of the servers only if it is not explained without."""
    verdict = _Judge(calls, hopes).verdict()
    if verdict.kind == "violation":
        again = _Judge([*calls, *_earlier_tries(calls)], hopes).verdict()
        return again if again.kind == "explained" else verdict
    return verdict
