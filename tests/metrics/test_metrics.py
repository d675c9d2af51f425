"""What a server tells Prometheus."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any, Final

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.metrics.endpoint import TYPES

from tests import servers, service
from tests.metrics.scrape import METRICS, addresses, get, scrape
from tests.metrics.traffic import live, lose_worker, refuse
from tests.process.programs import wait_until
from tests.raw_worker import RawWorker
from tests.service import Service
from tests.waiting import until

CREATE: Final = "croco.execution.v1.ExecutionService/CreateExecution"
GET: Final = "croco.execution.v1.ExecutionService/GetExecution"
WATCH: Final = "croco.execution.v1.ExecutionService/WatchExecution"
CALLS: Final = "grpc_server_call_duration_seconds_count"


async def test_what_happens_is_counted(store: servers.Server, tmp_path: Path) -> None:
    """Each number against what was done, on a server where nothing else happens."""
    with service.serving(tmp_path, "--store-url", store.url, *METRICS) as server:
        (address,) = addresses(server)
        async with service.aio_channel(server.address) as channel:
            for _ in range(3):
                await live(channel, "mail")
            await refuse(channel)
            await lose_worker(channel, "lost")
            seen = await asyncio.to_thread(scrape, address)

    assert seen.sum(CALLS, method=CREATE, code="OK") == 4
    assert seen.sum(CALLS, method=GET, code="NOT_FOUND") == 1
    assert seen.sum(CALLS, method=WATCH, code="OK") == 3
    assert seen.sum("grpc_server_call_duration_seconds_sum", method=CREATE) > 0
    transitions = {
        (one.labels["from"], one.labels["to"], one.labels["reason"]): one.value
        for one in seen.of("execution_transitions_total")
    }
    assert transitions == {
        ("none", "pending", "created"): 4,
        ("pending", "running", "started"): 4,
        ("running", "completed", "succeeded"): 3,
        ("running", "retrying", "lease_expired"): 1,
    }
    assert seen["execution_leases_lost_total"] == 1
    assert seen.sum("execution_stored_executions", type="mail", status="completed") == 3
    assert seen["execution_stored_executions"] == 4
    assert seen["execution_store_round_trip_seconds_count"] > 4
    assert seen["execution_watch_lag_seconds_count"] >= 6, "each watch tells at least of two changes"
    assert seen["execution_sweep_lateness_seconds_count"] == 1
    assert seen["execution_sweep_age_seconds"] >= 0
    assert seen["execution_ready"] == 1
    assert seen["process_resident_memory_bytes"] > 1 << 20
    for quiet in ("commit_conflicts", "store_retries", "store_connections_lost", "calls_refused"):
        assert seen[f"execution_{quiet}_total"] == 0


async def test_what_is_under_way_is_told_while_it_is(store: servers.Server, tmp_path: Path) -> None:
    """By class, with its limit; and a worker's slots, busy and free."""
    options = ("--store-url", store.url, "--max-watches", "1", *METRICS)
    with service.serving(tmp_path, *options) as server:
        (address,) = addresses(server)
        async with service.aio_channel(server.address) as channel:
            stub: Any = ExecutionServiceStub(channel)
            created = await stub.CreateExecution(api.CreateExecutionRequest(type="held"))
            watch = stub.WatchExecution(api.WatchExecutionRequest(id=created.execution.id))
            await watch.read()
            refused = stub.WatchExecution(api.WatchExecutionRequest(id=created.execution.id))
            await refused.code()
            async with RawWorker(channel, "held", slots=3) as worker:
                await until(lambda: worker.assignments, "it was given the execution")
                seen = await asyncio.to_thread(scrape, address)
            watch.cancel()
            wait_until(
                lambda: scrape(address)["execution_calls_in_flight"] == 0, "nothing is under way any more"
            )

    flying = {one.labels["class"]: one.value for one in seen.of("execution_calls_in_flight")}
    assert flying == {"unary": 0, "watch": 1, "worker": 1}
    assert seen.sum("execution_calls_limit", **{"class": "watch"}) == 1
    assert seen.sum("execution_calls_refused_total", **{"class": "watch"}) == 1
    slots = {one.labels["state"]: one.value for one in seen.of("execution_worker_slots")}
    assert slots == {"busy": 1, "free": 2}


