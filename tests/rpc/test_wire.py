"""What comes over the wire and is no proper request: garbage, nesting without end, fields from the future, too much."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, Final

import grpc
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.problems import InvalidField
from execution_server.rpc.errors import message_of, trailers_of
from google.protobuf.message import DecodeError
from google.protobuf.struct_pb2 import Struct, Value
from google.rpc.status_pb2 import Status

from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.refusals import contents, refusal_of, refused, unchanged
from tests.rpc.subjects import NOBODY, RPCS, Rpc, create, get
from tests.rpc.values import WIDEST, nested_struct
from tests.servers import Server

SERVICE_OF: Final = {
    method.name: service.full_name
    for file in (api, work)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
STREAMS: Final = ("WatchExecution", "WatchExecutions")
UNKNOWN_FIELD: Final = b"\xfa\x3e\x06secret"
"""Field 1007, a text that no message of this version has."""


def raw(channel: grpc.Channel, rpc: str) -> Callable[..., Any]:
    """The RPC, with bytes in place of its request and its response."""
    make = channel.unary_stream if rpc in STREAMS else channel.unary_unary
    method: Callable[..., Any] = make(f"/{SERVICE_OF[rpc]}/{rpc}")
    return method


def value_in_lists(levels: int) -> bytes:
    """A Value of lists in lists, which Python itself would not write that deep."""
    heads, size = list[bytes](), 0
    for _ in range(levels):
        for tag in (b"\x0a", b"\x32"):  # ListValue.values, Value.list_value
            heads.append(tag + length(size))
            size += len(heads[-1])
    return b"".join(reversed(heads))


def length(size: int) -> bytes:
    """The varint that precedes what is *size* bytes long."""
    written = b""
    while size > 0x7F:
        written += bytes([size & 0x7F | 0x80])
        size >>= 7
    return written + bytes([size])


def create_request(payload: bytes) -> bytes:
    """A request to create an execution with a serialised payload."""
    return b"\x0a\x06report\x12" + length(len(payload)) + payload


@pytest.mark.parametrize("rpc", RPCS, ids=[rpc.name for rpc in RPCS])
def test_garbage_is_an_invalid_argument(rpc: Rpc, channel: grpc.Channel, store: Server) -> None:
    """By default gRPC would answer UNKNOWN with the parser's own words, which a client may take for a fault of ours."""
    garbage_of_any = (b"\xff", b"\x0a\x7fshort", bytes(range(256)))
    # Of a request without fields that is a field of a later version.
    has_fields = bool(rpc.request(NOBODY).DESCRIPTOR.fields)
    for garbage in (*garbage_of_any, b"\x0a\x02\xff\xfe") if has_fields else garbage_of_any:
        with unchanged(store):
            refusal = refused(raw(channel, rpc.name), garbage)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "INVALID_FIELD"), garbage
        assert refusal.fields == ["(request)"]


def test_random_bytes_never_bring_the_server_down(channel: grpc.Channel, stub: ExecutionServiceStub) -> None:
    """Whatever is sent is refused as it should be, or understood; it is never a fault of the service."""
    chance = random.Random(20260707)
    request = api.CreateExecutionRequest(type="report", payload=Value(struct_value=nested_struct(5)))
    whole = request.SerializeToString()
    codes = set()
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        cut = bytes(data[: chance.randint(1, len(data))])
        try:
            raw(channel, "CreateExecution")(cut, timeout=DEADLINE_SECONDS)
            codes.add("OK")
        except grpc.RpcError as error:
            codes.add(refusal_of(error).code)
    assert codes <= {"OK", "INVALID_ARGUMENT", "ALREADY_EXISTS"}
    assert "INVALID_ARGUMENT" in codes
    assert stub.CreateExecution(request).created


def test_what_is_nested_too_deeply_for_any_parser_is_an_invalid_argument(
    channel: grpc.Channel, store: Server
) -> None:
    """Parsers stop at a hundred messages. A bomb of this kind must not cost more than its refusal."""
    for levels in (60, 100_000):
        request = create_request(value_in_lists(levels))
        with pytest.raises(DecodeError):
            api.CreateExecutionRequest.FromString(request)
        with unchanged(store):
            refusal = refused(raw(channel, "CreateExecution"), request)
        assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", ["(request)"])


