# Made from ../_async/connection.py by tools/unasync_client.py. Do not edit.
"""
The channels of one client: one for short calls, others for long ones.

A server takes a limited number of streams per connection, and gRPC lets a call that finds no place wait in silence.
Long calls (watches, waits) would thus stop the short ones, so they have connections of their own, and as many as
they need.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import grpc
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub

from .. import _transport_sync as transport
from .._problems import ClientClosed
from .._settings import Settings

_PLACES: Final = 100
"""How many long calls share a connection. Servers that limit streams per connection allow at least 100 (RFC 9113)."""


@dataclass(slots=True)
class _Line:
    """A channel, its stubs, and how many long calls it carries."""

    channel: transport.Channel
    stub: transport.Stub
    work_stub: transport.WorkStub
    calls: int = 0


class SyncConnection:
    """Opens channels when they are needed: a client may be made where no event loop runs, and before a fork."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # A blocking client may be used from many threads. Reentrant, because the garbage collector may at any moment
        # close a forgotten watch, which then gives its place back.
        self._lock = threading.RLock()
        self._closed = False
        self._short: _Line | None = None
        self._long: list[_Line] = []

    @property
    def stub(self) -> transport.Stub:
        """The stub for short calls."""
        return self._short_line().stub

    @property
    def work_stub(self) -> transport.WorkStub:
        """The stub for short calls of the WorkerService."""
        return self._short_line().work_stub

    @contextmanager
    def long_call(self) -> Iterator[transport.Stub]:
        """Lend a stub for one long call."""
        with self._place() as line:
            yield line.stub

    @contextmanager
    def long_work_call(self) -> Iterator[transport.WorkStub]:
        """Lend a stub for one long call of the WorkerService."""
        with self._place() as line:
            yield line.work_stub

    def close(self) -> None:
        """End all calls and close the channels. May be called twice."""
        with self._lock:
            lines = self._long if self._short is None else [self._short, *self._long]
            self._closed, self._short, self._long = True, None, []
        for line in lines:
            line.channel.close()

    def _short_line(self) -> _Line:
        with self._lock:
            if self._short is None:
                self._short = self._open(own_connection=False)
            return self._short

    @contextmanager
    def _place(self) -> Iterator[_Line]:
        line = self._take_place()
        try:
            yield line
        finally:
            with self._lock:
                line.calls -= 1

    def _take_place(self) -> _Line:
        with self._lock:
            line = next((line for line in self._long if line.calls < _PLACES), None)
            if line is None:
                line = self._open(own_connection=True)
                self._long.append(line)
            line.calls += 1
            return line

    def _open(self, *, own_connection: bool) -> _Line:
        if self._closed:
            raise ClientClosed("The client is closed.", code=grpc.StatusCode.CANCELLED)
        channel = transport.open_channel(self._settings, own_connection=own_connection)
        return _Line(channel, ExecutionServiceStub(channel), WorkerServiceStub(channel))
