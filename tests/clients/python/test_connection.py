"""How a client connects: credentials, and connections that do not stand in each other's way."""

import asyncio
import shlex
import subprocess
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import grpc
import pytest
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from execution_client import AsyncExecutionClient, DeadlineExceeded, ExecutionClient, Tls

from tests.clients.python.scripted_server import LONG_SECONDS, ScriptedServer, Silence, Step

FOUND = verbs.GetExecutionResponse(execution=nouns.Execution(id="e1"))
SNAPSHOT = verbs.WatchExecutionResponse(
    revision=1, event=verbs.WATCH_EVENT_SNAPSHOT, execution=nouns.Execution(id="e1", revision=1)
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A key and a certificate for 'execution.test' that signs itself."""
    folder: Path = tmp_path_factory.mktemp("tls")
    subprocess.run(
        shlex.split(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=execution.test"
            " -addext subjectAltName=DNS:execution.test -keyout key.pem -out certificate.pem"
        ),
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return (folder / "key.pem").read_bytes(), (folder / "certificate.pem").read_bytes()


async def test_tls_with_a_client_certificate_and_a_token(
    connect: Callable[..., Any], pair: tuple[bytes, bytes]
) -> None:
    """The server sees who calls, and nobody else sees the token."""
    key, certificate = pair
    server = ScriptedServer(
        credentials=grpc.ssl_server_credentials(
            [pair], root_certificates=certificate, require_client_auth=True
        )
    )
    server.script("GetExecution", FOUND)
    tls = Tls(
        root_certificates=certificate,
        certificate_chain=certificate,
        private_key=key,
        server_name="execution.test",
    )
    assert (await connect(server.target, tls=tls, token="secret").get("e1")).id == "e1"
    assert server.received["GetExecution"][0].metadata["authorization"] == "Bearer secret"
    anonymous = connect(server.target, tls=Tls(root_certificates=certificate, server_name="execution.test"))
    with pytest.raises(DeadlineExceeded):
        await anonymous.get("e1", deadline=0.5)
    server.stop()


async def test_a_token_is_sent_in_plain_text_to_this_machine(
    connect: Callable[..., Any], server: ScriptedServer
) -> None:
    """For development, where there is no TLS and nobody listens; watches carry it too."""
    client = connect(server.target, token="secret")
    server.script("GetExecution", FOUND)
    server.script("WatchExecution", [])
    await client.get("e1")
    assert [message async for message in client.watch("e1", after_revision=1)] == []
    assert server.received["GetExecution"][0].metadata["authorization"] == "Bearer secret"
    assert server.received["WatchExecution"][0].metadata["authorization"] == "Bearer secret"


@pytest.mark.parametrize("kind", [AsyncExecutionClient, ExecutionClient])
@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("localhost:50051", True),
        ("127.0.0.1:50051", True),
        ("127.8.8.8:50051", True),
        ("[::1]:50051", True),
        ("ipv4:127.0.0.1:50051", True),
        ("ipv6:[::1]:50051", True),
        ("dns:localhost:50051", True),
        ("dns:///localhost:50051", True),
        ("unix:/run/execution.sock", True),
        ("execution.example:50051", False),
        ("10.0.0.1:50051", False),
        ("dns:///localhost.example:50051", False),
        ("dns://127.0.0.1/execution.example:50051", False),
        ("[2001:db8::1]:50051", False),
        ("ipv4:127.0.0.1:50051,10.0.0.1:50051", False),
        ("localhost:50051,execution.example", False),
        ("execution.example/localhost:50051", False),
    ],
)
def test_a_token_never_leaves_this_machine_in_plain_text(kind: type[Any], target: str, allowed: bool) -> None:
    """Whoever reads it is the caller from then on."""
    if allowed:
        kind(target, token="secret")
    else:
        with pytest.raises(ValueError, match="A token would be readable"):
            kind(target, token="secret")


@pytest.mark.parametrize("kind", [AsyncExecutionClient, ExecutionClient])
@pytest.mark.parametrize(
    "target", ["", "http://localhost:50051", "https://execution", "grpc://localhost:50051"]
)
def test_a_target_that_would_be_looked_for_in_vain_is_refused(kind: type[Any], target: str) -> None:
    """gRPC would say so after the deadline, or not in words that help."""
    with pytest.raises(ValueError, match="allowed is host:port"):
        kind(target)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": 50051}, "target must be a str, not int."),
        ({"tls": True}, "tls must be a Tls, not bool."),
        ({"token": b"s3cret"}, "token must be a str, not bytes."),
        ({"deadline": "3"}, "deadline must be a number of seconds or a timedelta, not str."),
    ],
)
def test_a_setting_of_a_wrong_type_is_named(arguments: dict[str, Any], message: str) -> None:
    """When the client is made, not by the first call."""
    with pytest.raises(TypeError) as caught:
        ExecutionClient(**{"target": "localhost:50051", **arguments})
    assert str(caught.value) == message


@pytest.mark.parametrize("token", ["", "s3cret\n", "s3crét"])
def test_a_token_that_no_header_can_hold_is_refused(token: str) -> None:
    """gRPC would only say of each call that its metadata are invalid."""
    with pytest.raises(ValueError, match="printable ASCII") as caught:
        ExecutionClient("localhost:50051", token=token)
    assert "s3cr" not in str(caught.value)


async def test_calls_to_this_machine_pass_by_the_proxy(
    connect: Callable[..., Any], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gRPC would send them, and the token with them, to the proxy that the environment names."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    server.script("GetExecution", FOUND)
    assert (await connect(server.target, token="secret").get("e1")).id == "e1"


def test_secrets_are_not_shown() -> None:
    """What is printed ends up in a log."""
    client = ExecutionClient("localhost:50051", token="s3cret", tls=Tls(private_key=b"k3y"))
    assert "s3cret" not in repr(client._settings)
    assert "k3y" not in repr(client._settings)


@pytest.mark.parametrize("field", ["root_certificates", "certificate_chain"])
def test_a_certificate_that_is_no_pem_is_refused(field: str) -> None:
    """gRPC would shake hands in vain until the deadline of the call."""
    with pytest.raises(ValueError, match=f"{field} must be PEM"):
        Tls(**{field: b"\x30\x82"})  # type: ignore[arg-type]  # any field
    with pytest.raises(TypeError, match=f"{field} must be a bytes, not str"):
        Tls(**{field: "ca.pem"})  # type: ignore[arg-type]  # what is tested


def test_times_must_be_longer_than_nothing() -> None:
    """Every call would fail, with an error that looks like the network's."""
    with pytest.raises(ValueError, match="longer than 0"):
        ExecutionClient("localhost:50051", deadline=0)
    with pytest.raises(ValueError, match="longer than 0"):
        ExecutionClient("localhost:50051", watch_silence=-1)


async def test_watches_do_not_take_the_places_of_other_calls(
    connect: Callable[..., Any], server: ScriptedServer
) -> None:
    """The server takes 100 streams per connection, and gRPC would let the 101st call wait without a word."""
    client = connect(server.target)
    silences = [Silence() for _ in range(101)]
    steps: list[Step] = [[SNAPSHOT, silence] for silence in silences]
    server.script("WatchExecution", *steps)
    watches = [client.watch("e1") for _ in silences]
    async with asyncio.timeout(LONG_SECONDS):
        for watch in watches:
            assert (await anext(watch)).revision == 1
        server.script("GetExecution", FOUND)
        assert (await client.get("e1")).id == "e1"
    peers = [received.peer for received in server.received["WatchExecution"]]
    assert len(set(peers)) == 2
    assert server.received["GetExecution"][0].peer not in peers
    for watch in watches:
        async with aclosing(watch):
            pass


def test_a_client_may_be_made_where_no_event_loop_runs(server: ScriptedServer) -> None:
    """As a module's global, for example."""
    server.script("GetExecution", FOUND)
    client = AsyncExecutionClient(server.target)

    async def use() -> str:
        async with client:
            return (await client.get("e1")).id

    assert asyncio.run(use()) == "e1"


def test_the_blocking_client_is_a_context_manager(server: ScriptedServer) -> None:
    """The twin of ``async with``."""
    server.script("GetExecution", FOUND)
    with ExecutionClient(server.target) as client:
        assert client.get("e1").id == "e1"
