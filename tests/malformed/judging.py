"""What may come of a call, and whether what did is among it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import grpc
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import problems
from execution_server.domain.limits import MESSAGE_BYTES
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from grpc_status import rpc_status

from tests.malformed.inputs import LONG, Input

DOCUMENTED: Final = {
    (problem.code, problem.reason)
    for problem in vars(problems).values()
    if isinstance(problem, type) and issubclass(problem, problems.Problem) and hasattr(problem, "reason")
} - {("INTERNAL", "UNEXPECTED")}
"""Codes with their reasons. UNEXPECTED is documented too: as a fault of ours, which there must not be."""
TAKEN_IN: Final = 2 * MESSAGE_BYTES
"""What is larger gRPC itself refuses to take in, without a reason."""


class Judge:
    """
    Sends inputs and looks at what comes back. Many threads may use it.

    Attributes:
        outcomes: how often each code was answered, by kind of input.
        accepted: the ids in all answers, to be read back.
        complaints: what was answered and should not have been.
    """

    def __init__(self) -> None:
        self.outcomes = Counter[tuple[str, str]]()
        self.accepted = set[str]()
        self.complaints = list[str]()
        self._lock = threading.Lock()

    def send(self, channel: grpc.Channel, one: Input) -> None:
        """Make the call and note what came of it."""
        try:
            answer = _call(channel, one)
        except grpc.RpcError as error:
            self._refused(one, error)
        else:
            self._answered(one, answer)

    def expect(self, execution: Execution) -> str:
        """Have an execution read back too; its id."""
        with self._lock:
            self.accepted.add(execution.id)
        return execution.id

    def _answered(self, one: Input, answer: bytes) -> None:
        with self._lock:
            self.outcomes[one.kind, "OK"] += 1
            if one.method is None:
                self.complaints.append(f"{one.path} was answered")
                return
            try:
                response = GetMessageClass(one.method.output_type).FromString(answer)
            except DecodeError:
                self.complaints.append(
                    f"{one.kind}: the answer of {one.path} cannot be read: {one.bodies!r:.500}"
                )
            else:
                self.accepted.update(execution.id for execution in _executions(response))

    def _refused(self, one: Input, error: Any) -> None:
        code = error.code().name
        wrong = self._complaint(one, code, error)
        with self._lock:
            self.outcomes[one.kind, code] += 1
            if wrong:
                self.complaints.append(
                    f"{one.kind}: {one.path}: {wrong}: {one.bodies!r:.500} {one.metadata!r:.500}"
                )

    @staticmethod
    def _complaint(one: Input, code: str, error: Any) -> str:
        status = rpc_status.from_call(error)
        if status is None:
            if code == "DEADLINE_EXCEEDED" and one.method is not None and one.method.name in LONG:
                return ""  # nothing was wrong with it, and nothing happened
            return "" if code in _by_grpc(one) else f"{code} without a reason: {error.details()}"
        info, bad = ErrorInfo(), BadRequest()
        for detail in status.details:
            _ = detail.Unpack(info) or detail.Unpack(bad)
        if (code, info.reason) not in DOCUMENTED:
            return f"{code} with the reason {info.reason}: {error.details()}"
        if (code == "INVALID_ARGUMENT") != bool(bad.field_violations):
            return f"{code} names the fields {bad.field_violations}"
        return ""


def _by_grpc(one: Input) -> set[str]:
    """The codes that gRPC itself may answer, without a reason, before the service sees the call."""
    if one.method is None:
        return {"UNIMPLEMENTED"}
    if one.metadata:  # too many headers, an encoding that it does not know
        return {"RESOURCE_EXHAUSTED", "UNIMPLEMENTED"}
    return {"RESOURCE_EXHAUSTED"} if max(map(len, one.bodies)) > TAKEN_IN else set()


def _call(channel: grpc.Channel, one: Input) -> bytes:
    """The answer, or the first of several; empty for a stream that ends without one."""
    if one.method is None or not (one.method.client_streaming or one.method.server_streaming):
        unary: Any = channel.unary_unary(one.path)
        answer: bytes = unary(one.bodies[0], timeout=one.seconds, metadata=one.metadata)
        return answer
    if one.method.client_streaming:
        many: Any = channel.stream_stream(one.path)
        call = many(iter(one.bodies), timeout=one.seconds, metadata=one.metadata)
    else:
        stream: Any = channel.unary_stream(one.path)
        call = stream(one.bodies[0], timeout=one.seconds, metadata=one.metadata)
    try:
        return next(call, b"")
    finally:
        call.cancel()


def _executions(message: Message) -> Iterator[Execution]:
    """All executions in an answer, however deep."""
    if isinstance(message, Execution):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for one in value if field.is_repeated else (value,):
            yield from _executions(one)
