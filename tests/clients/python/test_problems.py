"""What a program can tell from an error."""

import json
import pickle
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import execution_client
import grpc
import pytest
from croco.execution.v1.error_reason_pb2 import ErrorReason
from execution_client import (
    Cancelled,
    DeadlineExceeded,
    ExecutionNotFound,
    ExecutionProblem,
    ExecutionStatus,
    FieldViolation,
    InvalidField,
    InvalidStateTransition,
    ServerDraining,
    StoreUnavailable,
    Unavailable,
)
from execution_client._problems import _Detail
from execution_client._rpc_errors import problem_of

from tests.clients.python.scripted_server import Fault, ScriptedServer

PROTO = Path(__file__).parents[3] / "proto/croco/execution/v1/error_reason.proto"
PREFIX = "ERROR_REASON_"
REASONS = {name.removeprefix(PREFIX) for name, _ in ErrorReason.items()} - {"UNSPECIFIED"}


class FakeRpcError(grpc.RpcError):
    """An RpcError as gRPC's two stacks make them."""

    def __init__(self, fault: Fault, details_bin: bytes | None) -> None:
        self._fault = fault
        self._details_bin = details_bin

    def code(self) -> grpc.StatusCode:
        return self._fault.code

    def details(self) -> str:
        return self._fault.message

    def trailing_metadata(self) -> Any:
        return () if self._details_bin is None else (("grpc-status-details-bin", self._details_bin),)


def received(fault: Fault) -> ExecutionProblem:
    """What becomes of a fault."""
    return problem_of(FakeRpcError(fault, fault.status().SerializeToString() if fault.reason else None))


def documented() -> dict[str, tuple[grpc.StatusCode, dict[str, str]]]:
    """Answer the code and the example's metadata for each reason, as error_reason.proto documents them."""
    found = {}
    for block in re.findall(r"((?:  //[^\n]*\n)+)  ERROR_REASON_\w+ = [1-9]", PROTO.read_text()):
        text = re.sub(r"^  // ?", "", block, flags=re.MULTILINE)
        example = json.loads(text[text.index("{") :])
        assert example["domain"] == "execution.croco.dev"
        found[example["reason"]] = (grpc.StatusCode[text.split(".")[0]], example["metadata"])
    return found


def test_there_is_one_class_for_each_reason_of_the_contract() -> None:
    """A reason without a class cannot be caught; a class without a reason is never raised."""
    assert ExecutionProblem.by_reason.keys() == REASONS
    assert len(set(ExecutionProblem.by_reason.values())) == len(REASONS)
    for reason, kind in ExecutionProblem.by_reason.items():
        assert kind.__name__ == reason.title().replace("_", "")
        assert getattr(execution_client, kind.__name__) is kind


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_the_documented_example_of_a_reason_becomes_its_class_with_typed_attributes(reason: str) -> None:
    """What the contract shows beside a reason is what a program will want to read."""
    code, metadata = documented()[reason]
    problem = received(Fault(code, reason, metadata=metadata))
    kind = ExecutionProblem.by_reason[reason]
    assert type(problem) is kind
    assert (problem.code, problem.reason, problem.metadata) == (code, reason, metadata)
    assert str(problem) == problem.message == "A sentence."
    details = {name: getattr(kind, name) for name in dir(kind) if isinstance(getattr(kind, name), _Detail)}
    assert {detail.key for detail in details.values()} >= metadata.keys()
    for name, detail in details.items():
        value = getattr(problem, name)
        if isinstance(value, tuple):
            assert ", ".join(value) == metadata[detail.key]
        else:
            assert str(value) == metadata.get(detail.key, str(value))


