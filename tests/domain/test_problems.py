"""The error taxonomy: one class per reason of the contract, with the code and the metadata of its worked example."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc
import pytest
from croco.execution.v1.error_reason_pb2 import ErrorReason
from execution_server.domain import problems
from execution_server.domain.problems import Problem
from execution_server.domain.status import FAILED, RETRYING, RUNNING, TIMED_OUT

from tests.domain.records import ID, in_status

PROTO: Final = Path(__file__).parents[2] / "proto/croco/execution/v1/error_reason.proto"
PREFIX: Final = "ERROR_REASON_"


class Documented(NamedTuple):
    """What the proto says of a reason."""

    code: str
    example: dict[str, Any]


def documented() -> Iterator[tuple[str, Documented]]:
    """Every reason of the proto with its code and example, read from the comment above it."""
    comment = ""
    for line in PROTO.read_text().splitlines():
        text = line.strip()
        if text.startswith("//"):
            comment += text.removeprefix("//").strip() + " "
        elif value := re.match(rf"{PREFIX}(\w+) = [1-9]", text):
            code, _, rest = comment.partition(".")
            yield value[1], Documented(code, json.loads(rest[rest.index("{") : rest.rindex("}") + 1]))
            comment = ""
        else:
            comment = ""


DOCUMENTED: Final = dict(documented())
REASONS: Final = ErrorReason.values()[1:]
"""Without UNSPECIFIED."""
EXAMPLES: Final = (
    (
        problems.InvalidField("progress.total", "is -1.0; it has to be finite and at least 0"),
        "progress.total: is -1.0; it has to be finite and at least 0.",
    ),
    (
        problems.PayloadTooLarge("payload", 1_048_999, 1_048_576),
        "payload: has 1048999 bytes; the limit is 1048576.",
    ),
    (problems.InvalidPageToken(), "page_token: was not made by this service for this filter and order."),
    (problems.ExecutionNotFound(ID), f"There is no execution {ID}."),
    (
        problems.IdempotencyKeyReused("order-123", ID),
        f"The idempotency key 'order-123' belongs to execution {ID}, which has another type or payload.",
    ),
    (
        problems.InvalidStateTransition(in_status(FAILED), RUNNING),
        f"Execution {ID} cannot go from failed to running; what can follow is retrying.",
    ),
    (  # where the table has it, for another call
        problems.InvalidStateTransition(in_status(RUNNING), RETRYING),
        f"Execution {ID} cannot go from running to retrying by this call;"
        " what can follow is completed, failed, retrying, timed_out, cancelled.",
    ),
    (
        problems.MaxRetriesExceeded(in_status(FAILED, max_attempts=1)),
        f"Execution {ID} has used 1 of 1 attempts.",
    ),
    (
        problems.ExecutionNotRunning(in_status(FAILED)),
        f"Execution {ID} is failed; progress and checkpoints are taken while it is running only.",
    ),
    (
        problems.ExecutionActive(in_status(RUNNING)),
        f"Execution {ID} is running; to delete it all the same, set force.",
    ),
    (
        problems.AttemptFenced(in_status(TIMED_OUT), 1),
        f"Attempt 1 of execution {ID} is not the current one (it ended: reported_timeout); "
        "the execution is timed_out, attempt 1.",
    ),
    (problems.RevisionMismatch(in_status(RUNNING), 3), f"Execution {ID} is at revision 2, not 3."),
    (
        problems.Contention(ID),
        f"Others kept changing execution {ID}; nothing was changed by this call.",
    ),
    (
        problems.WatchRevisionCompacted(ID, 2, 57),
        f"The history of execution {ID} begins at revision 57 and does not reach back to 2.",
    ),
    (
        problems.QuotaExceeded(4096, "This server has all the calls that it takes"),
        "This server has all the calls that it takes; the limit is 4096.",
    ),
    (
        problems.TooManyWatches(1000, "This connection has all the watches that it may have"),
        "This connection has all the watches that it may have; the limit is 1000.",
    ),
    (
        problems.TooManyCheckpoints(ID, 100),
        f"Execution {ID} may have 100 checkpoints, and would have more.",
    ),
    (
        problems.StoreUnavailable(),
        "The store did not answer in time. Repeat the call with the same request_id.",
    ),
    (
        problems.ServerDraining(revision=12),
        "This server is about to stop. Repeat the call: another one answers it.",
    ),
    (
        problems.CredentialsMissing(),
        "This service answers those it knows: send a token, as 'authorization: Bearer ...'.",
    ),
    (problems.CredentialsInvalid(), "The call's credentials are unknown or have expired."),
    (
        problems.MethodForbidden(
            "/croco.execution.v1.ExecutionService/DeleteExecution", "billing", ["admin"]
        ),
        "The caller billing may not call /croco.execution.v1.ExecutionService/DeleteExecution; "
        "those who may are admin.",
    ),
    (
        problems.Unexpected("9f1c2ab37d40"),
        "The service failed in a way it should not. Its log says more under incident 9f1c2ab37d40.",
    ),
)
"""One problem per reason, as the service raises it, and its sentence."""
PROBLEMS: Final = [problem for problem, _ in EXAMPLES]
REASON_NAMES: Final = [problem.reason for problem in PROBLEMS]


def classes() -> dict[str, type[Problem]]:
    """The class of each reason; one that inherits its reason (FinalStatus) is a special case of it."""
    found: dict[str, type[Problem]] = {}
    waiting = [Problem]
    while waiting:
        for problem in waiting.pop().__subclasses__():
            waiting.append(problem)
            if "reason" in vars(problem):
                assert problem.reason not in found, f"{problem.reason} has two classes"
                found[problem.reason] = problem
    return found


def test_each_reason_of_the_contract_has_one_class_and_one_worked_example() -> None:
    """A reason without a class is never sent; a class without a reason is one that no client can branch on."""
    in_contract = {ErrorReason.Name(number).removeprefix(PREFIX) for number in REASONS}
    assert set(classes()) == in_contract
    assert set(DOCUMENTED) == in_contract
    assert {problem.reason for problem, _ in EXAMPLES} == in_contract


@pytest.mark.parametrize("reason", DOCUMENTED)
def test_a_class_has_the_code_of_its_reason(reason: str) -> None:
    """Clients of other languages, and proxies, act on the code alone."""
    problem, stated = classes()[reason], DOCUMENTED[reason]
    assert problem.code == stated.code
    assert problem.code in grpc.StatusCode.__members__
    assert (stated.example["reason"], stated.example["domain"]) == (reason, problems.DOMAIN)


@pytest.mark.parametrize("problem", PROBLEMS, ids=REASON_NAMES)
def test_a_problem_carries_the_metadata_of_its_example(problem: Problem) -> None:
    """The keys are part of the contract; all values are strings."""
    assert problem.metadata.keys() == DOCUMENTED[problem.reason].example["metadata"].keys()
    assert all(isinstance(value, str) for value in problem.metadata.values())


@pytest.mark.parametrize(("problem", "sentence"), EXAMPLES, ids=REASON_NAMES)
def test_a_message_is_a_sentence_with_what_is_to_be_known(problem: Problem, sentence: str) -> None:
    """It is what stands in somebody's log at night."""
    assert str(problem) == problem.message == sentence


@pytest.mark.parametrize("problem", PROBLEMS, ids=REASON_NAMES)
def test_what_can_be_repeated_says_when(problem: Problem) -> None:
    """UNAVAILABLE always; RESOURCE_EXHAUSTED unless waiting does not help."""
    waiting_helps = problem.code in ("UNAVAILABLE", "RESOURCE_EXHAUSTED")
    if problem.reason == "TOO_MANY_CHECKPOINTS":
        waiting_helps = False
    assert (problem.retry_after_ms is not None) == waiting_helps


def test_a_lookup_by_key_names_the_key() -> None:
    """There is no id to name."""
    problem = problems.ExecutionNotFound.by_key("order-123")
    assert problem.metadata == {"idempotencyKey": "order-123"}
    assert problem.message == "No execution holds the idempotency key 'order-123'."
