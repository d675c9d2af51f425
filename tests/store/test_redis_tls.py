"""The store over TLS, as the user that docs/operations.md names: Debian's server is the one here that speaks it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.store.contract import StoreContract
from execution_server.store.redis import RedisStore, open_store
from execution_server.store.redis import open as opening

from tests import service, store_user
from tests.certificates import Authority
from tests.servers import Server
from tests.waiting import until

KIND: Final = "redis7"
TRIES: Final = 5
"""A free port may be taken by somebody else before the store has it."""


class Encrypted(NamedTuple):
    """A store that speaks TLS, to clients that show a certificate."""

    server: Server
    port: int
    folder: Path
    """With ca.crt, whom to trust, other.crt, whom not to, and client.crt and client.key."""

    def url(self, host: str = "localhost", ca: str = "ca.crt", own: str = "client") -> str:
        """As in docs/operations.md."""
        user = f"{store_user.NAME}:{store_user.PASSWORD}"
        files = {
            "ssl_ca_certs": ca,
            **({"ssl_certfile": f"{own}.crt", "ssl_keyfile": f"{own}.key"} if own else {}),
        }
        query = "&".join(f"{name}={self.folder / file}" for name, file in files.items())
        return f"rediss://{user}@{host}:{self.port}/0?{query}"


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Encrypted]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority()
    certificate, key = authority.issue("localhost").write(folder)
    authority.issue("execution.example").write(folder, "client")
    (folder / "ca.crt").write_bytes(authority.certificate)
    (folder / "other.crt").write_bytes(Authority().certificate)
    files = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", folder / "ca.crt")
    with _listening(*map(str, files)) as (server, port):
        server.command("ACL", "SETUSER", store_user.NAME, *store_user.with_password())
        yield Encrypted(server, port, folder)
        assert server.command("ACL", "LOG") == []


@contextmanager
def _listening(*arguments: str) -> Iterator[tuple[Server, int]]:
    """A server with a port of its own for TLS."""
    for left in reversed(range(TRIES)):
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        try:
            server = Server(KIND, arguments=("--bind", "127.0.0.1", "--tls-port", str(port), *arguments))
        except AssertionError:
            if not left:
                raise
        else:
            break
    try:
        yield server, port
    finally:
        server.stop()


class TestRedisStoreOverTls(StoreContract):
    @pytest.fixture
    async def store(self, encrypted: Encrypted) -> AsyncIterator[RedisStore]:
        encrypted.server.command("FLUSHALL")
        store = await open_store(encrypted.url())
        yield store
        await store.close()


def test_a_server_keeps_executions_over_tls(encrypted: Encrypted, tmp_path: Path) -> None:
    """On the event loop that servers run on, with the URL in a file, as it holds a password; and again after a loss."""
    encrypted.server.command("FLUSHALL")
    (tmp_path / "url").write_text(encrypted.url())
    with (
        service.serving(tmp_path / "server", "--store-url-file", str(tmp_path / "url")) as running,
        service.channel(running.address) as channel,
    ):
        stub = ExecutionServiceStub(channel)
        created = stub.CreateExecution(api.CreateExecutionRequest(type="encrypted")).execution
        watch = stub.WatchExecution(api.WatchExecutionRequest(id=created.id))
        assert next(watch).execution.id == created.id
        encrypted.server.command("CLIENT", "KILL", "USER", store_user.NAME)
        stub.StartExecution(api.StartExecutionRequest(id=created.id))
        assert next(message for message in watch if message.execution.attempts).execution.attempts == 1
        watch.cancel()
        assert store_user.PASSWORD not in running.log_text()


@pytest.mark.parametrize(
    ("host", "ca", "own", "why"),
    [
        ("localhost", "other.crt", "client", "certificate verify failed"),
        ("127.0.0.1", "ca.crt", "client", "certificate verify failed"),
        ("localhost", "ca.crt", "", "waiting for the store: "),
    ],
    ids=["another authority", "another name", "no certificate of its own"],
)
async def test_a_store_that_is_not_the_right_one_is_not_spoken_to(
    host: str,
    ca: str,
    own: str,
    why: str,
    encrypted: Encrypted,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is waited for, as an operator may be replacing its certificate, and the log says why."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", 0.5)
    waiting = asyncio.create_task(open_store(encrypted.url(host, ca, own)))
    await until(lambda: "waiting for the store: " in caplog.text, "it is waited for")
    assert not waiting.done()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert why in caplog.text
    assert store_user.PASSWORD not in caplog.text


async def test_the_files_are_read_for_every_connection(
    encrypted: Encrypted, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """So that the authority of a store, and the server's own certificate, can be replaced without a restart."""
    monkeypatch.setattr(opening, "PATIENCE_SECONDS", 0.5)
    (encrypted.folder / "replaced.crt").write_bytes((encrypted.folder / "other.crt").read_bytes())
    waiting = asyncio.create_task(open_store(encrypted.url(ca="replaced.crt")))
    await until(lambda: "certificate verify failed" in caplog.text, "it is waited for")

    (encrypted.folder / "replaced.crt").write_bytes((encrypted.folder / "ca.crt").read_bytes())

    store = await waiting
    await store.close()
