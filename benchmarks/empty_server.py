"""
What the service is compared with: the least that a gRPC server in Python can do, and still answer the same.

It is set up as the service is: grpc.aio on uvloop, the same options, generic handlers. It parses each request and
serialises the same response message as the service, and does nothing in between. Its WatchExecution sends a message
to all who watch whenever UpdateProgress is called: the least that a fan-out can cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import grpc
import uvloop
from croco.execution.v1.execution_service_pb2 import DESCRIPTOR
from execution_server import ready
from execution_server.rpc.server import OPTIONS
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SERVICE: Final = DESCRIPTOR.services_by_name["ExecutionService"]


class Watches:
    """Those who wait for the next message."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def ring(self) -> None:
        """Have a message sent to each."""
        for waiting in self._waiting:
            waiting.set_result(None)
        self._waiting.clear()

    async def messages(self, message: bytes) -> AsyncIterator[bytes]:
        """*message* at once, and again whenever it rings."""
        while True:
            waiting = asyncio.get_running_loop().create_future()
            self._waiting.add(waiting)
            try:
                yield message
                await waiting
            finally:
                self._waiting.discard(waiting)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--answers", type=Path, required=True, help="JSON: method -> its answer's bytes in hex"
    )
    parser.add_argument("--ready-file", type=Path, required=True)
    arguments = parser.parse_args()
    answers = {name: bytes.fromhex(data) for name, data in json.loads(arguments.answers.read_text()).items()}
    uvloop.run(_serve(answers, arguments.ready_file))


async def _serve(answers: dict[str, bytes], ready_file: Path) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    server = grpc.aio.server(options=OPTIONS)
    watches = Watches()
    handlers = {
        method.name: _handler(method, answers[method.name], watches)
        for method in SERVICE.methods
        if method.name in answers
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    ready.publish(ready_file, f"127.0.0.1:{port}")
    await stopping.wait()
    await server.stop(None)


def _handler(
    method: MethodDescriptor, answer: bytes, watches: Watches
) -> grpc.RpcMethodHandler[Message, Message]:
    parse = GetMessageClass(method.input_type).FromString
    response = GetMessageClass(method.output_type).FromString(answer)
    if method.server_streaming:

        async def stream(request: Message, context: object) -> AsyncIterator[bytes]:
            async for message in watches.messages(answer):
                yield message

        return grpc.unary_stream_rpc_method_handler(stream, request_deserializer=parse)

    async def unary(request: Message, context: object) -> Message:
        return response

    async def ringing(request: Message, context: object) -> Message:
        watches.ring()
        return response

    return grpc.unary_unary_rpc_method_handler(
        ringing if method.name == "UpdateProgress" else unary,
        request_deserializer=parse,
        response_serializer=type(response).SerializeToString,
    )


if __name__ == "__main__":
    main()
