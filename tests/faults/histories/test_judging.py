"""A judge who explains everything would pass every run: histories that are good, and what makes them bad."""

from __future__ import annotations

import random
from itertools import count
from typing import Any, Final

import pytest

from tests.faults.histories import judging
from tests.faults.histories.contract import Answer, Call
from tests.faults.histories.judging import judge

CREATED: Final = Answer("", "pending", 0, 1, created=True, checkpoints=())
NEVER: Final = 1_000.0
NUMBERS: Final = count()


def call(verb: str, invoked: float, until: float, answer: Answer | None, **more: Any) -> Call:
    arguments = {"payload": 1} if verb == "create" else {}
    arguments |= {name: more.pop(name) for name in [*more] if name not in Call.__dataclass_fields__}
    more.setdefault("request_id", f"nobody else's {next(NUMBERS)}")
    return Call(verb=verb, invoked=invoked, until=until, answer=answer, arguments=arguments, **more)


def told(status: str, attempts: int, revision: int, **more: Any) -> Answer:
    return Answer("", status, attempts, revision, **more)


CREATE: Final = call("create", 0, 1, CREATED)
START: Final = call("start", 2, 3, told("running", 1, 2))
REFUSED: Final = Answer("INVALID_STATE_TRANSITION")

EXPLAINED: Final = {
    "one after the other": [CREATE, START, call("complete", 4, 5, told("completed", 1, 3))],
    "of two at once one wins": [CREATE, START, call("start", 2, 3, REFUSED)],
    "in the order that the answers tell": [
        CREATE,
        call("fail", 2, 9, told("retrying", 1, 3), retryable=True),
        call("start", 3, 9, told("running", 1, 2)),
    ],
    "a lost answer to what took effect": [CREATE, call("start", 2, 9, None), call("get", 4, 5, START.answer)],
    "a lost answer to what did not": [CREATE, call("start", 2, 9, None), call("get", 4, 5, CREATED)],
    "late, but in time": [
        CREATE,
        call("start", 2, 9, None),
        call("get", 4, 5, told("pending", 0, 1)),
        call("get", 6, 7, START.answer),
    ],
    "a repeat is answered as the first": [
        CREATE,
        call("start", 2, 3, told("running", 1, 2), request_id="r"),
        call("cancel", 4, 5, told("cancelled", 1, 3)),
        call("start", 6, 7, told("running", 1, 2), request_id="r"),
    ],
    "two creations with one key": [CREATE, call("create", 2, 3, told("pending", 0, 1, created=False))],
    "a limit comes true": [
        call("create", 0, 1, CREATED, timeout_ms=5),
        START,
        call("complete", 4, 5, REFUSED),
        call("get", 6, 7, told("timed_out", 1, 3)),
    ],
    "an earlier try of a repetition that finds nothing": [
        CREATE,
        call("start", 2, NEVER, None, request_id="s"),
        call("get", 3, 4, told("running", 1, 2)),
        call("delete", 4, 5, Answer(), force=True),
        call("start", 2, 6, Answer("EXECUTION_NOT_FOUND"), request_id="s"),
    ],
    "a try of the server's that finds another's checkpoint": [
        CREATE,
        call("start", 2, 9, told("running", 1, 2, checkpoints=(("a", 1.0),))),
        call("get", 3, 4, told("running", 1, 2, checkpoints=())),
        call("save_checkpoints", 5, 6, told("running", 1, 3), checkpoints={"a": 1.0}),
    ],
    "a try of the server's, and a lost repeat that came later": [
        CREATE,
        call("start", 2, 9, told("running", 1, 2, checkpoints=(("a", 1.0),)), request_id="s"),
        call("get", 3, 4, told("running", 1, 2, checkpoints=())),
        call("save_checkpoints", 5, 6, told("running", 1, 3), checkpoints={"a": 1.0}),
        call("start", 10, NEVER, None, request_id="s"),
    ],
    "a try of the server's that finds nothing any more": [
        CREATE,
        START,
        call("time_out", 4, 9, Answer("EXECUTION_NOT_FOUND"), attempt=1),
        call("delete", 6, 7, Answer()),
    ],
    "deleted once": [
        CREATE,
        call("delete", 2, 3, Answer(), request_id="d"),
        call("delete", 4, 5, Answer(), request_id="d"),
        call("delete", 6, 7, Answer("EXECUTION_NOT_FOUND"), request_id="other"),
    ],
}
VIOLATIONS: Final = {
    "two starts both win": [CREATE, START, call("start", 2, 3, told("running", 1, 2))],
    "an answer of the past": [CREATE, START, call("get", 4, 5, told("pending", 0, 1))],
    "an answer of the future": [CREATE, START, call("get", 1.2, 1.5, START.answer)],
    "an acknowledged change is lost": [CREATE, START, call("start", 4, 5, told("running", 1, 2))],
    "a repeat takes effect again": [
        CREATE,
        call("start", 2, 3, told("running", 1, 2), request_id="r"),
        call("fail", 4, 5, told("retrying", 1, 3), retryable=True),
        call("start", 6, 7, told("running", 2, 4), request_id="r"),
    ],
    "a lost call takes effect twice": [
        CREATE,
        call("start", 2, 9, None),
        call("fail", 4, 5, told("retrying", 1, 3), retryable=True),
        call("get", 6, 7, told("running", 2, 4)),
    ],
    "a lost call takes effect too late": [
        CREATE,
        call("start", 2, 5, None),
        call("get", 6, 7, told("pending", 0, 1)),
        call("get", 8, 9, START.answer),
    ],
    "a stale attempt is taken": [
        CREATE,
        START,
        call("fail", 4, 5, told("retrying", 1, 3), retryable=True),
        call("start", 6, 7, told("running", 2, 4)),
        call("complete", 8, 9, told("completed", 2, 5), attempt=1),
    ],
    "one too many attempts": [
        CREATE,
        *(
            one
            for number in range(3)
            for one in (
                call("start", 4 * number + 2, 4 * number + 3, told("running", number + 1, 2 * number + 2)),
                call(
                    "fail",
                    4 * number + 4,
                    4 * number + 5,
                    told("retrying", number + 1, 2 * number + 3),
                    retryable=True,
                ),
            )
        ),
    ],
    "a refusal without a reason": [CREATE, call("start", 2, 3, REFUSED)],
    "a checkpoint is gone": [
        CREATE,
        START,
        call("save_checkpoints", 4, 5, told("running", 1, 3), checkpoints={"a": 1.0}),
        call("get", 6, 7, told("running", 1, 3, checkpoints=())),
    ],
    "a checkpoint that nobody saved": [
        CREATE,
        call("start", 2, 4, told("running", 1, 2, checkpoints=(("a", 1.0),))),
    ],
    "what took effect is refused": [
        CREATE,
        START,
        call("complete", 4, 9, None),
        call("time_out", 4, 9, REFUSED, attempt=None),
        call("get", 10, 11, told("timed_out", 1, 3)),
    ],
    "an active execution is deleted": [CREATE, START, call("delete", 4, 5, Answer())],
    "an execution comes back": [
        CREATE,
        call("delete", 2, 3, Answer()),
        call("get", 4, 5, told("pending", 0, 1)),
    ],
    "two creations both create": [CREATE, call("create", 0, 1, CREATED, request_id="other")],
    "a limit where there is none": [CREATE, START, call("get", 4, 5, told("timed_out", 1, 3))],
}


