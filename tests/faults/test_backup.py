"""Backup and restore as docs/operations.md says: what a snapshot has, a new store has, and it is durable again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import ALLOWED

from tests import servers, service
from tests.process.programs import wait_until
from tests.rpc.subjects import create, get, in_status, start
from tests.servers import Server
from tests.store.checker import check


def persistence(store: Server, *of: str) -> list[Any]:
    """What the store says of its files."""
    information = store.command("INFO", "persistence")
    return [information[name] for name in of]


def back_up(store: Server, to: Path) -> None:
    """A snapshot while the service runs."""
    store.command("BGSAVE")
    wait_until(lambda: persistence(store, "rdb_bgsave_in_progress") == [0], "the snapshot is written")
    assert persistence(store, "rdb_last_bgsave_status") == ["ok"]
    shutil.copy(store.folder / "dump.rdb", to)


def restore(store: Server, snapshot: Path) -> None:
    """Into *store*, by way of one without an append-only file: with it the snapshot is not read."""
    with servers.running(store.kind) as reader:
        fill(reader, [snapshot])
        reader.command("CONFIG", "SET", "appendonly", "yes")
        rewriting = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
        wait_until(lambda: persistence(reader, *rewriting) == [0, 0], "the append-only file is written")
        assert persistence(reader, "aof_last_bgrewrite_status") == ["ok"]
        reader.kill9()
        fill(store, [path for path in reader.folder.iterdir() if not path.is_socket()])


def fill(store: Server, files: list[Path]) -> None:
    """Start *store* again with these in its folder and nothing else."""
    store.kill9()
    for path in store.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in files:
        to = store.folder / path.name
        shutil.copytree(path, to) if path.is_dir() else shutil.copy(path, to)
    store.start()


@contextmanager
def calls(folder: Path, store: Server) -> Iterator[ExecutionServiceStub]:
    """A server on *store*, called."""
    with (
        service.serving(folder, "--store-url", store.url) as server,
        service.channel(server.address) as channel,
    ):
        yield ExecutionServiceStub(channel)


@pytest.mark.parametrize("kind", servers.KINDS)
def test_what_was_backed_up_is_there_after_a_restore(tmp_path: Path, kind: str) -> None:
    """And what is changed from then on outlives the store's death as before."""
    snapshot = tmp_path / "dump.rdb"
    with servers.running(kind, durable=True) as store, calls(tmp_path / "before", store) as stub:
        kept = [in_status(stub, status) for status in ALLOWED]
        waiting = create(stub, idempotency_key="order 7")
        back_up(store, snapshot)
        late = create(stub)

    with servers.running(kind, durable=True) as store, store.client() as client:
        restore(store, snapshot)
        with calls(tmp_path / "after", store) as stub:
            assert [get(stub, one.id) for one in kept] == kept
            with pytest.raises(grpc.RpcError) as raised:
                get(stub, late.id)
            assert raised.value.code() == grpc.StatusCode.NOT_FOUND
            assert create(stub, idempotency_key="order 7") == waiting
            started = start(stub, waiting.id)
            store.restart()
            assert get(stub, waiting.id) == started
        assert check(client) == []
