"""Who may call what: every RPC with no, bad, expired and every role's credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub
from execution_server.callers import Role, new_token
from execution_server.domain.status import PENDING
from execution_server.rpc.access import MAY_CALL, REFLECTION
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1.health_pb2 import HealthCheckRequest
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

from tests import service
from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.rpc.access import METHODS, Credentials, Metadata, bearer, credentials, outcome, path_of
from tests.rpc.refusals import refusal_of

READS: Final = {
    *(
        "GetExecution",
        "GetExecutionByIdempotencyKey",
        "ListExecutions",
        "CountExecutions",
        "BatchGetExecutions",
    ),
    *("WatchExecution", "WatchExecutions", "WaitExecution", "GetServerInfo"),
}
PRODUCES: Final = {
    "CreateExecution",
    "BatchCreateExecutions",
    "UpdateExecution",
    "CancelExecution",
    "RetryExecution",
}
WORKS: Final = {
    *(
        "StartExecution",
        "CompleteExecution",
        "FailExecution",
        "TimeOutExecution",
        "UpdateProgress",
        "SaveCheckpoint",
    ),
    *("Work", "ClaimExecutions", "Heartbeat", "ReleaseExecution"),
}
MAY: Final = {
    Role.READER: READS,
    Role.PRODUCER: READS | PRODUCES,
    Role.WORKER: WORKS | {"GetExecution", "WatchExecution", "GetServerInfo"},
    Role.ADMIN: READS | PRODUCES | WORKS | {"DeleteExecution"},
}
"""What each role may call, as docs/operations.md has it."""
EVERY_METHOD: Final = pytest.mark.parametrize("method", METHODS, ids=[method.name for method in METHODS])


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return credentials(tmp_path_factory.mktemp("callers"))


@pytest.fixture(scope="module")
def server(known: Credentials, tmp_path_factory: pytest.TempPathFactory) -> Iterator[service.Service]:
    options = ("--store-url", "memory://", "--tokens-file", str(known.file))
    with service.serving(tmp_path_factory.mktemp("access"), *options) as running:
        yield running


@pytest.fixture(scope="module", autouse=True)
def _empty() -> None:
    """There is nothing to empty: the store is in the server's memory."""


@pytest.fixture(scope="module")
def channel(server: service.Service) -> Iterator[grpc.Channel]:
    with service.channel(server.address) as connected:
        yield connected


@EVERY_METHOD
def test_every_rpc_has_its_row_in_the_table(method: MethodDescriptor) -> None:
    """One without a row may be called by nobody, and nobody would know why."""
    assert path_of(method) in MAY_CALL


def test_the_table_has_no_rows_of_other_rpcs() -> None:
    """A slip in a name would leave the RPC that is meant without a row."""
    assert set(MAY_CALL) == {*map(path_of, METHODS), REFLECTION}


@EVERY_METHOD
@pytest.mark.parametrize("role", Role)
def test_a_role_may_call_what_it_is_there_for_and_nothing_else(
    role: Role, method: MethodDescriptor, channel: grpc.Channel, known: Credentials
) -> None:
    """Whoever is let in is then told that garbage is no request."""
    refusal = outcome(channel, method, bearer(known.tokens[role]))
    if method.name in MAY[role]:
        assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", ["(request)"])
    else:
        assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "METHOD_FORBIDDEN")
        assert refusal.metadata == {"method": path_of(method)}
        assert f"The caller {role} may not call" in refusal.message


@EVERY_METHOD
def test_who_says_nothing_of_himself_may_call_nothing(
    method: MethodDescriptor, channel: grpc.Channel
) -> None:
    """No RPC is open by oversight."""
    refusal = outcome(channel, method, ())
    assert (refusal.code, refusal.reason, refusal.metadata) == ("UNAUTHENTICATED", "CREDENTIALS_MISSING", {})


def invalid(known: Credentials) -> dict[str, Metadata]:
    """Credentials that are worth nothing, each in another way."""
    admin = known.tokens["admin"]
    return {
        "unknown": bearer("x" * 43),
        "expired": bearer(known.tokens["expired"]),
        "cut": bearer(admin[:-1]),
        "longer": bearer(f"{admin}A"),
        "another case": bearer(admin.swapcase()),
        "none": bearer(""),
        "twice the same": (*bearer(admin), *bearer(admin)),
        "a bad one behind a good one": (*bearer(admin), *bearer("x")),
        "a good one behind a bad one": (*bearer("x"), *bearer(admin)),
        "no scheme": (("authorization", admin),),
        "another scheme": (("authorization", f"Basic {admin}"),),
        "empty": (("authorization", ""),),
    }


