"""TLS and mTLS: who is let in, whose name a certificate carries, and new certificates under load without a restart."""

from __future__ import annotations

import asyncio
import ssl
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import grpc
import grpc.aio
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.callers import new_token

from tests import service
from tests.certificates import Authority, Pair
from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.rpc.access import Metadata, bearer
from tests.rpc.refusals import refusal_of
from tests.waiting import until

MEMORY: Final = ("--store-url", "memory://")
HERE: Final = ("localhost", "127.0.0.1")
STEADY, NEW = "calls on connections that stand", "calls on new connections"
CALLS: Final = 25
"""How many of each kind are made in each state of the files, at least."""


@pytest.fixture(autouse=True)
def _empty() -> None:
    """There is nothing to empty: the store is in the server's memory."""


def options(folder: Path, *, client_ca: bool = False) -> tuple[str, ...]:
    """What a server is given that finds its files in *folder*."""
    files = ("--tls-certificate", str(folder / "tls.crt"), "--tls-key", str(folder / "tls.key"))
    return (*MEMORY, *files, *(("--tls-client-ca", str(folder / "ca.crt")) if client_ca else ()))


def channel(address: str, trusted: bytes, own: Pair | None = None) -> grpc.aio.Channel:
    """An encrypted connection of its own."""
    credentials = grpc.ssl_channel_credentials(
        trusted, own.key if own else None, own.certificate if own else None
    )
    return grpc.aio.secure_channel(address, credentials, service.CHANNEL_OPTIONS)


async def count(connected: grpc.aio.Channel, metadata: Metadata = ()) -> int:
    """One call."""
    stub: Any = ExecutionServiceStub(connected)  # its types are those of the blocking one
    request = api.CountExecutionsRequest()
    response = await stub.CountExecutions(request, metadata=metadata, timeout=DEADLINE_SECONDS)
    return int(response.count)


async def outcome(address: str, trusted: bytes, own: Pair | None = None, token: str = "") -> str:
    """How a call on a new connection ends: ``OK``, a reason, or a code without one."""
    async with channel(address, trusted, own) as connected:
        try:
            await count(connected, bearer(token) if token else ())
        except grpc.aio.AioRpcError as error:
            return "UNAVAILABLE" if error.code() == grpc.StatusCode.UNAVAILABLE else refusal_of(error).reason
        return "OK"


def shown(address: str) -> str:
    """The certificate that the server shows to who connects now."""
    host, _, port = address.rpartition(":")
    return ssl.get_server_certificate((host, int(port)), timeout=DEADLINE_SECONDS)


def test_a_port_with_tls_takes_no_plaintext(tmp_path: Path) -> None:
    """Nor a client that trusts somebody else."""
    authority = Authority()
    authority.issue(*HERE).write(tmp_path)
    with service.serving(tmp_path / "server", *options(tmp_path)) as server:
        assert asyncio.run(outcome(server.address, authority.certificate)) == "OK"
        assert asyncio.run(outcome(server.address, Authority().certificate)) == "UNAVAILABLE"
        with service.channel(server.address) as plain, pytest.raises(grpc.RpcError) as raised:
            ExecutionServiceStub(plain).CountExecutions(
                api.CountExecutionsRequest(), timeout=DEADLINE_SECONDS
            )
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE


def test_several_workers_share_a_port_with_tls(tmp_path: Path) -> None:
    """Each has the files from the supervisor's settings."""
    authority = Authority()
    pair = authority.issue(*HERE)
    pair.write(tmp_path)
    _, *files = options(tmp_path)
    words = ("--data-dir", str(tmp_path / "data"), "--workers", "2", *files[1:])
    with service.serving(tmp_path / "server", *words) as server:
        assert asyncio.run(outcome(server.address, authority.certificate)) == "OK"
        assert shown(server.address) == pair.certificate.decode()
        server.terminate()
        assert server.ended() == 0


class Load:
    """Clients that call all the time, on connections that stand and on new ones."""

    def __init__(self, address: str, trusted: bytes) -> None:
        self._address, self._trusted = address, trusted
        self.made: Counter[str] = Counter()
        self.failed: list[str] = []

    async def steady(self) -> None:
        async with channel(self._address, self._trusted) as connected:
            while True:
                await self._call(STEADY, connected)

    async def new(self) -> None:
        while True:
            async with channel(self._address, self._trusted) as connected:
                await self._call(NEW, connected)

    async def goes_on(self) -> None:
        """Return when as many more calls were made as there have to be."""
        enough = {kind: self.made[kind] + CALLS for kind in (STEADY, NEW)}
        await until(
            lambda: all(self.made[kind] >= enough[kind] for kind in enough), "calls go on", DEADLINE_SECONDS
        )

    async def _call(self, kind: str, connected: grpc.aio.Channel) -> None:
        try:
            await count(connected)
        except grpc.aio.AioRpcError as error:
            self.failed.append(f"{kind}: {error.code()} {error.details()}")
        self.made[kind] += 1