def test_what_parses_but_is_too_deep_is_refused_by_its_field(channel: grpc.Channel) -> None:
    """31 levels are no trouble for a parser here; they would be in an answer that holds them deeper."""
    assert refused(raw(channel, "CreateExecution"), create_request(value_in_lists(31))).fields == ["payload"]


def test_fields_of_a_later_version_are_not_kept(
    channel: grpc.Channel, stub: ExecutionServiceStub, store: Server
) -> None:
    """They have no limit here, so they would be a way around all limits; wherever in a request they are."""
    inner = (
        Value(struct_value=Struct(fields={"k": Value(bool_value=True)})).SerializeToString() + UNKNOWN_FIELD
    )
    request = create_request(inner) + UNKNOWN_FIELD

    answer = raw(channel, "CreateExecution")(request, timeout=DEADLINE_SECONDS)

    assert b"secret" not in answer
    created = api.CreateExecutionResponse.FromString(answer).execution
    assert created.payload.struct_value["k"] is True
    assert get(stub, created.id) == created
    stored = {key: value for key, value in contents(store).items() if created.id.encode() in key}
    assert stored
    assert "secret" not in str(stored)


def test_a_request_that_is_too_large_is_refused(stub: ExecutionServiceStub, store: Server) -> None:
    """4 MiB; with the reason for it, unless it is twice that: then gRPC itself does not take it in."""
    request = api.CreateExecutionRequest(type="report")
    request.payload.string_value = "x" * limits.MESSAGE_BYTES
    with unchanged(store):
        refusal = refused(stub.CreateExecution, request)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAYLOAD_TOO_LARGE")
        assert (refusal.fields, refusal.metadata["limitBytes"]) == (["(request)"], str(limits.MESSAGE_BYTES))

        request.payload.string_value *= 2
        with pytest.raises(grpc.RpcError) as raised:
            stub.CreateExecution(request)
        assert raised.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


@pytest.mark.parametrize(
    "path", ["/croco.execution.v1.ExecutionService/Explode", f"//{SERVICE_OF['GetExecution']}/X"]
)
def test_an_rpc_that_is_not_there_is_unimplemented(path: str, channel: grpc.Channel) -> None:
    """Also under a name that only looks like one of ours."""
    method: Any = channel.unary_unary(path)
    with pytest.raises(grpc.RpcError) as raised:
        method(b"", timeout=DEADLINE_SECONDS)
    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_name_that_is_far_too_long_is_not_sent_back(stub: ExecutionServiceStub) -> None:
    """The refusal would be larger than what it refuses."""
    long = api.UpdateExecutionRequest(execution={"id": NOBODY}, update_mask={"paths": ["p" * 100_000]})
    refusal = refused(stub.UpdateExecution, long)
    assert (refusal.reason, refusal.fields) == ("INVALID_FIELD", ["update_mask"])
    assert len(refusal.message) < 1_000


def test_a_message_that_is_longer_than_headers_may_be_is_cut() -> None:
    """It would arrive as another error: HTTP/2 limits headers, and the message is one."""
    problem = InvalidField("payload", "주" * 5_000)
    (trailer,) = trailers_of(problem)
    assert len(message_of(problem)) == 1_024
    assert Status.FromString(trailer[1]).message == message_of(problem)


def test_the_longest_message_there_is_arrives(stub: ExecutionServiceStub) -> None:
    """With the widest key that is allowed, percent-encoded as HTTP/2 wants it."""
    key = WIDEST * 128
    create(stub, idempotency_key=key)
    request = api.CreateExecutionRequest(type="another", idempotency_key=key)
    refusal = refused(stub.CreateExecution, request)
    assert (refusal.reason, refusal.metadata["idempotencyKey"]) == ("IDEMPOTENCY_KEY_REUSED", key)
