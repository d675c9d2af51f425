"""What all verbs are made with."""

from __future__ import annotations

from types import TracebackType
from typing import Self, TypeVar

from .. import _tracing
from .. import _transport_async as transport
from .._problems import DeadlineExceeded
from .._settings import Settings, Tls
from .._to_wire import TimeSpan, to_seconds
from .connection import AsyncConnection

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")


class AsyncCalls:
    """Opens, uses and closes the connection."""

    def __init__(
        self,
        target: str,
        *,
        tls: Tls | None = None,
        token: str | None = None,
        deadline: TimeSpan = 10.0,
        watch_silence: TimeSpan = 30.0,
    ) -> None:
        """
        Connect with the first call.

        Args:
            target: the server as gRPC names it, such as ``localhost:50051`` or ``dns:///execution-headless:50051``.
                Calls go round robin over all addresses that the name has.
            tls: how to encrypt; None sends plain text.
            token: a bearer token to send with every call. Without ``tls``, to this machine only.
            deadline: how long a call may take, its repeats included, if it says nothing else.
            watch_silence: a watch that hears nothing for this long takes its stream for lost. The server sends
                something every 10 s.

        Raises:
            TypeError: an argument is of another type.
            ValueError: the target is empty or a URL, the token can't be sent or would go over the network in plain
                text, or a time is not longer than 0.
        """
        self._settings = Settings(
            target=target,
            tls=tls,
            token=token,
            deadline=to_seconds(deadline, "deadline"),
            watch_silence=to_seconds(watch_silence, "watch_silence"),
        )
        self._connection = AsyncConnection(self._settings)

    async def close(self) -> None:
        """End all calls and close the connections. A call after that raises ClientClosed."""
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @property
    def _stub(self) -> transport.Stub:
        return self._connection.stub

    @property
    def _work_stub(self) -> transport.WorkStub:
        return self._connection.work_stub

    async def _call(
        self,
        method: transport.UnaryMethod[_Request, _Response],
        request: _Request,
        deadline: TimeSpan | None,
    ) -> _Response:
        seconds = self._settings.deadline if deadline is None else to_seconds(deadline, "deadline")
        try:
            with _tracing.calling(request):
                return await transport.invoke(method, request, seconds, self._settings.metadata())
        except DeadlineExceeded as problem:
            # gRPC waits for a server that is not there until the deadline, and then does not say so.
            way = "with TLS" if self._settings.tls else "without TLS"
            problem.add_note(
                f"{self._settings.target} gave no answer within {seconds:g} s: can it be reached {way}?"
            )
            raise