async def test_a_store_that_is_away_is_told_of_and_keeps_no_page_back(tmp_path: Path) -> None:
    """Metrics are wanted most when something is wrong."""
    with (
        servers.running("valkey9") as own,
        service.serving(tmp_path, "--store-url", own.url, *METRICS) as server,
    ):
        (address,) = addresses(server)
        own.kill9()
        wait_until(lambda: scrape(address)["execution_ready"] == 0, "the store is missed")
        seen = scrape(address)
        assert seen["execution_store_connections_lost_total"] >= 1
        assert seen["execution_store_retries_total"] >= 1
        own.start()
        wait_until(lambda: scrape(address)["execution_ready"] == 1, "the store is back")


def test_there_is_one_page_and_only_to_be_read(metered: tuple[Service, str]) -> None:
    """The port tells of numbers and of nothing else."""
    _, address = metered
    assert get(address)[0] == 200
    for path in ("/", "/metrics/", "/favicon.ico", "/debug/pprof", "/metrics/../etc/passwd"):
        assert get(address, path)[0] == 404
    for method in ("POST", "PUT", "DELETE"):
        assert get(address, method=method)[0] == 405


def test_names_and_units_are_as_prometheus_wants_them(metered: tuple[Service, str]) -> None:
    """Base units in the name, _total for what only grows; and each metric says what it means."""
    _, address = metered
    for name, family in scrape(address).families.items():
        if name.startswith("process_"):
            continue  # the library's own
        assert re.fullmatch(r"(execution|grpc_server)_[a-z_]+", name)
        assert family.documentation.endswith("."), name
        if family.type == "histogram":
            assert name.endswith("_seconds")
        assert not re.search(r"(milliseconds|_ms|minutes|_count|_total)$", name)


def test_each_process_has_a_port_of_its_own(tmp_path: Path) -> None:
    """Behind one port a scrape would tell of another process each time, and counters would jump."""
    options = ("--data-dir", str(tmp_path / "data"), "--workers", "2", *METRICS)
    with service.serving(tmp_path, *options) as server:
        first, second = addresses(server, 2)
        assert first != second
        pids = {line["process"] for line in server.log_lines() if line["message"] == "metrics"}
        assert len(pids) == 2
        for address in (first, second):
            assert scrape(address)["execution_ready"] == 1


def test_a_busy_port_is_told_in_a_sentence(metered: tuple[Service, str], tmp_path: Path) -> None:
    """And the server does not start without the metrics that it was told to have."""
    _, address = metered
    second = Service(tmp_path, "--store-url", "memory://", "--metrics-listen", address)
    second.launch()
    assert second.ended() == 1
    assert f"The metrics cannot be served on {address}: Address already in use." in second.log_text()


def test_without_a_port_there_is_no_page(tmp_path: Path) -> None:
    """Nor is the library loaded."""
    with service.serving(tmp_path, "--store-url", "memory://") as server:
        assert not [line for line in server.log_lines() if line["message"] == "metrics"]
        loaded = Path(f"/proc/{server.process.pid}/maps")
        assert not loaded.exists() or "prometheus" not in loaded.read_text()


async def test_types_are_bounded(metered: tuple[Service, str]) -> None:
    """Who makes a type per execution must not make a series per execution; none is left out of the sum."""
    server, address = metered
    before = await asyncio.to_thread(scrape, address)
    assert before["execution_stored_executions"] == 0
    async with service.aio_channel(server.address) as channel:
        stub: Any = ExecutionServiceStub(channel)
        for number in range(TYPES + 5):
            await stub.CreateExecution(api.CreateExecutionRequest(type=f"type-{number}"))

    def all_seen() -> bool:
        return scrape(address)["execution_stored_executions"] == TYPES + 5

    await asyncio.to_thread(wait_until, all_seen, "they are counted again")
    seen = await asyncio.to_thread(scrape, address)
    assert len({one.labels["type"] for one in seen.of("execution_stored_executions")}) == TYPES + 1
    assert seen.sum("execution_stored_executions", type="") == 5
