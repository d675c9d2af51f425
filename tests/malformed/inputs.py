"""What is sent: the bytes, the path, the metadata of one call; all of it by what a seed says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1 import worker_service_pb2 as work
from google.protobuf.descriptor import MethodDescriptor

from tests.malformed.odd import TEXTS, Odd
from tests.rpc.subjects import RPCS
from tests.rpc.test_wire import create_request, length, value_in_lists
from tests.rpc.values import nested_struct, of_size

METHODS: Final = {
    method.name: method
    for file in (api, work)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}
LONG: Final = frozenset({"WatchExecution", "WatchExecutions", "WaitExecution", "ClaimExecutions", "Work"})
"""Calls that may take long when nothing is wrong with them."""
LONG_SECONDS: Final = 0.2
SECONDS: Final = 60.0
KEYS: Final = [
    "x-odd",
    "x-odd-bin",
    "authorization",
    "traceparent",
    "tracestate",
    "grpc-trace-bin",
    "user-agent",
    "content-type",
    "te",
    "host",
    "accept",
    "grpc-encoding",
    "grpc-accept-encoding",
    "grpc-timeout",
    "grpc-previous-rpc-attempts",
]
SERVICE: Final = "croco.execution.v1.ExecutionService"
PATHS: Final = (
    *("/", "//", "///", "/x", "/" + "x" * 5_000),
    *(f"/{SERVICE}{rest}" for rest in ("", "/", "/Explode", "/getexecution", "/../x", "/GetExecution/")),
    *(f"/{SERVICE}{rest}" for rest in ("//GetExecution", "/GetExecution?x=1", "/GetExecution%00")),
    *(f"//{SERVICE}/GetExecution", f"/{SERVICE.upper()}/GetExecution"),
    *("/croco.execution.v9.ExecutionService/GetExecution", "/grpc.health.v1.Health/Explode"),
)


@dataclass(frozen=True)
class Input:
    """One call."""

    kind: str
    path: str
    bodies: tuple[bytes, ...]
    """One, but for a method whose requests are a stream."""
    metadata: tuple[tuple[str, str | bytes], ...] = ()
    method: MethodDescriptor | None = None
    """None: there is none of that path."""

    @property
    def seconds(self) -> float:
        """How long its caller waits."""
        return LONG_SECONDS if self.method is not None and self.method.name in LONG else SECONDS


class Inputs:
    """Makes inputs, by what *dice* says, for executions with *ids*."""

    def __init__(self, dice: random.Random, ids: list[str]) -> None:
        self._dice, self._ids = dice, ids
        self._odd = Odd(dice, ids)
        self._kinds: dict[str, tuple[int, Callable[[], Input]]] = {
            "odd values": (40, self._odd_values),
            "mutated": (30, self._mutated),
            "odd metadata": (12, self._odd_metadata),
            "wrong path": (8, self._wrong_path),
            "deep": (5, self._deep),
            "huge": (1, self._huge),
        }

    def next(self) -> Input:
        """The next one."""
        weights = [weight for weight, _ in self._kinds.values()]
        kind = self._dice.choices(list(self._kinds), weights)[0]
        return self._kinds[kind][1]()

    def _proper(self) -> tuple[str, Any]:
        """A method's name and a request of it that would be taken."""
        if self._dice.random() < 0.04:
            hello = work.WorkHello(worker_id="w-1", types=["nothing is of this type"], slots=1)
            return "Work", work.WorkRequest(hello=hello)
        rpc = self._dice.choice((*RPCS, *RPCS[:1] * 6))
        return rpc.name, rpc.request(self._dice.choice(self._ids))

    def _odd_values(self) -> Input:
        name, request = self._proper()
        self._odd.spoil(request)
        return self._call("odd values", name, request.SerializeToString())

    def _mutated(self) -> Input:
        name, request = self._proper()
        if self._dice.random() < 0.5:
            self._odd.spoil(request)
        if self._dice.random() < 0.1:  # the request of another method
            name = self._dice.choice(list(METHODS))
        return self._call("mutated", name, self._mutate(request.SerializeToString()[:20_000]))

    def _mutate(self, whole: bytes) -> bytes:
        data = bytearray(whole or b"\x0a\x00")
        for _ in range(self._dice.randint(1, 5)):
            at, to = sorted(self._dice.randrange(len(data) + 1) for _ in range(2))
            match self._dice.randrange(6):
                case 0:
                    data[at : at + 1] = self._dice.randbytes(1)
                case 1 if at < len(data):
                    data[at] ^= 1 << self._dice.randrange(8)
                case 2:
                    del data[at:to]
                case 3:
                    data[at:at] = data[at:to]  # again
                case 4:
                    data[at:at] = b"\xff" * self._dice.choice((1, 9, 11))  # varints without end
                case _:
                    number = self._dice.choice((1, 2, 11, 1_007, 2**29 - 1))  # another field
                    data[at:at] = length(number << 3 | self._dice.randrange(8)) + self._dice.randbytes(4)
        return bytes(data)

    def _deep(self) -> Input:
        levels = self._dice.choice((29, 30, 31, 32, 33, 48, 50, 51, 100, 10_000, 100_000))
        if levels < 60 and self._dice.random() < 0.5:
            name, field = self._dice.choice((("CompleteExecution", "result"), ("CreateExecution", "payload")))
            request = RPCS_BY_NAME[name](self._dice.choice(self._ids))
            getattr(request, field).struct_value.CopyFrom(nested_struct(min(levels, 32)))
            return self._call("deep", name, request.SerializeToString())
        return self._call("deep", "CreateExecution", create_request(value_in_lists(levels)))

    def _huge(self) -> Input:
        mib = 1024 * 1024
        request = api.CreateExecutionRequest(type="huge")
        match self._dice.randrange(5):
            case 0:
                request.payload.CopyFrom(
                    of_size(self._dice.choice((mib - 1, mib, mib + 1, 3 * mib, 5 * mib)))
                )
            case 1:  # more than gRPC takes in
                request.payload.string_value = "x" * 9 * mib
            case 2:  # two bytes each
                empty = (
                    b"\x32"
                    + length(2 * (count := self._dice.choice((99_999, 100_001, 2_000_000))))
                    + b"\x0a\x00" * count
                )
                return self._call("huge", "CreateExecution", create_request(empty))
            case 3:
                request.labels.update({f"k{number}": "v" * 63 for number in range(20_000)})
            case _:
                request.metadata.update({f"k{number}": number for number in range(20_000)})
        return self._call("huge", "CreateExecution", request.SerializeToString())

    def _odd_metadata(self) -> Input:
        name, request = self._proper()
        metadata = []
        for _ in range(self._dice.choice((1, 2, 5, 40))):
            key = self._dice.choice(KEYS)
            text = "".join(one for one in self._dice.choice(TEXTS)[:3_000] if " " <= one <= "~").strip()
            binary = self._dice.randbytes(self._dice.choice((0, 1, 200, 5_000)))
            metadata.append((key, binary if key.endswith("-bin") else text))
        call = self._call("odd metadata", name, request.SerializeToString())
        return Input(call.kind, call.path, call.bodies, tuple(metadata), call.method)

    def _wrong_path(self) -> Input:
        return Input(
            "wrong path", self._dice.choice(PATHS), (self._dice.randbytes(self._dice.choice((0, 1, 100))),)
        )

    def _call(self, kind: str, name: str, body: bytes) -> Input:
        method = METHODS[name]
        bodies: tuple[bytes, ...] = (body,)
        if method.client_streaming:  # what comes first is looked at in another way than the rest
            hello = work.WorkRequest(hello=work.WorkHello(worker_id="w-1", types=["none"], slots=1))
            bodies = self._dice.choice(((body,), (body, body), (hello.SerializeToString(), body)))
        return Input(kind, f"/{method.containing_service.full_name}/{name}", bodies, method=method)


RPCS_BY_NAME: Final = {rpc.name: rpc.request for rpc in RPCS}
