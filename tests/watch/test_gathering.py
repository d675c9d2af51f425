"""What a watch of many takes in: the cases that only the order of arrival makes."""

from __future__ import annotations

from itertools import pairwise

from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus
from execution_server.domain.status import COMPLETED, FAILED, PENDING, RETRYING, RUNNING
from execution_server.store.port import Change, Query
from execution_server.watch import Gathering

ID = "0190a3c4-5b6c-7d3e-8f00-112233445566"


def change(revision: int, *steps: ExecutionStatus, deleted: bool = False) -> Change:
    """A change that went through *steps*, the first of which is where the execution was."""
    record = Execution(id=ID, type="work", status=steps[-1], revision=revision)
    for before, after in pairwise(steps):
        entry = record.history.add(revision=revision, to=after)
        setattr(entry, "from", before)
    return Change(ID, revision - 1, record, b"" if deleted else b"%d" % revision)


def taken(gathering: Gathering) -> list[tuple[int, list[ExecutionStatus], bool]]:
    """(revision, status changes, deleted) of all that there is to tell."""
    found = []
    while (news := gathering.take()) is not None:
        found.append((news.record.revision, [entry.to for entry in news.changes], news.deleted))
    return found


def test_what_passes_through_the_filter_is_told() -> None:
    """One commit may settle a timeout and retry: a watch of FAILED must see both ends of it."""
    gathering = Gathering(Query(statuses=(FAILED,)))
    gathering.add(change(3, RUNNING, FAILED, RETRYING))
    assert taken(gathering) == [(3, [FAILED, RETRYING], False)]
    gathering.add(change(4, RETRYING, RUNNING))
    assert taken(gathering) == []


def test_a_late_notice_repeats_nothing_of_the_snapshot() -> None:
    """The record was read after the change that the notice tells of."""
    gathering = Gathering(Query())
    gathering.told(change(3, RUNNING).record)
    gathering.add(change(2, PENDING, RUNNING))
    gathering.add(change(3, RUNNING))
    assert taken(gathering) == []
    gathering.add(change(4, RUNNING, COMPLETED))
    assert taken(gathering) == [(4, [COMPLETED], False)]


def test_an_early_notice_repeats_nothing_of_the_snapshot() -> None:
    """It overtook the answer of the store that the snapshot is made of."""
    gathering = Gathering(Query())
    gathering.add(change(2, PENDING, RUNNING))
    gathering.add(change(4, RUNNING, FAILED))
    gathering.told(change(3, RUNNING).record)
    assert taken(gathering) == [(4, [FAILED], False)]
    gathering.add(change(5, FAILED, RETRYING))
    gathering.told(change(5, RETRYING).record)
    assert taken(gathering) == []


def test_a_deletion_survives_the_snapshot() -> None:
    """The record was read, and then deleted without another change."""
    gathering = Gathering(Query())
    gathering.add(change(3, RUNNING, deleted=True))
    gathering.told(change(3, RUNNING).record)
    assert taken(gathering) == [(3, [], True)]
    gathering.told(change(3, RUNNING).record)
    gathering.add(change(3, RUNNING, deleted=True))
    assert taken(gathering) == [(3, [], True)]


def test_a_deletion_is_told_to_who_still_has_to_be_told_of_the_rest() -> None:
    """It left the filter just before, and the reader does not know yet."""
    gathering = Gathering(Query(statuses=(RUNNING,)))
    gathering.add(change(3, RUNNING, FAILED))
    gathering.add(change(3, FAILED, deleted=True))
    assert taken(gathering) == [(3, [FAILED], True)]
    gathering.add(change(3, FAILED, deleted=True))
    assert taken(gathering) == []


def test_records_are_shared_and_left_as_they_are() -> None:
    """One notice is for all who watch: a thousand watches must not hold a thousand copies, nor change the one."""
    one, other = Gathering(Query()), Gathering(Query())
    told = change(2, PENDING, RUNNING)
    before = told.record.SerializeToString()
    for gathering in (one, other):
        gathering.add(told)
    first, second = one.take(), other.take()
    assert first is not None
    assert second is not None
    assert first.record is second.record
    assert told.record.SerializeToString() == before
