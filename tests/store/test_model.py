"""
The memory store, a Redis store and an independent model are driven in step, and must answer alike whatever is asked.

The two stores must answer with the same record to the last field; the model with what the contract says. A failure
prints the shortest sequence of calls that shows it, and the seed, which the variable MODEL_SEED repeats.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
from collections.abc import Iterator
from typing import Any, Final

import pytest
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionStatus, Progress
from execution_server.domain import transitions
from execution_server.domain.status import STATUSES
from execution_server.store.port import Query
from google.protobuf.struct_pb2 import Value
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from tests import servers
from tests.store import model
from tests.store.in_step import MISSING, InStep, value

SEED: Final = int(os.environ.get("MODEL_SEED") or secrets.randbits(32))
SETTINGS: Final = settings(
    max_examples=40,
    stateful_step_count=40,
    derandomize=False,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
GOING_ON: Final = {
    "pending": ["start"],
    "running": ["fail", "report", "fail", "time passes", "complete", "report"],
    "failed": ["retry"],
    "timed_out": ["retry"],
    "retrying": ["start", "start", "fail", "retry"],
}
"""Calls that each status allows."""
NO_TERMS: Final[dict[str, Any]] = {"revision": None, "attempt": None}

Json = st.SearchStrategy[Any]

numbers = st.sampled_from([*range(5)] * 5 + [MISSING])
"""Of those that were created, counted on from the first where there are fewer."""
request_ids = st.sampled_from(["", "", "", "r1", "r2"])
offsets = st.sampled_from([None] * 8 + [0, 0, -1])
"""Which revision or attempt to expect: none, or how far from the right one."""
payloads: Json = st.sampled_from([None, "text", {"a": [1.5, None, {}], "b": ""}])
metadatas: Json = st.dictionaries(
    st.sampled_from(["m", "n"]), st.sampled_from([True, "x", {"deep": [1.0]}]), max_size=2
)
labels = st.dictionaries(st.sampled_from(["l", "k"]), st.sampled_from(["1", "2"]), max_size=2)
checkpoints: Json = st.dictionaries(
    st.sampled_from("abc"), st.sampled_from([None, 1.0, "text", {"x": []}]), max_size=2
)
progresses = st.none() | st.tuples(st.integers(0, 7), st.integers(0, 6))
timeouts = st.sampled_from([None, 1_500, 4_000])
errors: Json = st.fixed_dictionaries(
    {
        "message": st.sampled_from(["no", "bad"]),
        "stack": st.sampled_from(["", "line"]),
        "retryable": st.booleans(),
    }
)
changed_fields: Json = st.fixed_dictionaries(
    {},
    optional={
        "metadata": metadatas,
        "labels": labels,
        "max_attempts": st.integers(1, 3),
        "timeout_ms": timeouts,
    },
)


class Machine(InStep):
    """The calls."""

    @initialize(max_attempts=st.integers(1, 3), timeout_ms=timeouts)
    def begin(self, max_attempts: int, timeout_ms: int | None) -> None:
        """Most calls need an execution to be of interest."""
        plain = {"payload": "text", "key": "", "metadata": {}, "labels": {"l": "1"}}
        for parent in "", "p":
            self.create_everywhere(
                "a", "", max_attempts=max_attempts, timeout_ms=timeout_ms, parent=parent, **plain
            )

    @rule(seconds=st.sampled_from([0.5, 1, 3]))
    def time_passes(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    @rule(
        type_=st.sampled_from("ab"),
        payload=payloads,
        key=st.sampled_from(["", "", "k1", "k2"]),
        parent=st.sampled_from(["", "p"]),
        max_attempts=st.integers(1, 3),
        timeout_ms=timeouts,
        metadata=metadatas,
        labels=labels,
        request_id=request_ids,
    )
    def create(self, type_: str, request_id: str, **fields: Any) -> None:
        self.create_everywhere(type_, request_id, **fields)

    @rule(
        number=numbers,
        choices=st.lists(st.integers(0, 5), min_size=2, max_size=6),
        error=errors,
        saved=checkpoints,
        request_id=request_ids,
    )
    def go_on(self, number: int, choices: list[int], error: Any, saved: Any, request_id: str) -> None:
        """Several calls that the status allows, since most that are drawn at random are refused."""
        number = self.number(number)
        for choice in choices:
            row = self.model.rows.get(number)
            if row is None or row.status not in GOING_ON:
                return
            allowed = GOING_ON[row.status]
            match allowed[choice % len(allowed)]:
                case "start":
                    self.start(number, request_id, **NO_TERMS)
                case "report":
                    self.report(number, (choice, 5), saved, request_id, **NO_TERMS)
                case "fail":
                    running = row.status == "running"
                    sent = {
                        **error,
                        "retryable": choice > 1 and running,
                        "stack": error["stack"] if running else "",
                    }
                    self.fail(number, sent, (None, 0, 2_000)[choice % 3], {}, request_id, **NO_TERMS)
                case "retry":
                    self.retry(number, choice % 2, request_id, **NO_TERMS)
                case "complete":
                    self.complete(number, "done", None, saved, request_id, **NO_TERMS)
                case "time passes":
                    self.time_passes(1.5)

    @rule(number=numbers, request_id=request_ids, revision=offsets, attempt=offsets)
    def start(self, number: int, request_id: str, revision: int | None, attempt: int | None) -> None:
        self.change_everywhere(
            number,
            "start",
            lambda record, now_ms: transitions.start(record, now_ms=now_ms),
            model.start,
            request_id=request_id,
            revision=revision,
            attempt=attempt,
        )

    @rule(
        number=numbers,
        result=payloads,
        progress=progresses,
        saved=checkpoints,
        request_id=request_ids,
        revision=offsets,
        attempt=offsets,
    )
    def complete(
        self, number: int, result: Any, progress: Any, saved: Any, request_id: str, **terms: Any
    ) -> None:
        def decide(record: Execution, now_ms: int) -> Execution:
            sent = None if result is None else value(result)
            return transitions.complete(record, sent, reported(progress), values(saved), now_ms=now_ms)

        def verb(row: model.Row, now_ms: int) -> None:
            model.complete(row, now_ms, result, progress, saved)

        self.change_everywhere(number, "complete", decide, verb, request_id=request_id, **terms)

    @rule(
        number=numbers,
        error=errors,
        delay_ms=st.sampled_from([None, 0, 2_000]),
        saved=checkpoints,
        request_id=request_ids,
        revision=offsets,
        attempt=offsets,
    )
    def fail(
        self, number: int, error: Any, delay_ms: int | None, saved: Any, request_id: str, **terms: Any
    ) -> None:
        sent = ExecutionError(**error)
        if delay_ms is not None:
            sent.retry_delay.FromMilliseconds(delay_ms)

        def decide(record: Execution, now_ms: int) -> Execution:
            return transitions.fail(record, sent, checkpoints=values(saved), now_ms=now_ms)

        def verb(row: model.Row, now_ms: int) -> None:
            model.fail(row, now_ms, error, delay_ms, saved)

        self.change_everywhere(number, "fail", decide, verb, request_id=request_id, **terms)

    @rule(
        number=numbers,
        additional=st.integers(0, 2),
        request_id=request_ids,
        revision=offsets,
        attempt=offsets,
    )
    def retry(self, number: int, additional: int, request_id: str, **terms: Any) -> None:
        self.change_everywhere(
            number,
            "retry",
            lambda record, now_ms: transitions.retry(record, additional, now_ms=now_ms),
            lambda row, now_ms: model.retry(row, now_ms, additional),
            request_id=request_id,
            **terms,
        )

    @rule(
        number=numbers,
        reason=st.sampled_from(["", "why"]),
        request_id=request_ids,
        revision=offsets,
        attempt=offsets,
    )
    def cancel(self, number: int, reason: str, request_id: str, **terms: Any) -> None:
        self.change_everywhere(
            number,
            "cancel",
            lambda record, now_ms: transitions.cancel(record, reason, now_ms=now_ms),
            lambda row, now_ms: model.cancel(row, now_ms, reason),
            request_id=request_id,
            **terms,
        )

    @rule(number=numbers, request_id=request_ids, revision=offsets, attempt=offsets)
    def time_out(self, number: int, request_id: str, revision: int | None, attempt: int | None) -> None:
        self.change_everywhere(
            number,
            "time_out",
            lambda record, now_ms: transitions.time_out(record, now_ms=now_ms),
            model.time_out,
            request_id=request_id,
            revision=revision,
            attempt=attempt,
        )

    @rule(
        number=numbers,
        progress=progresses,
        saved=checkpoints,
        request_id=request_ids,
        revision=offsets,
        attempt=offsets,
    )
    def report(self, number: int, progress: Any, saved: Any, request_id: str, **terms: Any) -> None:
        def decide(record: Execution, now_ms: int) -> Execution:
            return transitions.save_checkpoint(record, values(saved), reported(progress), now_ms=now_ms)

        def verb(row: model.Row, now_ms: int) -> None:
            model.report(row, now_ms, progress, saved)

        self.change_everywhere(number, "report", decide, verb, request_id=request_id, **terms)

    @rule(number=numbers, fields=changed_fields, request_id=request_ids, revision=offsets, attempt=offsets)
    def update(self, number: int, fields: dict[str, Any], request_id: str, **terms: Any) -> None:
        sent = Execution(labels=fields.get("labels"), max_attempts=fields.get("max_attempts", 0))
        if fields.get("metadata"):
            sent.metadata.update(fields["metadata"])
        if fields.get("timeout_ms") is not None:
            sent.timeout.FromMilliseconds(fields["timeout_ms"])
        mask = [name.removesuffix("_ms") for name in fields]
        self.change_everywhere(
            number,
            "update",
            lambda record, now_ms: transitions.update(record, sent, mask, now_ms=now_ms),
            lambda row, now_ms: model.update(row, now_ms, fields),
            request_id=request_id,
            whole=True,
            **terms,
        )

    @rule(
        number=numbers, force=st.sampled_from([False, False, True]), request_id=request_ids, revision=offsets
    )
    def delete(self, number: int, force: bool, request_id: str, revision: int | None) -> None:
        self.delete_everywhere(number, force, request_id, revision)

    @rule(
        statuses=st.lists(st.sampled_from(STATUSES), min_size=1, unique=True) | st.just([*STATUSES]),
        types=st.lists(st.sampled_from("abc"), unique=True),
        parent=st.sampled_from(["", "p", "q"]),
        from_ms=st.none() | st.integers(-5_000, 0),
        before_ms=st.none() | st.integers(-5_000, 1),
        newest_first=st.booleans(),
        limit=st.integers(1, 3),
        key=st.sampled_from(["k1", "k2"]),
    )
    def look(
        self,
        statuses: list[ExecutionStatus],
        types: list[str],
        parent: str,
        from_ms: int | None,
        before_ms: int | None,
        newest_first: bool,
        limit: int,
        key: str,
    ) -> None:
        query = Query(
            statuses=tuple(statuses),
            types=tuple(types),
            parent_id=parent,
            created_from_ms=None if from_ms is None else self.now_ms + from_ms,
            created_before_ms=None if before_ms is None else self.now_ms + before_ms,
            newest_first=newest_first,
        )
        self.look_everywhere(query, limit)
        self.get_by_key_everywhere(key)

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        for number in range(self.model.count):
            self.get_everywhere(number)


def reported(progress: tuple[int, int] | None) -> Progress | None:
    return None if progress is None else Progress(current=progress[0], total=progress[1])


def values(saved: dict[str, Any]) -> dict[str, Value]:
    return {key: value(kept) for key, kept in saved.items()}


@pytest.fixture(scope="module")
def kinds() -> Iterator[Iterator[servers.Server]]:
    """The servers that are here, one after the other and over again."""
    here = [servers.Server(kind) for kind in servers.KINDS if servers.binary(kind)]
    yield itertools.cycle(here)
    for server in here:
        server.stop()


def test_stores_and_model_answer_alike(kinds: Iterator[servers.Server]) -> None:
    """What one store does differently, or both and not the contract, is found here."""
    print(f"MODEL_SEED={SEED}")
    with asyncio.Runner() as runner:

        @seed(SEED)
        def machine() -> Machine:
            return Machine(runner, next(kinds))

        run_state_machine_as_test(machine, settings=SETTINGS)  # type: ignore[arg-type]  # any factory will do
    assert InStep.changes > SETTINGS.max_examples, "a run in which hardly anything happens shows nothing"
