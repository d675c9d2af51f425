"""Reports between the task and their acknowledgement."""

from collections.abc import Callable

import pytest
from croco.execution.v1 import worker_service_pb2 as messages
from execution_client import AttemptFenced, ExecutionProblem
from execution_client._worker.outbox import BYTES_PER_MESSAGE, REPORTS_PER_MESSAGE, Outbox
from google.protobuf.struct_pb2 import Value

from tests.waiting import until


def report(size: int = 0) -> messages.WorkReport:
    return messages.WorkReport(id="e1", attempt=1, checkpoints={"k": Value(string_value="x" * size)})


def taken(outbox: Outbox) -> list[int]:
    """The sequence numbers of the next message."""
    request = outbox.take()
    return [] if request is None else [report.sequence for report in request.reports]


def ignore(problem: ExecutionProblem | None) -> None:
    """For reports whose answer does not matter."""


def acknowledge(outbox: Outbox, sequence: int, reason: str = "") -> None:
    answer = messages.WorkAcknowledgement(sequence=sequence)
    if reason:
        refusal = messages.WorkRefusal(reason=f"ERROR_REASON_{reason}", message="A sentence.")
        answer.refusal.CopyFrom(refusal)
    outbox.take_acknowledgement(answer)


@pytest.fixture
async def outbox() -> Outbox:
    return Outbox()


@pytest.fixture
def answers() -> list[ExecutionProblem | None]:
    return []


async def test_all_that_has_gathered_leaves_as_one_message(outbox: Outbox) -> None:
    """A message costs more than a report."""
    for _ in range(3):
        outbox.add(report(), ignore)
    assert taken(outbox) == [1, 2, 3]
    assert taken(outbox) == []


async def test_no_message_is_larger_than_the_service_takes(outbox: Outbox) -> None:
    """It would end the stream, and its repeat the next one, for ever."""
    for _ in range(3):
        outbox.add(report(BYTES_PER_MESSAGE // 2), ignore)
    outbox.add(report(), ignore)
    assert [taken(outbox) for _ in range(3)] == [[1], [2], [3, 4]]
    for _ in range(REPORTS_PER_MESSAGE + 1):
        outbox.add(report(), ignore)
    assert [len(taken(outbox)) for _ in range(2)] == [REPORTS_PER_MESSAGE, 1]
    with pytest.raises(ValueError, match="limit"):
        outbox.add(report(BYTES_PER_MESSAGE), ignore)


async def test_after_a_broken_stream_what_was_not_acknowledged_is_sent_again_in_order(outbox: Outbox) -> None:
    """With the request ids of the first time, which tell the service that they are repeats."""
    for _ in range(4):
        outbox.add(report(), ignore)
    first = outbox.take()
    acknowledge(outbox, 2)
    outbox.add(report(), ignore)
    outbox.send_again()
    again = outbox.take()
    assert first is not None
    assert again is not None
    assert [one.sequence for one in again.reports] == [1, 3, 4, 5]
    ids = {one.sequence: one.request_id for one in first.reports}
    assert all(ids.get(one.sequence, one.request_id) == one.request_id for one in again.reports)
    assert len({one.request_id for one in [*first.reports, *again.reports]}) == 5


async def test_what_only_asks_whether_anybody_listens_is_not_repeated(outbox: Outbox) -> None:
    """On the next stream it would be old."""
    outbox.add(report(), ignore, repeat=False)
    outbox.add(report(), ignore)
    outbox.send_again()
    assert taken(outbox) == [2]


async def test_each_report_is_answered_once(outbox: Outbox, answers: list[ExecutionProblem | None]) -> None:
    """Also where it was sent twice and so has two acknowledgements."""
    outbox.add(report(), answers.append)
    taken(outbox)
    outbox.send_again()
    taken(outbox)
    acknowledge(outbox, 1)
    acknowledge(outbox, 1)
    assert answers == [None]
    assert len(outbox) == 0


@pytest.mark.parametrize("reason", ["STORE_UNAVAILABLE", "CONTENTION"])
async def test_what_was_refused_for_something_that_passes_is_sent_again(
    outbox: Outbox, answers: list[ExecutionProblem | None], reason: str
) -> None:
    """The task need not know; and the effect may be there already, so the request id is the same."""
    outbox.add(report(), answers.append)
    taken(outbox)
    acknowledge(outbox, 1, reason)
    assert taken(outbox) == []
    again: Callable[[], list[int]] = lambda: taken(outbox)  # noqa: E731 - it is asked until it answers
    await until(again, "it is sent again")
    acknowledge(outbox, 1)
    assert answers == [None]


async def test_a_refusal_is_the_problem_that_a_call_would_raise(
    outbox: Outbox, answers: list[ExecutionProblem | None]
) -> None:
    """By its reason; one that a newer server has added is a problem all the same."""
    outbox.add(report(), answers.append)
    outbox.add(report(), answers.append)
    acknowledge(outbox, 1, "ATTEMPT_FENCED")
    unknown = messages.WorkAcknowledgement(sequence=2)
    unknown.refusal.MergeFromString(b"\x08\xe7\x07\x12\x04Hmm.")  # reason 999
    outbox.take_acknowledgement(unknown)
    assert [type(problem) for problem in answers] == [AttemptFenced, ExecutionProblem]
    assert [problem.message for problem in answers if problem] == ["A sentence.", "Hmm."]
    assert [problem.code.name for problem in answers if problem] == ["ABORTED", "UNKNOWN"]
