"""A version beside the one after it, on one store, as while a new one is rolled out."""

from __future__ import annotations

from pathlib import Path

from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers, service
from tests.rpc.subjects import create, get, start
from tests.rpc.test_wire import UNKNOWN_FIELD


def test_what_a_later_version_wrote_is_kept_by_an_earlier_one(tmp_path: Path) -> None:
    """A field that this version does not know is still there after it has changed the execution."""
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url) as server,
        service.channel(server.address) as channel,
        store.client() as client,
    ):
        stub = ExecutionServiceStub(channel)
        created = create(stub)
        (record,) = client.scan_iter(f"*:x:{created.id}", count=1_000)
        head = client.hget(record, "head")
        assert isinstance(head, bytes)
        # A commit of its own: to the same revision, so that nothing but the field tells the two apart.
        client.hset(record, mapping={"head": head + UNKNOWN_FIELD, "v": "1.another"})

        started = start(stub, created.id)

        assert started.revision == 2
        assert get(stub, created.id).status == started.status
        assert UNKNOWN_FIELD in (client.hget(record, "head") or b"")
