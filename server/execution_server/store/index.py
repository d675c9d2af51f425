"""
Which sets a record is a member of, and which sets answer a query.

One set per status, one per (type, status) and one per (parent, status): the least that serves list and count exactly.
A query for a parent *and* types reads the parent's sets and looks at each record. And one per (type, priority) of those
that workers may get, by the moment from which they may.
"""

from collections.abc import Iterable, Iterator

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus

from ..domain.leases import available_ms
from ..domain.limits import PRIORITIES
from ..domain.status import status_name
from .port import Query


def sets_of(execution: Execution) -> dict[str, int]:
    """The sets that the record belongs to, each with the score that it has there."""
    status = status_name(execution.status)
    sets = {_by_status(status): 0, _by_type(status, execution.type): 0}
    if execution.parent_id:
        sets[_by_parent(status, execution.parent_id)] = 0
    available = available_ms(execution)
    if available is not None:
        sets[_by_readiness(execution.priority, execution.type)] = available
    return sets


def moves(before: Execution, after: Execution) -> tuple[list[str], dict[str, int]]:
    """The sets to leave, and those to enter with their scores. Status and readiness alone move a record."""
    if before.status == after.status and available_ms(before) == available_ms(after):
        return [], {}
    left, entered = sets_of(before), sets_of(after)
    changed = {name: score for name, score in entered.items() if left.get(name) != score}
    return [name for name in left if name not in entered], changed


def ready_sets(types: Iterable[str]) -> list[str]:
    """The sets of what is ready of *types*, the most urgent first."""
    return [_by_readiness(priority, type_) for priority in range(PRIORITIES) for type_ in types]


def sets_for(query: Query, status: ExecutionStatus) -> Iterator[str]:
    """The names of the disjoint sets that together hold what matches *query* in *status*, and perhaps more."""
    name = status_name(status)
    if query.parent_id:
        yield _by_parent(name, query.parent_id)
    elif query.types:
        yield from (_by_type(name, type_) for type_ in query.types)
    else:
        yield _by_status(name)


def is_exact(query: Query) -> bool:
    """Whether ``sets_for`` holds what matches and nothing else."""
    return not (query.parent_id and query.types)


def matches(query: Query, execution: Execution) -> bool:
    """Whether the record matches. Creation times are whole milliseconds, as in its id."""
    created_ms = execution.created_at.ToMilliseconds()
    return (
        execution.status in query.statuses
        and (not query.types or execution.type in query.types)
        and (not query.parent_id or execution.parent_id == query.parent_id)
        and (query.created_from_ms is None or created_ms >= query.created_from_ms)
        and (query.created_before_ms is None or created_ms < query.created_before_ms)
    )


def _by_readiness(priority: int, type_: str) -> str:
    return f"ready:{priority}:{type_}"


def _by_status(status: str) -> str:
    return f"status:{status}"


def _by_type(status: str, type_: str) -> str:
    return f"type:{status}:{type_}"


def _by_parent(status: str, parent_id: str) -> str:
    return f"parent:{status}:{parent_id}"