@pytest.mark.parametrize("history", EXPLAINED.values(), ids=EXPLAINED)
def test_what_the_contract_allows_is_explained(history: list[Call]) -> None:
    """Whatever the order in which the calls were noted."""
    for seed in range(5):
        assert judge(random.Random(seed).sample(history, len(history))).kind == "explained"


@pytest.mark.parametrize("history", VIOLATIONS.values(), ids=VIOLATIONS)
def test_what_it_does_not_is_a_violation(history: list[Call]) -> None:
    """And nothing else is: without its last call each of these may have happened."""
    assert judge(history[:-1]).kind == "explained"
    assert judge(history).kind == "violation"


def test_calls_that_change_nothing_are_not_tried_in_every_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty at once have more orders than anybody could look at."""
    monkeypatch.setattr(judging, "MOST_STATES", 2_000)
    refused = [call("complete", 2, 9, REFUSED) for _ in range(30)]
    assert judge([CREATE, *refused, call("start", 3, 8, told("running", 1, 2))]).kind == "explained"


def test_of_many_lost_calls_not_every_order_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage nothing told of the revision until the end: any of them may have come true, in any order."""
    monkeypatch.setattr(judging, "MOST_STATES", 2_000)
    lost = [call("update", 2, 90, None, request_id=str(number // 2)) for number in range(30)]
    end = [call("delete", 60, 70, Answer()), call("get", 80, 85, Answer("EXECUTION_NOT_FOUND"))]
    assert judge([CREATE, *lost, *end]).kind == "explained"


@pytest.mark.parametrize("seed", range(5))
def test_what_is_told_at_the_end_of_an_outage_bounds_what_may_have_come_true(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Also what a repeat tells: of forty lost calls one came true, whichever, and then the one that was repeated."""
    monkeypatch.setattr(judging, "MOST_STATES", 2_000)
    saved = [call("save_checkpoints", n, n + 5, None, attempt=1, checkpoints={"a": n}) for n in range(4, 44)]
    last = [call("fail", 50 + n, NEVER, None, attempt=1, retryable=True, request_id="last") for n in range(5)]
    end = call("fail", 60, 61, told("retrying", 1, 4), attempt=1, retryable=True, request_id="last")
    start = call("start", 62, 63, told("running", 2, 5, checkpoints=(("a", 23),)))
    history = [CREATE, START, *saved, *last, end, start]
    assert judge(random.Random(seed).sample(history, len(history))).kind == "explained"


def test_an_unlucky_beginning_is_not_gone_on_with_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """That a lost call must have come true shows at the end only, behind all that others may have done since."""
    saved = [call("save_checkpoints", 10, 60 + n, None, checkpoints={"a": float(n)}) for n in range(20)]
    gone = call("get", 99, 100, Answer("EXECUTION_NOT_FOUND"))
    history = [CREATE, START, call("delete", 4, 9, None, force=True), *saved, gone]
    assert judge(history).kind == "explained"

    monkeypatch.setattr(judging, "TRIES", 1)
    assert judge(history).kind == "undecided"


def test_what_takes_too_long_is_undecided_and_not_good(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run with such a history has proven nothing about it."""
    monkeypatch.setattr(judging, "MOST_STATES", 50)
    lost = [call("update", 2, NEVER, None, request_id=str(number)) for number in range(30)]
    read = call("get", 3, 4, told("pending", 0, 31))
    assert judge([CREATE, *lost, read]).kind == "undecided"
