"""One ``Work`` call, from hello to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import grpc
import grpc.aio
from croco.execution.v1 import worker_service_pb2 as messages

from .._problems import ExecutionProblem, Unavailable
from .._rpc_errors import problem_of
from .outbox import Outbox

if TYPE_CHECKING:
    Method: TypeAlias = grpc.aio.StreamStreamMultiCallable[messages.WorkRequest, messages.WorkResponse]

log = logging.getLogger("execution_client.worker")


class Stream:
    """Says what is in the outbox and hands on what it is told. What gathers while a message is written is the next."""

    def __init__(
        self,
        method: Method,
        metadata: tuple[tuple[str, str], ...],
        outbox: Outbox,
        take: Callable[[messages.WorkResponse], None],
    ) -> None:
        """
        Args:
            take: is called with every response.
        """
        self._outbox, self._take = outbox, take
        self._call: Any = method(metadata=metadata)
        self._finishing = False
        self._given_up: ExecutionProblem | None = None

    async def run(self, hello: messages.WorkHello) -> None:
        """
        Return when the stream has ended as ``finish`` asks for.

        Raises:
            ExecutionProblem: it has ended in another way.
        """
        writer = asyncio.create_task(self._write(hello))
        try:
            while (response := await self._read()) is not None:
                self._take(response)
            if not self._finishing:
                raise Unavailable("The server has ended the stream.", code=grpc.StatusCode.UNAVAILABLE)
        finally:
            writer.cancel()
            self._call.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def finish(self) -> None:
        """Say what there is to say and then no more: the server gives nothing new, answers and ends the stream."""
        self._finishing = True
        self._outbox.wake()

    def give_up(self, why: str) -> None:
        """End the stream at once."""
        self._given_up = Unavailable(why, code=grpc.StatusCode.UNAVAILABLE)
        self._call.cancel()

    async def _read(self) -> messages.WorkResponse | None:
        try:
            response = await self._call.read()
        except grpc.RpcError as error:
            raise self._given_up or problem_of(error) from error
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._given_up is None or (task is not None and task.cancelling()):
                raise
            raise self._given_up from None
        return None if response is grpc.aio.EOF else cast(messages.WorkResponse, response)

    async def _write(self, hello: messages.WorkHello) -> None:
        # However writing fails, reading tells why.
        with suppress(grpc.RpcError, asyncio.InvalidStateError):
            await self._call.write(messages.WorkRequest(hello=hello))
            while True:
                request = self._outbox.take()
                if request is not None:
                    await self._call.write(request)
                elif self._finishing:
                    await self._call.done_writing()
                    return
                else:
                    await self._outbox.filled()
