"""
A gRPC server whose answers a test writes down beforehand.

It is for what a real service does only on a bad day: answers that get lost, streams that are cut in the middle, values
that only a newer server knows. It speaks real gRPC over a real socket; nothing of the client is replaced.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import grpc
from croco.execution.v1 import execution_pb2 as nouns
from croco.execution.v1 import execution_service_pb2 as verbs
from croco.execution.v1.execution_service_pb2_grpc import (
    ExecutionServiceServicer,
    add_ExecutionServiceServicer_to_server,
)
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

ID = "0190a3c4-5b6c-7d3e-8f00-112233445566"
LONG_SECONDS = 20.0
"""How long a test waits for something that must happen."""

_STREAMS = {
    method.name
    for method in verbs.DESCRIPTOR.services_by_name["ExecutionService"].methods
    if method.server_streaming
}


@dataclass(frozen=True)
class Fault:
    """An answer that is an error. Without a reason it has no status details, as when gRPC or a proxy made it."""

    code: grpc.StatusCode
    reason: str = ""
    message: str = "A sentence."
    metadata: dict[str, str] = field(default_factory=dict)
    field_violations: dict[str, str] = field(default_factory=dict)
    retry_delay: timedelta | None = None
    domain: str = "execution.croco.dev"

    def raise_in(self, context: grpc.ServicerContext) -> None:
        """End the call with this error."""
        if not self.reason:
            context.abort(self.code, self.message)
        context.abort_with_status(rpc_status.to_status(self.status()))

    def status(self) -> Status:
        """Answer the google.rpc.Status."""
        details: list[Message] = [ErrorInfo(reason=self.reason, domain=self.domain, metadata=self.metadata)]
        if self.field_violations:
            details.append(
                BadRequest(
                    field_violations=[
                        BadRequest.FieldViolation(field=name, description=text)
                        for name, text in self.field_violations.items()
                    ]
                )
            )
        if self.retry_delay is not None:
            retry = RetryInfo()
            retry.retry_delay.FromTimedelta(self.retry_delay)
            details.append(retry)
        status = Status(code=self.code.value[0], message=self.message)
        for detail in details:
            packed = AnyMessage()
            packed.Pack(detail)
            status.details.append(packed)
        return status


STORE_AWAY = Fault(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


class Silence:
    """An answer that never comes: the call stays open until its caller ends it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.ended = threading.Event()

    def end_with(self, context: grpc.ServicerContext) -> None:
        """Take note of the call's end from now on: its caller may end it before the silence begins."""
        if not context.add_callback(self.ended.set):
            self.ended.set()

    def keep(self) -> None:
        """Return when the caller has ended the call."""
        self.begun.set()
        assert self.ended.wait(LONG_SECONDS), "the caller never ended the call"


Part = Message | Fault | Silence
Step = Part | Sequence[Part]
"""What to do with one call: answer, fail, or stay silent; in a stream, several of these."""


def answer_to(method: str) -> Any:
    """An answer of a method with the execution as little as there can be."""
    answer = getattr(verbs, f"{method}Response")()
    if "execution" in answer.DESCRIPTOR.fields_by_name:
        answer.execution.CopyFrom(nouns.Execution(id=ID, status=nouns.EXECUTION_STATUS_RUNNING))
    return answer


@dataclass(frozen=True)
class Received:
    """A call as it came in."""

    request: Any
    metadata: dict[str, str]
    seconds: float | None
    """How much time its deadline left it."""
    peer: str


class ScriptedServer:
    """Answers the calls of each method with the steps that were given for it, in order."""

    def __init__(
        self, target: str = "127.0.0.1:0", credentials: grpc.ServerCredentials | None = None
    ) -> None:
        self.received: dict[str, list[Received]] = defaultdict(list)
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers=200),
            options=[("grpc.so_reuseport", 0), ("grpc.max_concurrent_streams", 100)],
        )
        add_ExecutionServiceServicer_to_server(cast(ExecutionServiceServicer, _Servicer(self)), self._server)
        host = target.rsplit(":", 1)[0]
        if credentials is None:
            port = self._server.add_insecure_port(target)
        else:
            port = self._server.add_secure_port(target, credentials)
        self.target = f"{host}:{port}"
        self._server.start()

    def script(self, method: str, *steps: Step) -> None:
        """Answer the next calls of a method with these steps."""
        self._steps[method].extend(steps)

    def requests(self, method: str) -> list[Any]:
        """Answer the requests of a method so far."""
        return [received.request for received in self.received[method]]

    def stop(self) -> None:
        """Cut all calls and let the port go."""
        self._server.stop(grace=None).wait(LONG_SECONDS)

    def take(self, method: str, request: Message, context: grpc.ServicerContext) -> Step:
        """Write down a call and answer what to do with it."""
        metadata = {key: str(value) for key, value in context.invocation_metadata()}
        self.received[method].append(Received(request, metadata, context.time_remaining(), context.peer()))
        if not self._steps[method]:
            return Fault(grpc.StatusCode.DATA_LOSS, message=f"The test has no step left for {method}.")
        step = self._steps[method].popleft()
        for part in step if isinstance(step, Sequence) else [step]:
            if isinstance(part, Silence):
                part.end_with(context)
        return step


class _Servicer:
    """Every method of the service."""

    def __init__(self, server: ScriptedServer) -> None:
        self._server = server

    def __getattr__(self, method: str) -> Callable[[Message, grpc.ServicerContext], Any]:
        if method.startswith("_"):
            raise AttributeError(method)
        answer = self._stream if method in _STREAMS else self._single
        return lambda request, context: answer(self._server.take(method, request, context), context)

    def _single(self, step: Step, context: grpc.ServicerContext) -> Message | None:
        if isinstance(step, Fault):
            step.raise_in(context)
        if isinstance(step, Silence):
            step.keep()
            return None
        assert isinstance(step, Message)
        return step

    def _stream(self, step: Step, context: grpc.ServicerContext) -> Iterator[Message]:
        for part in step if isinstance(step, Sequence) else [step]:
            answer = self._single(part, context)
            if answer is not None:
                yield answer
