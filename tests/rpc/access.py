"""A file of callers for tests, with a token for each role, and calls that carry them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import grpc
from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from execution_server.callers import Role, new_token
from google.protobuf.descriptor import MethodDescriptor

from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import Refusal, refusal_of

METHODS: Final = [
    method
    for file in (execution_service_pb2, worker_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
GARBAGE: Final = b"\xff"
"""No message at all: what it is refused for tells whether its caller was let in."""
Metadata = tuple[tuple[str, str | bytes], ...]


class Credentials(NamedTuple):
    """A file of callers, and the tokens of those in it."""

    file: Path
    tokens: Mapping[str, str]
    """By the caller's name: of each role one, and one whose token has expired."""


def credentials(folder: Path) -> Credentials:
    """Callers of each role, named as it."""
    made = {str(role): new_token(role, role) for role in Role}
    token, line = new_token("expired", ",".join(Role))
    made["expired"] = (token, f"{line} 2001-01-01T00:00:00Z")
    file = folder / "callers"
    file.write_text("".join(f"{line}\n" for _, line in made.values()))
    return Credentials(file, {name: token for name, (token, _) in made.items()})


def bearer(token: str) -> Metadata:
    """What a call with *token* carries."""
    return (("authorization", f"Bearer {token}"),)


def path_of(method: MethodDescriptor) -> str:
    """The method as HTTP/2 names it."""
    return f"/{method.containing_service.full_name}/{method.name}"


def outcome(channel: grpc.Channel, method: MethodDescriptor, metadata: Metadata) -> Refusal:
    """How a call of *method* with garbage ends."""
    path = path_of(method)
    begin: Any
    request: Any = GARBAGE
    if method.client_streaming:
        begin, request = channel.stream_stream(path), iter([GARBAGE])
    elif method.server_streaming:
        begin = channel.unary_stream(path)
    else:
        begin = channel.unary_unary(path).future
    error = begin(request, timeout=DEADLINE_SECONDS, metadata=metadata).exception()
    assert error is not None, "garbage was taken"
    return refusal_of(error)