@EVERY_METHOD
def test_credentials_that_are_worth_nothing_open_nothing(
    method: MethodDescriptor, channel: grpc.Channel, known: Credentials
) -> None:
    """And the answer does not tell which of them are nearly right."""
    for why, metadata in invalid(known).items():
        refusal = outcome(channel, method, metadata)
        assert (refusal.code, refusal.reason, refusal.metadata) == (
            "UNAUTHENTICATED",
            "CREDENTIALS_INVALID",
            {},
        ), why
        assert refusal.message == "The call's credentials are unknown or have expired.", why


def test_the_name_of_the_scheme_is_in_any_case(channel: grpc.Channel, known: Credentials) -> None:
    """As RFC 9110 has it, and clients do."""
    for scheme in ("bearer", "BEARER", "Bearer"):
        metadata = (("authorization", f"{scheme} {known.tokens['reader']}"),)
        assert (
            ExecutionServiceStub(channel)
            .CountExecutions(api.CountExecutionsRequest(), metadata=metadata)
            .count
            == 0
        )


@pytest.mark.parametrize(
    "path",
    [
        "croco.execution.v1.ExecutionService/DeleteExecution",
        "//croco.execution.v1.ExecutionService/DeleteExecution",
        "/croco.execution.v1.ExecutionService/DeleteExecution/",
        "/croco.execution.v1.ExecutionService/DeleteExecution?x",
        "/croco.execution.v1.ExecutionService//DeleteExecution",
        "/croco.execution.v1.executionservice/deleteexecution",
        "/croco.execution.v1.ExecutionService/%44eleteExecution",
        "/croco.execution.v1.ExecutionService/Explode",
        "/grpc.channelz.v1.Channelz/GetServers",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    ],
)
@pytest.mark.parametrize("caller", ["", "reader", "admin"])
def test_a_path_that_is_not_exactly_a_methods_leads_nowhere(
    path: str, caller: str, channel: grpc.Channel, known: Credentials
) -> None:
    """Other servers have let calls in that only looked like others (CVE-2026-33186). Channelz is nowhere either."""
    metadata = bearer(known.tokens[caller]) if caller else ()
    method: Any = channel.unary_unary(path)
    with pytest.raises(grpc.RpcError) as raised:
        method(b"", timeout=DEADLINE_SECONDS, metadata=metadata)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert "croco" not in str(raised.value.details())


def test_health_is_told_to_everybody(channel: grpc.Channel) -> None:
    """Probes have no credentials, and it tells nothing else."""
    stub: Any = HealthStub(channel)
    assert stub.Check(HealthCheckRequest(), timeout=DEADLINE_SECONDS).status


def described(channel: grpc.Channel, metadata: Metadata) -> int:
    """How many services the server describes."""
    stub: Any = ServerReflectionStub
    request = ServerReflectionRequest(list_services="")
    stream = stub(channel).ServerReflectionInfo(iter([request]), timeout=DEADLINE_SECONDS, metadata=metadata)
    return sum(len(response.list_services_response.service) for response in stream)


@pytest.mark.parametrize("caller", ["", *Role])
def test_the_interface_is_described_to_admins(caller: str, channel: grpc.Channel, known: Credentials) -> None:
    """Strangers need not know what there is."""
    metadata = bearer(known.tokens[caller]) if caller else ()
    if caller == Role.ADMIN:
        assert described(channel, metadata) > 2
        return
    with pytest.raises(grpc.RpcError) as raised:
        described(channel, metadata)
    expected = "METHOD_FORBIDDEN" if caller else "CREDENTIALS_MISSING"
    assert refusal_of(raised.value).reason == expected


