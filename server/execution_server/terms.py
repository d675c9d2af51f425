"""What a call asks the manager for: a decision, and on what terms."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import NamedTuple, Protocol

from croco.execution.v1.execution_pb2 import Execution

from .domain import requests
from .store.port import Part


class Decision(Protocol):
    """What a verb makes of a record at a moment: see ``domain/transitions.py``."""

    def __call__(self, record: Execution, /, *, now_ms: int) -> Execution:
        """Answer a changed copy, or the same object, or raise a Problem."""


class Terms(NamedTuple):
    """On what terms a call changes an execution."""

    method: str
    deadline: float
    """On the event loop's clock, in seconds."""
    request_id: str = ""
    expected_revision: int | None = None
    attempt: int | None = None
    from_worker: bool = False
    """Whether it is a call that belongs to an attempt."""
    actor: str = ""
    """Who calls, for the history; nobody where callers are not known."""
    remembered: bool = True
    """Whether a repeat of it is to be known. What may be done twice must not take the place of what may not."""

    def request(self) -> bytes:
        """The name to remember the call by; one without ``request_id`` gets one for the server's own repetitions."""
        return requests.digest(self.method, self.request_id or secrets.token_hex(16))


Done = Callable[[Execution | Exception], None]
"""Is called with what ``Manager.change`` would have answered, or raised."""


class Mutation(NamedTuple):
    """A change as one of many: see ``Manager.change_all``."""

    execution_id: str
    decide: Decision
    terms: Terms
    part: Part
    done: Done
