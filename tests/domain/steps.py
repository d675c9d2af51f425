"""Every status change there is, and who makes it: what verbs and deadlines together lead to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from croco.execution.v1.execution_pb2 import ExecutionStatus, StatusReason

from tests.domain.deeds import DEEDS
from tests.domain.records import STATUSES
from tests.domain.verbs import VERBS, Result


class Step(NamedTuple):
    """One status change."""

    by: str
    """An RPC, or ``"server"``."""
    origin: ExecutionStatus
    to: ExecutionStatus
    reason: StatusReason


def steps() -> Iterator[Step]:
    """All of them, some more than once."""
    for verb in VERBS:
        for status in STATUSES:
            outcome = verb.outcome(status)
            if isinstance(outcome, Result) and outcome.reason is not None:
                origin = status
                if outcome.through is not None:
                    yield Step(verb.rpc, origin, *outcome.through)
                    origin, _ = outcome.through
                yield Step(verb.rpc, origin, outcome.status, outcome.reason)
    for deed in DEEDS:
        origin = deed.before.status
        for to, reason in deed.leads_to:
            yield Step("server", origin, to, reason)
            origin = to