def test_the_history_names_who_did_what(channel: grpc.Channel, known: Credentials) -> None:
    """By single calls and over a worker's stream; what the server does by itself it does in its own name."""
    executions, workers = ExecutionServiceStub(channel), WorkerServiceStub(channel)
    producer, worker, admin = (bearer(known.tokens[name]) for name in ("producer", "worker", "admin"))
    create = api.CreateExecutionRequest(type="signed", max_attempts=9)
    created = executions.CreateExecution(create, metadata=producer).execution
    batch = api.BatchCreateExecutionsRequest(requests=[api.CreateExecutionRequest(type="another")])
    (outcome_,) = executions.BatchCreateExecutions(batch, metadata=producer).outcomes

    claim = work.ClaimExecutionsRequest(worker_id="w", types=["signed"])
    (given,) = workers.ClaimExecutions(claim, metadata=worker, timeout=DEADLINE_SECONDS).executions
    workers.ReleaseExecution(
        work.ReleaseExecutionRequest(id=given.id, attempt=given.attempts), metadata=worker
    )
    _work_once(workers, "signed", worker)

    def actors(execution_id: str) -> list[str]:
        request = api.GetExecutionRequest(id=execution_id)
        return [entry.actor for entry in executions.GetExecution(request, metadata=admin).execution.history]

    assert actors(created.id) == ["producer", "worker", "worker", "worker", "worker"]
    assert actors(outcome_.execution.id) == ["producer"]


def _work_once(workers: WorkerServiceStub, type_: str, metadata: Metadata) -> None:
    """Take one execution over a stream and complete it."""
    requests: SimpleQueue[work.WorkRequest | None] = SimpleQueue()
    requests.put(work.WorkRequest(hello=work.WorkHello(worker_id="v", types=[type_], slots=1)))
    stream = workers.Work(iter(requests.get, None), metadata=metadata, timeout=DEADLINE_SECONDS)
    for response in stream:
        for given in response.assignments:
            report = work.WorkReport(
                id=given.id, attempt=given.attempts, sequence=1, complete=work.WorkCompletion()
            )
            requests.put(work.WorkRequest(reports=[report]))
        if response.acknowledgements:
            break
    requests.put(None)
    stream.cancel()


def test_what_the_server_does_by_itself_is_signed_by_it(channel: grpc.Channel, known: Credentials) -> None:
    """Also where a caller's call is what made it happen."""
    executions = ExecutionServiceStub(channel)
    producer, worker = bearer(known.tokens["producer"]), bearer(known.tokens["worker"])
    request = api.CreateExecutionRequest(type="late")
    request.timeout.FromMilliseconds(1)
    created = executions.CreateExecution(request, metadata=producer).execution
    assert created.status == PENDING
    executions.StartExecution(api.StartExecutionRequest(id=created.id), metadata=worker)

    def actors() -> list[str]:
        get = api.GetExecutionRequest(id=created.id)
        return [entry.actor for entry in executions.GetExecution(get, metadata=worker).execution.history]

    assert wait_until(lambda: (found := actors())[2:] and found, "its time is up") == [
        "producer",
        "worker",
        "server",
    ]


def test_callers_come_and_go_without_a_restart(tmp_path: Path) -> None:
    """A token is replaced without a gap, and a file that is of no use changes nothing."""
    (old, old_line), (new, new_line) = new_token("billing", "reader"), new_token("billing", "reader")
    file = tmp_path / "callers"
    file.write_text(old_line)
    options = ("--store-url", "memory://", "--tokens-file", str(file))
    with (
        service.serving(tmp_path / "server", *options) as running,
        service.channel(running.address) as channel,
    ):
        stub = ExecutionServiceStub(channel)

        def is_known(token: str) -> bool:
            try:
                stub.CountExecutions(api.CountExecutionsRequest(), metadata=bearer(token))
            except grpc.RpcError as error:
                known = refusal_of(error).reason
            else:
                known = ""
            assert known in ("", "CREDENTIALS_INVALID")
            return not known

        assert (is_known(old), is_known(new)) == (True, False)
        file.write_text(f"{old_line}\n{new_line}\n")
        wait_until(lambda: is_known(new), "the new token is known")
        assert is_known(old), "both are valid for a time"

        file.write_text(f"{new_line}\nbilling rea")
        wait_until(
            lambda: "What was read before is kept" in running.log_text(), "the file has been looked at"
        )
        assert (is_known(old), is_known(new)) == (True, True)

        file.write_text(new_line)
        wait_until(lambda: not is_known(old), "the old token is forgotten")
        assert is_known(new)
        assert old not in running.log_text()
        assert new not in running.log_text()
