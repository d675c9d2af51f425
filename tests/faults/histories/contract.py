"""
What the contract says of one execution, as values: what a call may answer in a state, and the state that it leads to.

Nothing of the server's code is used, and less than the whole contract is told: what many callers at once can get wrong.
A time limit of the execution may come true at any moment; whether it came early is judged by the times in its history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

REMEMBERED: Final = 8
"""How many of the newest requests an execution knows again."""
MAX_ATTEMPTS: Final = 3
"""Of each execution at first."""
OF_ATTEMPTS: Final = ("complete", "fail", "time_out", "save_checkpoints")
"""The verbs that an attempt's number may come with."""

Checkpoints = tuple[tuple[str, float], ...]
"""By key, in the order of the keys."""


class Answer(NamedTuple):
    """What a caller is told; None where it is told nothing of it."""

    reason: str = ""
    """Why the call was refused."""
    status: str | None = None
    attempts: int | None = None
    revision: int | None = None
    created: bool | None = None
    checkpoints: Checkpoints | None = None

    def fits(self, told: Answer) -> bool:
        """Whether a caller may have been *told* this."""
        return all(
            one is None or other is None or one == other for one, other in zip(self, told, strict=True)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """
    What a caller asked for, and what became of it. Times are seconds on one clock.

    Attributes:
        until: when it was answered; without an answer, the last moment at which it may have taken effect.
        answer: None if there was none: it took effect once or not at all.
    """

    verb: str
    request_id: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    attempt: int | None = None
    expected_revision: int | None = None
    by: str = ""
    invoked: float
    until: float
    answer: Answer | None

    @property
    def request(self) -> str:
        """What its repeats have in common; "" if it has none."""
        return f"{self.verb} {self.request_id}" if self.request_id else ""


class State(NamedTuple):
    """An execution. ``status`` is "" before its creation and "deleted" in the end."""

    status: str = ""
    attempts: int = 0
    max_attempts: int = MAX_ATTEMPTS
    revision: int = 0
    payload: int = 0
    is_limited: bool = False
    """Whether the attempt may take so long and no longer."""
    backs_off: bool = False
    checkpoints: Checkpoints = ()
    requests: tuple[tuple[str, Answer], ...] = ()
    deleted_by: str = ""

    def now(self, **more: Any) -> Answer:
        return Answer("", self.status, self.attempts, self.revision, **more)

    def changed(self, **fields: Any) -> State:
        return self._replace(revision=self.revision + 1, **fields)

    def first_answer(self, request: str) -> Answer | None:
        """What the request was answered with, if it is remembered."""
        return next((answer for known, answer in self.requests if request and known == request), None)

    def remembering(self, request: str) -> State:
        answer = self.now() if request else Answer()
        return self._replace(requests=(*self.requests, (request, answer))[-REMEMBERED:])


def outcomes(state: State, call: Call) -> Iterator[tuple[Answer, State]]:
    """All that the call may be answered with in this state, each with what it leads to."""
    yield from _outcomes(state, call)
    if state.is_limited and state.status == "running":
        yield from _outcomes(state.changed(status="timed_out"), call)


def _outcomes(state: State, call: Call) -> Iterator[tuple[Answer, State]]:
    """The same if time brings nothing. There is none for a call that needs an id which nobody knows yet."""
    if call.verb == "create":
        yield _create(state, call)
    elif state.status == "deleted":
        again = call.request and state.deleted_by == call.request
        yield Answer() if again else Answer("EXECUTION_NOT_FOUND"), state
    elif state.status:
        first = state.first_answer(call.request)
        yield (_repeated(first, state, call), state) if first is not None else _changed(state, call)


def _repeated(first: Answer, state: State, call: Call) -> Answer:
    """A repeat's answer: status, attempts and revision of the first, and the checkpoints that there are."""
    return first._replace(checkpoints=state.checkpoints) if call.verb == "start" else first


def _create(state: State, call: Call) -> tuple[Answer, State]:
    payload = call.arguments["payload"]
    if state.status == "":
        limited = "timeout_ms" in call.arguments
        made = State("pending", revision=1, payload=payload, is_limited=limited).remembering(call.request)
        return made.now(created=True, checkpoints=()), made
    if payload != state.payload:
        return Answer("IDEMPOTENCY_KEY_REUSED"), state
    first = state.first_answer(call.request)
    if first is not None:
        return first._replace(created=first.revision == 1), state
    return state.now(created=False, checkpoints=state.checkpoints), state


def _changed(state: State, call: Call) -> tuple[Answer, State]:
    """Of what there is, by a request that is new to it."""
    if call.verb == "get":
        return state.now(checkpoints=state.checkpoints), state
    if call.expected_revision not in (None, state.revision):
        return Answer("REVISION_MISMATCH"), state
    if call.attempt is not None and (call.attempt, "running") != (state.attempts, state.status):
        return Answer("ATTEMPT_FENCED"), state
    if call.verb == "delete":
        if state.status in ("running", "retrying") and not call.arguments.get("force"):
            return Answer("EXECUTION_ACTIVE"), state
        return Answer(), state._replace(status="deleted", deleted_by=call.request)
    after = _VERBS[call.verb](state, call.arguments)
    if isinstance(after, str):
        return Answer(after), state
    told = after.checkpoints if call.verb == "start" else None
    return after.now(checkpoints=told), after if after is state else after.remembering(call.request)


def _start(state: State, _: Mapping[str, Any]) -> State | str:
    if state.status not in ("pending", "retrying"):
        return "INVALID_STATE_TRANSITION"
    return state.changed(status="running", attempts=state.attempts + 1, backs_off=False)


def _complete(state: State, _: Mapping[str, Any]) -> State | str:
    return state.changed(status="completed") if state.status == "running" else "INVALID_STATE_TRANSITION"


def _time_out(state: State, _: Mapping[str, Any]) -> State | str:
    return state.changed(status="timed_out") if state.status == "running" else "INVALID_STATE_TRANSITION"


def _fail(state: State, arguments: Mapping[str, Any]) -> State | str:
    retryable = arguments["retryable"]
    if state.status == "retrying" and not retryable:
        return state.changed(status="failed", backs_off=False)
    if state.status != "running":
        return "INVALID_STATE_TRANSITION"
    if retryable and state.attempts < state.max_attempts:
        return state.changed(status="retrying", backs_off=True)
    return state.changed(status="failed")


def _retry(state: State, arguments: Mapping[str, Any]) -> State | str:
    more = arguments["additional_attempts"]
    if state.status not in ("failed", "timed_out", "retrying"):
        return "INVALID_STATE_TRANSITION"
    if state.status == "retrying" and not more and not state.backs_off:
        return state
    if state.attempts >= state.max_attempts + more:
        return "MAX_RETRIES_EXCEEDED"
    return state.changed(status="retrying", backs_off=False, max_attempts=state.max_attempts + more)


def _cancel(state: State, _: Mapping[str, Any]) -> State | str:
    if state.status == "cancelled":
        return state
    if state.status not in ("pending", "running", "retrying"):
        return "INVALID_STATE_TRANSITION"
    return state.changed(status="cancelled", backs_off=False)


def _save_checkpoints(state: State, arguments: Mapping[str, Any]) -> State | str:
    if state.status != "running":
        return "EXECUTION_NOT_RUNNING"
    merged = dict(state.checkpoints) | arguments["checkpoints"]
    kept = tuple(sorted((key, value) for key, value in merged.items() if value is not None))
    return state.changed(checkpoints=kept)


def _update(state: State, _: Mapping[str, Any]) -> State | str:
    """Of the labels, which may change in any status."""
    return state.changed()


_VERBS: Final = {
    "start": _start,
    "complete": _complete,
    "time_out": _time_out,
    "fail": _fail,
    "retry": _retry,
    "cancel": _cancel,
    "save_checkpoints": _save_checkpoints,
    "update": _update,
}