def test_statuses_and_numbers_in_metadata_are_typed() -> None:
    """Text would have to be parsed by every caller."""
    metadata = {"from": "running", "to": "pending", "allowed": "completed, failed,hibernating"}
    problem = received(
        Fault(grpc.StatusCode.FAILED_PRECONDITION, "INVALID_STATE_TRANSITION", metadata=metadata)
    )
    assert isinstance(problem, InvalidStateTransition)
    assert problem.from_status is ExecutionStatus.RUNNING
    assert problem.to_status is ExecutionStatus.PENDING
    assert problem.allowed == (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.UNKNOWN)
    draining = received(Fault(grpc.StatusCode.UNAVAILABLE, "SERVER_DRAINING"))
    assert isinstance(draining, ServerDraining)
    assert draining.revision == 0


def test_field_violations_and_the_retry_delay_are_there() -> None:
    """They say what to mend and when to come back."""
    invalid = received(
        Fault(
            grpc.StatusCode.INVALID_ARGUMENT,
            "INVALID_FIELD",
            metadata={"field": "progress.total"},
            field_violations={"progress.total": "must be finite", "id": "must be a UUID"},
        )
    )
    assert isinstance(invalid, InvalidField)
    assert invalid.field == "progress.total"
    assert invalid.field_violations == (
        FieldViolation("progress.total", "must be finite"),
        FieldViolation("id", "must be a UUID"),
    )
    assert invalid.retry_delay is None
    away = received(
        Fault(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE", retry_delay=timedelta(seconds=1.5))
    )
    assert (type(away), away.retry_delay) == (StoreUnavailable, timedelta(seconds=1.5))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineExceeded),
        (grpc.StatusCode.CANCELLED, Cancelled),
        (grpc.StatusCode.UNIMPLEMENTED, ExecutionProblem),
    ],
)
def test_an_error_that_the_service_did_not_make_is_a_problem_too(
    code: grpc.StatusCode, kind: type[ExecutionProblem]
) -> None:
    """Lost connections and proxies speak no taxonomy, and `except ExecutionProblem` must catch them all."""
    problem = received(Fault(code))
    assert (type(problem), problem.code, problem.reason) == (kind, code, "")


def test_a_reason_that_only_a_newer_server_knows_is_raised_by_its_code() -> None:
    """Branching on the code must go on to work."""
    newer = received(Fault(grpc.StatusCode.UNAVAILABLE, "MOON_ECLIPSED"))
    assert (type(newer), newer.reason) == (Unavailable, "MOON_ECLIPSED")
    assert type(received(Fault(grpc.StatusCode.ABORTED, "MOON_ECLIPSED"))) is ExecutionProblem


def test_the_reason_of_another_domain_is_not_taken_for_ours() -> None:
    """A proxy may have an INVALID_FIELD of its own."""
    foreign = received(Fault(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", domain="proxy.example"))
    assert (type(foreign), foreign.reason) == (ExecutionProblem, "")


def test_mangled_details_do_not_hide_the_error() -> None:
    """What counts is the code; a DecodeError would tell nobody anything."""
    problem = problem_of(FakeRpcError(Fault(grpc.StatusCode.NOT_FOUND), b"\xff\xff"))
    assert (type(problem), problem.code) == (ExecutionProblem, grpc.StatusCode.NOT_FOUND)


def test_a_problem_survives_pickling() -> None:
    """A process pool hands exceptions over in pickled form, and breaks on one that cannot be."""
    problem = received(
        Fault(grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND", metadata={"executionId": "e1"})
    )
    again = pickle.loads(pickle.dumps(problem))
    assert isinstance(again, ExecutionNotFound)
    assert (again.message, again.code, again.execution_id) == ("A sentence.", grpc.StatusCode.NOT_FOUND, "e1")


async def test_a_refusal_arrives_with_its_details(client: Any, server: ScriptedServer) -> None:
    """The same over a real connection, whose trailing metadata the two stacks answer in different forms."""
    fault = Fault(
        grpc.StatusCode.NOT_FOUND, "EXECUTION_NOT_FOUND", "There is no execution e1.", {"executionId": "e1"}
    )
    server.script("GetExecution", fault)
    with pytest.raises(ExecutionNotFound, match=r"^There is no execution e1\.$") as caught:
        await client.get("e1")
    assert caught.value.execution_id == "e1"
    assert isinstance(caught.value.__cause__, grpc.RpcError)
