"""The servers that the scenario is played against, and what happens to them meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub

from tests import servers
from tests.certificates import Authority
from tests.process.programs import wait_until
from tests.rpc.access import credentials
from tests.service import channel, serving

NOWHERE: Final = "127.0.0.1:1"
"""An address where nobody answers."""
PROCESSES: Final = 2
ANYBODY: Final = "0190a3c4-5b6c-7d3e-8f00-112233445566"


class World:
    """
    A store and the servers on it: ``main``, of two processes; ``small``, which takes one call and one watch at a time;
    ``closed``, which knows its callers; ``encrypted``, which moreover has a certificate.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.store = stack.enter_context(servers.running("valkey9"))
        store = ("--store-url", self.store.url)
        self.main = stack.enter_context(serving(folder / "main", *store, "--workers", str(PROCESSES)))
        few = ("--max-watches", "1", "--max-inflight", "1")
        self.small = stack.enter_context(serving(folder / "small", *store, *few))
        authority, callers = Authority(), credentials(folder)
        known = ("--tokens-file", str(callers.file))
        self._tokens = {**callers.tokens, "nobody": "x" * 43}
        self._trusted = folder / "ca"
        self._trusted.write_bytes(authority.certificate)
        certificate, key = authority.issue("127.0.0.1", "localhost").write(folder)
        encryption = ("--tls-certificate", str(certificate), "--tls-key", str(key))
        closed = stack.enter_context(serving(folder / "closed", *store, *known))
        encrypted = stack.enter_context(serving(folder / "encrypted", *store, *known, *encryption))
        self._services = {"main": self.main, "small": self.small, "closed": closed, "encrypted": encrypted}
        self._filling = ExitStack()
        stack.enter_context(self._filling)

    def options(self, at: str, token: str | None = None) -> tuple[str, ...]:
        """The driver's options for calls to a server, as the caller of a name."""
        target = self._services[at].address if at in self._services else NOWHERE
        caller = ("--token", self._tokens[token]) if token else ()
        trust = ("--ca", str(self._trusted)) if at == "encrypted" else ()
        return ("--target", target, *caller, *trust)

    def happen(self, what: str) -> None:
        """What a step says under ``server`` or ``store``."""
        match what:
            case "drain":
                self._drain()
            case "start":
                self.main.start()
            case "drain and start again":
                self._drain()
                self.main.start()
            case "kill and start again":
                self._kill()
                self.main.start()
            case "fill":
                self._fill()
            case "empty":
                self._empty()
            case "pause":
                self.store.pause()
            case "resume":
                self.store.resume()
            case _:
                raise AssertionError(f"nobody knows how to {what}")

    def _drain(self) -> None:
        self.main.terminate()
        assert self.main.ended() == 0

    def _kill(self) -> None:
        """Workers outlive their supervisor for as long as they drain, so it does not get the chance to tell them."""
        serving = [line["process"] for line in self.main.log_lines() if line["message"] == "serving"]
        for pid in (self.main.process.pid, *serving[-PROCESSES:]):
            os.kill(pid, signal.SIGKILL)
        self.main.ended()

    def _fill(self) -> None:
        """Have the one place of ``small`` taken by a call that waits for the store, until ``empty``."""
        stub: Any = ExecutionServiceStub(self._filling.enter_context(channel(self.small.address)))
        request = api.GetExecutionRequest(id=ANYBODY)
        self.store.pause()
        fillers = [stub.GetExecution.future(request, timeout=60)]

        def taken() -> bool:
            if fillers[-1].done():  # the look at it was faster
                fillers.append(stub.GetExecution.future(request, timeout=60))
            try:
                stub.GetExecution(request, timeout=1)
            except grpc.RpcError as error:
                refused = error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                return bool(refused and not fillers[-1].done())
            return False

        wait_until(taken, "the place is taken")
        self._filling.callback(fillers[-1].cancel)  # gRPC cancels a call that nobody refers to

    def _empty(self) -> None:
        """Give the place back, and wait until it is free: what fills it ends a moment after it is told to."""
        self.store.resume()
        self._filling.close()
        with channel(self.small.address) as connected:
            stub: Any = ExecutionServiceStub(connected)

            def free() -> bool:
                code = stub.GetExecution.future(api.GetExecutionRequest(id=ANYBODY), timeout=5).code()
                return bool(code is grpc.StatusCode.NOT_FOUND)

            wait_until(free, "the place is free")


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """All of it for as long as the context lasts."""
    with ExitStack() as stack:
        yield World(folder, stack)
