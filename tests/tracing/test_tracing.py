"""One trace through client, server and store; and a worker's span that links to the trace that created its work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.process.programs import DEADLINE_SECONDS, program, run, wait_until
from tests.rpc.refusals import refused
from tests.rpc.subjects import NOBODY
from tests.service import Service
from tests.tracing.collector import Collector, Told, collecting

PROGRAM: Final = Path(__file__).with_name("program.py")
SERVICE: Final = "croco.execution.v1.ExecutionService"
CLIENT: Final = "croco.execution.v1"
TRACE_ID, SPAN_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SERVER_KIND, CLIENT_KIND, CONSUMER_KIND = 2, 3, 5


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Where the programs of a test send their spans."""
    with collecting() as running:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", running.endpoint)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield running


@pytest.fixture
def server(collector: Collector, tmp_path: Path) -> Iterator[Service]:
    """A server that traces, on a real store."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url, "--tracing", "on") as running,
    ):
        yield running


def one(collector: Collector, name: str, trace_id: str) -> Told:
    """The span of that name in a trace, once it has come."""

    def found() -> list[Told]:
        return [span for span in collector.named(name) if span.trace_id == trace_id]

    wait_until(found, f"the span {name} has come; there are {[span.name for span in collector.spans]}")
    (span,) = found()
    return span


def test_a_trace_goes_from_the_client_to_the_store_and_is_linked_from_the_worker(
    server: Service, collector: Collector
) -> None:
    """By it an operator sees which request some work was for, and where its time went."""
    ended = run(PROGRAM, server.address)
    assert ended.returncode == 0, ended.stderr
    id_, trace_parent = ended.stdout.split()

    order = collector.named("order")[0]
    client = one(collector, f"{CLIENT}/CreateExecution", order.trace_id)
    created = one(collector, f"{SERVICE}/CreateExecution", order.trace_id)
    stored = one(collector, "store create", order.trace_id)
    assert (client.parent_id, client.kind) == (order.span_id, CLIENT_KIND)
    assert (created.parent_id, created.kind) == (client.span_id, SERVER_KIND)
    assert (stored.parent_id, stored.kind) == (created.span_id, CLIENT_KIND)
    assert created.service == "execution-server"
    assert created.attributes["rpc.response.status_code"] == "OK"
    assert trace_parent.startswith(f"00-{client.trace_id}-{client.span_id}-")

    (work,) = collector.named("execute traced")
    assert work.kind == CONSUMER_KIND
    assert work.links == [f"{client.trace_id}-{client.span_id}"]
    assert work.trace_id != client.trace_id, "it may run for weeks, and a retry is another trace"
    assert work.attributes == {"execution.id": id_, "execution.type": "traced", "execution.attempt": 1}
    child = one(collector, f"{SERVICE}/CreateExecution", work.trace_id)
    assert child.attributes["rpc.response.status_code"] == "OK"

    look = collector.named("look")[0]
    missed = one(collector, f"{SERVICE}/GetExecution", look.trace_id)
    assert missed.attributes["rpc.response.status_code"] == "NOT_FOUND"
    assert missed.attributes["execution.id"] == NOBODY
    assert not missed.failed, "that there is none is an answer"
    assert one(collector, f"{CLIENT}/GetExecution", look.trace_id).failed


def test_a_batch_is_traced_to_the_store_as_well(server: Service, collector: Collector) -> None:
    """Its time goes where that of many calls would."""
    header = (("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01"),)
    with service.channel(server.address) as channel:
        stub = ExecutionServiceStub(channel)
        request = api.BatchCreateExecutionsRequest(requests=[api.CreateExecutionRequest(type="t")])
        stub.BatchCreateExecutions(request, timeout=DEADLINE_SECONDS, metadata=header)
        look = api.BatchGetExecutionsRequest(ids=[NOBODY])
        stub.BatchGetExecutions(look, timeout=DEADLINE_SECONDS, metadata=header)
    for method, asked in (("BatchCreateExecutions", "create_all"), ("BatchGetExecutions", "load_all")):
        call = one(collector, f"{SERVICE}/{method}", TRACE_ID)
        assert one(collector, f"store {asked}", TRACE_ID).parent_id == call.span_id


def test_a_log_line_names_its_trace(server: Service, collector: Collector) -> None:
    """From a line of the log to the trace, without guessing by time."""
    header = (("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01"),)
    with service.channel(server.address) as channel:
        stub = ExecutionServiceStub(channel)
        refused(
            lambda request, timeout: stub.StartExecution(request, timeout=timeout, metadata=header),
            api.StartExecutionRequest(id=NOBODY, request_id="r-1"),
        )
    span = one(collector, f"{SERVICE}/StartExecution", TRACE_ID)
    assert (span.parent_id, span.attributes["execution.request_id"]) == (SPAN_ID, "r-1")
    (line,) = [line for line in server.log_lines() if line["message"] == "failed call"]
    assert (line["trace_id"], line["span_id"], line["request_id"]) == (TRACE_ID, span.span_id, "r-1")


def test_a_server_without_a_collector_serves_and_stops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Traces help; they must not be needed."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_INSECURE", "true")
    with service.serving(tmp_path, "--store-url", "memory://", "--tracing", "on") as server:
        with service.channel(server.address) as channel:
            ExecutionServiceStub(channel).CreateExecution(
                api.CreateExecutionRequest(type="t"), timeout=DEADLINE_SECONDS
            )
        server.terminate()
        assert server.ended() == 0


def test_a_client_without_opentelemetry_does_not_load_it(server: Service) -> None:
    """Most programs have none, and should not wait for it when they start."""
    code = (
        "import sys; from execution_client import ExecutionClient\n"
        f"with ExecutionClient({server.address!r}) as client: client.create('plain')\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    with program("-c", code) as process:
        out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert out.strip() == "[]", err
