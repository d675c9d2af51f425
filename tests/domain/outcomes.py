"""What a row of the table in ``verbs.py`` is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, RetryPolicy, StatusReason
from execution_server.domain import transitions
from execution_server.domain.problems import Problem
from execution_server.domain.status import RUNNING

from tests.domain.records import CREATED_MS, in_status

Refusal: TypeAlias = type[Problem]


@dataclass(frozen=True)
class Result:
    """What a verb leads to."""

    status: ExecutionStatus
    reason: StatusReason | None = None
    """None: the status, and with it the reason, stays."""
    changes: bool = True
    """Whether it is a change at all, which counts a revision."""
    through: tuple[ExecutionStatus, StatusReason] | None = None
    """A status that it passes through in the same call, and why."""

    @property
    def revisions(self) -> int:
        """How many are counted."""
        return self.changes + (self.through is not None)


@dataclass(frozen=True)
class Verb:
    """One way to use an RPC."""

    name: str
    rpc: str
    call: Callable[..., Execution]
    """Takes the execution, and ``now_ms`` by name."""
    allowed: Mapping[ExecutionStatus, Result]
    otherwise: Refusal
    """What it raises in all other statuses; Problem where there is no other."""
    to: ExecutionStatus | None = None
    """Where an InvalidStateTransition says that it would lead."""
    exceptions: Mapping[ExecutionStatus, Refusal] = field(default_factory=dict)
    """Statuses in which it raises something else."""
    to_exceptions: Mapping[ExecutionStatus, ExecutionStatus] = field(default_factory=dict)
    """Statuses from which it would lead elsewhere."""
    max_attempts: int = 3
    """One of them is used in every status that comes after a start."""
    asked_to_stop: bool = False
    """Whether a running execution was asked to stop, and its grace period has not passed."""
    timeouts_retried: bool = False
    """Whether the retry policy of a running execution says so."""

    def before(self, status: ExecutionStatus) -> Execution:
        """An execution in *status* to use it on."""
        execution = in_status(status, max_attempts=self.max_attempts)
        if self.asked_to_stop and status == RUNNING:
            return transitions.cancel(execution, "Enough.", 3_600_000, now_ms=CREATED_MS + 2_000)
        if self.timeouts_retried and status == RUNNING:
            policy = Execution(retry_policy=RetryPolicy(retry_timeouts=True))
            return transitions.update(execution, policy, ["retry_policy"], now_ms=CREATED_MS + 2_000)
        return execution

    def outcome(self, status: ExecutionStatus) -> Result | Refusal:
        """What is expected in *status*."""
        return self.allowed.get(status) or self.exceptions.get(status) or self.otherwise
