"""Drives the memory store, a Redis store and the model with the same calls, and compares what they answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from croco.execution.v1.execution_pb2 import Execution, RetryPolicy
from execution_server.domain import status
from execution_server.store import parts
from execution_server.store.memory import MemoryStore
from execution_server.store.port import Part, Query
from execution_server.store.redis import RedisStore, open_store
from execution_server.terms import Decision, Terms
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Value
from hypothesis.stateful import RuleBasedStateMachine

from tests.servers import Server
from tests.store import model
from tests.store.checker import check
from tests.store.driven import Driven, Outcome, expected, row, seen_in

PARTITIONS: Final = 4
MISSING: Final = 1_000
"""The number of an execution that was never created."""
POLICY: Final = RetryPolicy(maximum_interval=Duration(seconds=3), jitter=0)
AS_FIRST: Final = frozenset(
    {"number", "type", "status", "reason", "attempts", "revision", "payload", "key", "parent"}
    | {"started_ms", "completed_ms", "result", "history"}
)
"""What a late repeat is answered with as the first time; the rest may have gone on."""


class InStep(RuleBasedStateMachine):
    """
    The three, in step.

    Attributes:
        changes: how many calls in all runs were not refused.
        model: what must be.
        now_ms: the time of the records, which stands still between calls.
    """

    changes = 0

    def __init__(self, runner: asyncio.Runner, server: Server) -> None:
        super().__init__()
        self.now_ms = 1_700_000_000_000
        self.model = model.Model()
        self._runner, self._server = runner, server
        server.command("FLUSHALL")
        self._redis: RedisStore = runner.run(open_store(server.url, partitions=PARTITIONS))
        self._redis.now_ms = lambda: self.now_ms  # its own decides what comes too late
        memory = MemoryStore(PARTITIONS, lambda: self.now_ms)
        self._driven = [Driven(memory), Driven(self._redis)]

    def teardown(self) -> None:
        """Look at what is left behind."""
        with self._server.client() as client:
            assert check(client) == []
        self._runner.run(self._redis.close())

    def create_everywhere(self, type_: str, request_id: str, **fields: Any) -> None:
        """Create one execution and compare the answers."""
        self.now_ms += 1  # ids of one moment have no order that both stores know
        template = Execution(
            type=type_,
            idempotency_key=fields["key"],
            parent_id=fields["parent"],
            max_attempts=fields["max_attempts"],
            labels=fields["labels"],
            retry_policy=POLICY,
        )
        template.metadata.update(fields["metadata"])
        if fields["payload"] is not None:
            template.payload.CopyFrom(value(fields["payload"]))
        if fields["timeout_ms"] is not None:
            template.timeout.FromMilliseconds(fields["timeout_ms"])

        async def call(driven: Driven) -> tuple[Execution, bool]:
            record, created = await driven.manager.create(template, self._terms("create", request_id))
            return driven.note(record), created

        outcome = self._both(call)
        modelled = self._modelled(
            lambda: self.model.create({"type": type_, **fields}, request_id, self.now_ms)
        )
        if isinstance(modelled, str):
            assert outcome.answer == modelled, outcome.problem
            return
        (record, created), (answer, is_new) = outcome.answer, modelled
        assert created == is_new
        self._compare(record, answer, is_repeat=answer is not self.model.rows.get(answer.number))

    def change_everywhere(
        self,
        number: int,
        method: str,
        decide: Decision,
        verb: model.Verb,
        *,
        request_id: str,
        revision: int | None,
        attempt: int | None,
        whole: bool = False,
    ) -> None:
        """Change one execution and compare the answers, in every part in turn."""
        part = list(Part)[self.now_ms % 3]
        number = self.number(number)
        revision = self.right(number, "revision", revision)
        attempt = self.right(number, "attempts", attempt)

        async def call(driven: Driven) -> Execution:
            terms = self._terms(method, request_id, revision, attempt)
            id_ = driven.id_of(number)
            return driven.note(await driven.manager.change(id_, decide, terms, part, whole=whole))

        outcome = self._both(call)
        modelled = self._modelled(
            lambda: self.model.change(number, method, verb, request_id, revision, attempt, self.now_ms)
        )
        if isinstance(modelled, str):
            assert outcome.answer == modelled, outcome.problem
            return
        assert not outcome.problem
        InStep.changes += 1
        answer, is_repeat = modelled
        self._compare(outcome.answer, answer, is_repeat=is_repeat, part=part)

    def delete_everywhere(self, number: int, force: bool, request_id: str, revision: int | None) -> None:
        """Delete one execution and compare the answers."""
        number = self.number(number)
        revision = self.right(number, "revision", revision)

        async def call(driven: Driven) -> None:
            terms = self._terms("delete", request_id, revision)
            await driven.manager.delete(driven.id_of(number), force=force, terms=terms)

        outcome = self._both(call)
        modelled = self._modelled(lambda: self.model.delete(number, force, request_id, revision, self.now_ms))
        assert outcome.answer == modelled, outcome.problem

    def look_everywhere(self, query: Query, limit: int) -> None:
        """List and count what matches, and compare."""

        async def pages(driven: Driven) -> list[Execution]:
            found: list[Execution] = []
            after = ""
            while True:
                page, after = await driven.manager.list(
                    query, after, limit, Part.FULL, deadline=self._deadline()
                )
                assert len(page) == limit or not after, "a page is full if more follow"
                found += map(driven.note, page)
                if not after:
                    return found

        names = [status.status_name(one) for one in query.statuses]
        bounds = {"from_ms": query.created_from_ms, "before_ms": query.created_before_ms}
        matching = self.model.matching(statuses=names, types=query.types, parent=query.parent_id, **bounds)
        if query.newest_first:
            matching.reverse()
        assert [row(record) for record in self._both(pages).answer] == [*map(expected, matching)]

        counts = self._both(lambda driven: driven.manager.count(query, deadline=self._deadline())).answer
        assert {status.status_name(one): count for one, count in counts.items()} == {
            name: sum(one.status == name for one in matching) for name in names
        }

    def get_everywhere(self, number: int) -> None:
        """Read one execution by its id, and compare."""
        self._get(
            lambda driven: driven.manager.get(driven.id_of(number), Part.FULL, deadline=self._deadline()),
            lambda: self.model.get(number),
        )

    def get_by_key_everywhere(self, key: str) -> None:
        """Read the execution that holds a key, and compare."""
        self._get(
            lambda driven: driven.manager.get_by_key(key, Part.FULL, deadline=self._deadline()),
            lambda: self.model.get_by_key(key),
        )

    def number(self, number: int) -> int:
        """*number* counted on from the first execution where there are fewer."""
        return number if number == MISSING or not self.model.count else number % self.model.count

    def right(self, number: int, name: str, offset: int | None) -> int | None:
        """What to expect of the row's field so that the expectation is off by *offset*; None expects nothing."""
        of = self.model.rows.get(number)
        return None if offset is None or of is None else int(getattr(of, name)) + offset

    def _get(self, read: Callable[[Driven], Awaitable[Execution]], get: Callable[[], model.Row]) -> None:
        async def call(driven: Driven) -> Execution:
            return driven.note(await read(driven))

        outcome = self._both(call)
        modelled = self._modelled(get)
        assert (outcome.answer if outcome.problem else row(outcome.answer)) == (
            modelled if isinstance(modelled, str) else expected(modelled)
        )

    def _compare(
        self, record: Execution, answer: model.Row, *, is_repeat: bool, part: Part = Part.FULL
    ) -> None:
        names = seen_in(part) & AS_FIRST if is_repeat else seen_in(part)
        told, right = row(record), expected(answer)
        assert {name: told[name] for name in names} == {name: right[name] for name in names}
        assert record == parts.cut(copied(record), part), "no more than was asked for"

    def _both(self, call: Callable[[Driven], Awaitable[Any]]) -> Outcome:
        """What both stores answer, which must be the same."""

        async def together() -> list[Outcome]:
            return [await driven.outcome(call) for driven in self._driven]

        memory, redis = self._runner.run(together())
        assert memory == redis
        return memory

    def _modelled(self, call: Callable[[], Any]) -> Any:
        """What the model answers: its answer, or the reason of its refusal."""
        try:
            return call()
        except model.Refused as refused:
            return str(refused)

    def _terms(
        self, method: str, request_id: str, revision: int | None = None, attempt: int | None = None
    ) -> Terms:
        return Terms(
            method=method,
            deadline=self._deadline(),
            request_id=request_id,
            expected_revision=revision,
            attempt=attempt,
        )

    def _deadline(self) -> float:
        return self._runner.get_loop().time() + 20


def value(of: Any) -> Value:
    """The JSON value of Python's."""
    return ParseDict(of, Value())


def copied(record: Execution) -> Execution:
    made = Execution()
    made.CopyFrom(record)
    return made
