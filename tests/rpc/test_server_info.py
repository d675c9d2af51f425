"""GetServerInfo: what a server tells of itself."""

from __future__ import annotations

import importlib.metadata

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits

from tests import stores
from tests.rpc.refusals import PARTITIONS

STORE_KINDS = {
    "server": api.STORE_KIND_STANDALONE,
    "cluster": api.STORE_KIND_CLUSTER,
    "sentinel": api.STORE_KIND_SENTINEL,
}


def test_a_server_tells_what_it_is_and_what_it_takes(stub: ExecutionServiceStub) -> None:
    """So that a client need not be told a second time, and can say what a deployment promises."""
    info = stub.GetServerInfo(api.GetServerInfoRequest())
    assert info.version == importlib.metadata.version("croco-execution-server")
    assert info.store_kind == STORE_KINDS[stores.KIND]
    assert info.durability == api.DURABILITY_CLASS_RELAXED
    assert info.partitions == PARTITIONS
    told = info.limits
    assert (told.message_bytes, told.batch_size, told.page_size) == (4 * limits.MIB, 500, 1000)
    assert (told.checkpoints, told.calls_under_way, told.watches_per_connection) == (100, 8192, 1000)
    assert (told.default_deadline.ToSeconds(), told.max_deadline.ToSeconds()) == (10, 30)
