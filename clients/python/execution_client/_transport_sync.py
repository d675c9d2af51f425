"""How the blocking client moves bytes: the twin of _transport_async.py, which explains the two."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

import grpc

from ._problems import Unavailable
from ._rpc_errors import problem_of
from ._settings import Settings

if TYPE_CHECKING:
    from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
    from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceStub

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_T = TypeVar("_T")

Stub: TypeAlias = "ExecutionServiceStub"
WorkStub: TypeAlias = "WorkerServiceStub"
Channel = grpc.Channel
UnaryMethod = grpc.UnaryUnaryMultiCallable
StreamMethod = grpc.UnaryStreamMultiCallable
Generated: TypeAlias = Generator[_T, None, None]
"""What a generator function answers."""

sleep = time.sleep
"""Sleep for a number of seconds."""


def open_channel(settings: Settings, *, own_connection: bool) -> Channel:
    """Make a channel. It connects with its first call."""
    options = settings.options(own_connection=own_connection)
    credentials = settings.credentials()
    if credentials is None:
        return grpc.insecure_channel(settings.target, options)
    return grpc.secure_channel(settings.target, credentials, options)


def invoke(
    method: UnaryMethod[_Request, _Response],
    request: _Request,
    seconds: float,
    metadata: tuple[tuple[str, str], ...],
) -> _Response:
    """
    Make one call, with a deadline in ``seconds``.

    Raises:
        ExecutionProblem: it was refused or has no answer.
    """
    try:
        return method(request, timeout=seconds, metadata=metadata)
    except grpc.RpcError as error:
        raise problem_of(error) from error


class Stream(Generic[_Response]):
    """
    An open stream of answers. Must be cancelled in the end.

    A blocking read has no time limit, so a thread of its own watches for how long it has been under way.
    """

    def __init__(
        self,
        method: StreamMethod[Any, _Response],
        request: object,
        silence: float,
        metadata: tuple[tuple[str, str], ...],
    ) -> None:
        self._call = method(request, metadata=metadata)
        self._silence = silence
        self._silent = False
        self._reading_since: float | None = None
        self._ended = threading.Event()
        threading.Thread(target=self._cancel_when_silent, name="watch-silence", daemon=True).start()

    def read(self) -> _Response | None:
        """
        Answer the next message; None at the end.

        Raises:
            Unavailable: nothing came for ``silence`` seconds, or up to a quarter more.
            ExecutionProblem: the stream ended with an error.
        """
        self._reading_since = time.monotonic()
        try:
            return next(self._call, None)
        except grpc.RpcError as error:
            if self._silent:
                message = f"Nothing came for {self._silence:g} s."
                raise Unavailable(message, code=grpc.StatusCode.UNAVAILABLE) from None
            raise problem_of(error) from error
        finally:
            self._reading_since = None

    def cancel(self) -> None:
        """End the call, if it has not ended."""
        self._ended.set()
        self._call.cancel()

    def _cancel_when_silent(self) -> None:
        while not self._ended.wait(self._silence / 4):
            since = self._reading_since
            if since is not None and time.monotonic() - since > self._silence:
                self._silent = True
                self._call.cancel()
                return
