"""
How the asyncio client moves bytes. _transport_sync.py is the blocking twin with the same names: whatever the two
clients must do in different ways is in these two files, everything else is written once, in _async.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

import grpc
import grpc.aio

from ._problems import Cancelled, Unavailable
from ._rpc_errors import problem_of
from ._settings import Settings

if TYPE_CHECKING:
    from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceAsyncStub
    from croco.execution.v1.worker_service_pb2_grpc import WorkerServiceAsyncStub

_Request = TypeVar("_Request")
_Response = TypeVar("_Response")
_T = TypeVar("_T")

Stub: TypeAlias = "ExecutionServiceAsyncStub"
WorkStub: TypeAlias = "WorkerServiceAsyncStub"
Channel = grpc.aio.Channel
UnaryMethod = grpc.aio.UnaryUnaryMultiCallable
StreamMethod = grpc.aio.UnaryStreamMultiCallable
Generated: TypeAlias = AsyncGenerator[_T, None]
"""What a generator function answers."""

sleep = asyncio.sleep
"""Sleep for a number of seconds."""


def open_channel(settings: Settings, *, own_connection: bool) -> Channel:
    """Make a channel. It connects with its first call."""
    options = settings.options(own_connection=own_connection)
    credentials = settings.credentials()
    if credentials is None:
        return grpc.aio.insecure_channel(settings.target, options)
    return grpc.aio.secure_channel(settings.target, credentials, options)


async def invoke(
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
        return await method(request, timeout=seconds, metadata=metadata)
    except grpc.RpcError as error:
        raise problem_of(error) from error
    except asyncio.CancelledError:
        if _task_is_cancelled():
            raise
        raise _call_cancelled() from None


class Stream(Generic[_Response]):
    """An open stream of answers. Must be cancelled in the end: gRPC does not collect a call that is let go."""

    def __init__(
        self,
        method: StreamMethod[Any, _Response],
        request: object,
        silence: float,
        metadata: tuple[tuple[str, str], ...],
    ) -> None:
        self._call = method(request, metadata=metadata)
        self._silence = silence

    async def read(self) -> _Response | None:
        """
        Answer the next message; None at the end.

        Raises:
            Unavailable: nothing came for ``silence`` seconds.
            ExecutionProblem: the stream ended with an error.
        """
        try:
            async with asyncio.timeout(self._silence):
                message = await self._call.read()
        except TimeoutError:
            raise Unavailable(
                f"Nothing came for {self._silence:g} s.", code=grpc.StatusCode.UNAVAILABLE
            ) from None
        except grpc.RpcError as error:
            raise problem_of(error) from error
        except asyncio.CancelledError:
            if _task_is_cancelled():
                raise
            raise _call_cancelled() from None
        return None if message is grpc.aio.EOF else cast(_Response, message)

    def cancel(self) -> None:
        """End the call, if it has not ended."""
        self._call.cancel()


def _task_is_cancelled() -> bool:
    """Tell whether a CancelledError is meant for the task, or the call alone was ended: by closing the client."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _call_cancelled() -> Cancelled:
    return Cancelled("The call was cancelled.", code=grpc.StatusCode.CANCELLED)
