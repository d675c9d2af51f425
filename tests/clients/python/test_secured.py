"""The clients, the worker and the command against a server that encrypts and knows its callers."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest
from execution_client import (
    AsyncExecutionClient,
    AsyncJob,
    CredentialsInvalid,
    CredentialsMissing,
    DeadlineExceeded,
    ExecutionClient,
    ExecutionStatus,
    MethodForbidden,
    Tls,
    Unavailable,
    Worker,
)

from tests.certificates import Authority
from tests.process.programs import DEADLINE_SECONDS, environment
from tests.rpc.access import Credentials, credentials
from tests.service import Service, serving

NAME: Final = "execution.example"
"""In the server's certificate, beside which it is asked by its address."""


class Secured(NamedTuple):
    """A server, and what clients of it need."""

    service: Service
    known: Credentials
    folder: Path
    """With ca.crt, whom to trust, and client.crt and client.key."""
    tls: Tls

    def client(self, role: str) -> ExecutionClient:
        return ExecutionClient(self.service.address, tls=self.tls, token=self.known.tokens[role])


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """mTLS and tokens at once: who has both of them right has either."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority()
    certificate, key = authority.issue(NAME).write(folder)
    own = authority.issue("client.example")
    own.write(folder, "client")
    (folder / "ca.crt").write_bytes(authority.certificate)
    known = credentials(folder)
    tls = Tls(
        root_certificates=authority.certificate,
        certificate_chain=own.certificate,
        private_key=own.key,
        server_name=NAME,
    )
    options = ("--tls-certificate", certificate, "--tls-key", key, "--tls-client-ca", folder / "ca.crt")
    words = ("--store-url", "memory://", "--tokens-file", known.file, *options)
    with serving(folder / "server", *map(str, words)) as service:
        yield Secured(service, known, folder, tls)


async def test_an_execution_runs_to_its_end_with_each_in_his_role(secured: Secured) -> None:
    """The blocking client, the one for asyncio and the worker; the history names them."""
    worker = Worker(secured.service.address, tls=secured.tls, token=secured.known.tokens["worker"])

    @worker.task("secured")
    async def double(job: AsyncJob) -> object:
        await job.checkpoint("seen", True)
        return {"doubled": job.payload["number"] * 2}

    with secured.client("producer") as producer:
        id_ = await asyncio.to_thread(lambda: producer.create("secured", {"number": 21}).id)
    token = secured.known.tokens["reader"]
    async with AsyncExecutionClient(secured.service.address, tls=secured.tls, token=token) as reader:
        run = asyncio.create_task(worker.run())
        statuses = [message.execution.status async for message in reader.watch(id_) if message.execution]
        worker.stop()
        await run
        execution = await reader.get(id_)

    assert statuses[-1] == execution.status == ExecutionStatus.COMPLETED
    assert execution.result == {"doubled": 42}
    assert [change.actor for change in execution.history] == ["producer", "worker", "worker"]


@pytest.mark.parametrize("role", ["reader", "worker"])
def test_who_has_not_the_role_is_told_so(role: str, secured: Secured) -> None:
    """With the method, and without a second try."""
    with secured.client(role) as client, pytest.raises(MethodForbidden) as refused:
        client.create("secured")
    assert refused.value.metadata == {"method": "/croco.execution.v1.ExecutionService/CreateExecution"}


def test_tokens_that_are_worth_nothing_are_told_apart_from_none(secured: Secured) -> None:
    """What to do about it differs."""
    with secured.client("expired") as client, pytest.raises(CredentialsInvalid):
        client.count()
    with (
        ExecutionClient(secured.service.address, tls=secured.tls) as client,
        pytest.raises(CredentialsMissing),
    ):
        client.count()


async def test_a_worker_without_the_role_ends_with_the_reason(secured: Secured) -> None:
    """It would try for ever otherwise."""
    worker = Worker(secured.service.address, tls=secured.tls, token=secured.known.tokens["reader"])
    worker.task("secured")(lambda job: None)
    async with asyncio.timeout(DEADLINE_SECONDS):
        with pytest.raises(MethodForbidden):
            await worker.run()


def test_without_a_certificate_of_its_own_a_client_gets_no_answer(secured: Secured) -> None:
    """The handshake fails, which to a client is a server that is not there."""
    tls = Tls(root_certificates=secured.tls.root_certificates, server_name=NAME)
    no_answer = pytest.raises((Unavailable, DeadlineExceeded))
    with ExecutionClient(secured.service.address, tls=tls, deadline=1) as client, no_answer:
        client.count()


def test_the_command_takes_its_files_and_its_token_from_the_environment(secured: Secured) -> None:
    """As a shell of an operator has them."""
    environ = environment(
        EXECUTION_TARGET=secured.service.address,
        EXECUTION_TOKEN=secured.known.tokens["producer"],
        EXECUTION_TLS_CA=str(secured.folder / "ca.crt"),
        EXECUTION_TLS_CLIENT_CERT=str(secured.folder / "client.crt"),
        EXECUTION_TLS_CLIENT_KEY=str(secured.folder / "client.key"),
    )

    def execution(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "execution_client.cli", "--tls-server-name", NAME, *words]
        return subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
        )

    created = execution("create", "secured by command", "--json")
    assert created.returncode == 0, created.stderr
    refused = execution("start", json.loads(created.stdout)["id"])
    assert refused.returncode == 5
    assert "The caller producer may not call" in refused.stderr
    assert "METHOD_FORBIDDEN" in refused.stderr