async def test_certificates_are_replaced_under_load_without_a_failed_call(tmp_path: Path) -> None:
    """
    Also by another authority, and also where somebody connects between the writing of the certificate and of its key.

    Each half of a pair stays alone until many have connected, which is longer than any careful writer would leave it.
    """
    first, second = Authority(), Authority()
    pairs = [authority.issue(*HERE) for authority in (first, first, second, first)]
    pairs[0].write(tmp_path)
    with service.serving(tmp_path / "server", *options(tmp_path)) as server:
        load = Load(server.address, first.certificate + second.certificate)
        callers = [asyncio.create_task(one()) for one in (load.steady, load.steady, load.new, load.new)]
        await load.goes_on()
        for number, (old, new) in enumerate(pairwise(pairs)):
            halves = [("tls.crt", new.certificate), ("tls.key", new.key)]
            for name, content in halves if number % 2 else reversed(halves):
                assert await asyncio.to_thread(shown, server.address) == old.certificate.decode()
                (tmp_path / name).write_bytes(content)
                await load.goes_on()
            assert await asyncio.to_thread(shown, server.address) == new.certificate.decode()
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)

        assert load.failed == []
        assert "are not a certificate and its key" in server.log_text()


async def test_under_mtls_only_clients_of_the_authority_are_let_in(tmp_path: Path) -> None:
    """None without a certificate, with a stranger's, or with one that has expired."""
    authority, clients = Authority(), Authority()
    authority.issue(*HERE).write(tmp_path)
    (tmp_path / "ca.crt").write_bytes(clients.certificate)
    with service.serving(tmp_path / "server", *options(tmp_path, client_ca=True)) as server:

        async def let_in(own: Pair | None) -> str:
            return await outcome(server.address, authority.certificate, own)

        assert await let_in(clients.issue("client.example")) == "OK"
        assert await let_in(None) == "UNAVAILABLE"
        assert await let_in(Authority().issue("client.example")) == "UNAVAILABLE"
        assert await let_in(authority.issue("client.example")) == "UNAVAILABLE"
        assert await let_in(clients.issue("client.example", expired=True)) == "UNAVAILABLE"

        others = Authority()
        assert await let_in(others.issue("new.example")) == "UNAVAILABLE"
        (tmp_path / "ca.crt").write_bytes(clients.certificate + others.certificate)
        assert await let_in(others.issue("new.example")) == "OK"
        assert await let_in(clients.issue("client.example")) == "OK"
        (tmp_path / "ca.crt").write_bytes(others.certificate)
        assert await let_in(clients.issue("client.example")) == "UNAVAILABLE"


async def test_a_certificate_says_who_calls(tmp_path: Path) -> None:
    """By any of its names; a token beside it counts for more, and one that is worth nothing is not made up for."""
    authority = Authority()
    authority.issue(*HERE).write(tmp_path)
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    token, line = new_token("tokens", "worker")
    lines = (
        line,
        "runner reader certificate:spiffe://prod/runner",
        "host reader certificate:reader.example",
        "owner admin certificate:10.1.2.3",
        "gone reader certificate:gone.example 2001-01-01T00:00:00Z",
    )
    (tmp_path / "callers").write_text("\n".join(lines))
    words = (*options(tmp_path, client_ca=True), "--tokens-file", str(tmp_path / "callers"))
    with service.serving(tmp_path / "server", *words) as server:

        async def by(*names: str, token: str = "") -> str:
            return await outcome(server.address, authority.certificate, authority.issue(*names), token)

        assert await by("other.example", "spiffe://prod/runner") == "OK"
        assert await by("reader.example") == "OK"
        assert await by("10.1.2.3") == "OK"
        assert await by("spiffe://prod/other") == "CREDENTIALS_INVALID"
        assert await by("sub.reader.example") == "CREDENTIALS_INVALID"
        assert await by("gone.example") == "CREDENTIALS_INVALID"
        assert await by("reader.example", token=token) == "METHOD_FORBIDDEN"
        assert await by("reader.example", token="x") == "CREDENTIALS_INVALID"
        wait_until(lambda: "CREDENTIALS_INVALID" in server.log_text(), "the refusal is logged")
        assert token not in server.log_text()
