"""SIGTERM: what a server that stops owes to those who use it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import RUNNING

from tests import servers, service
from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import refusal_of
from tests.rpc.subjects import create, get, in_status
from tests.rpc.test_health import LIVENESS, NOT_SERVING, READINESS, SERVING, changes, status


def test_a_stopping_server_says_so_first_and_still_serves(tmp_path: Path) -> None:
    """Load balancers need a moment to notice; whom they still send here in the meantime is served."""
    options = ("--store-url", "memory://", "--drain-delay", "3s")
    with service.serving(tmp_path, *options) as server, service.channel(server.address) as channel:
        stub = ExecutionServiceStub(channel)
        readiness = [changes(channel, name) for name in READINESS]
        assert [next(one) for one in readiness] == [SERVING] * len(READINESS)
        execution = in_status(stub, RUNNING)
        watch = stub.WatchExecution(api.WatchExecutionRequest(id=execution.id), timeout=DEADLINE_SECONDS)
        next(watch)

        server.terminate()

        assert [next(one) for one in readiness] == [NOT_SERVING] * len(READINESS)
        assert status(channel, LIVENESS) == SERVING, "it is not to be killed while it drains"
        late = create(stub)
        assert get(stub, late.id) == late

        # When the delay is over those who watch are told to go on elsewhere, and after which revision.
        with pytest.raises(grpc.RpcError) as raised:
            next(watch)
        refusal = refusal_of(raised.value)
        assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "SERVER_DRAINING")
        assert refusal.metadata == {"revision": str(execution.revision)}
        assert refusal.retry_ms is not None
        for one in readiness:  # it stays NOT_SERVING, although the store answers, until the stream ends
            with pytest.raises(grpc.RpcError):
                next(one)
        assert server.ended() == 0
    assert "Traceback" not in server.log_text()


def test_calls_under_way_finish_before_the_server_ends(tmp_path: Path) -> None:
    """What was begun is answered: here a call that waits for a store which comes back only after SIGTERM."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url) as server,
        service.channel(server.address) as channel,
        ThreadPoolExecutor(1) as threads,
    ):
        stub = ExecutionServiceStub(channel)
        execution = create(stub)
        readiness = changes(channel, "")
        assert next(readiness) == SERVING
        watch = stub.WatchExecution(api.WatchExecutionRequest(id=execution.id), timeout=DEADLINE_SECONDS)
        next(watch)
        store.pause()
        start = api.StartExecutionRequest(id=execution.id)
        under_way = threads.submit(stub.StartExecution, start, timeout=DEADLINE_SECONDS)
        # That the store is away takes longer to notice than a call to arrive.
        assert next(readiness) == NOT_SERVING

        server.terminate()
        with pytest.raises(grpc.RpcError) as raised:
            next(watch)
        assert refusal_of(raised.value).reason == "SERVER_DRAINING"
        store.resume()

        assert under_way.result(DEADLINE_SECONDS).execution.status == RUNNING
        assert server.ended() == 0
    assert "Traceback" not in server.log_text()


def test_a_server_that_has_stopped_takes_no_new_calls(tmp_path: Path) -> None:
    """The connection is closed, so that a client goes on elsewhere at once."""
    with (
        service.serving(tmp_path, "--store-url", "memory://") as server,
        service.channel(server.address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        create(stub)
        server.terminate()
        assert server.ended() == 0
        with pytest.raises(grpc.RpcError) as raised:
            create(stub)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
