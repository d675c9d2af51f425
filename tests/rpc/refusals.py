"""What a refused call says, and whether it has changed anything."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, cast

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from tests.process.programs import DEADLINE_SECONDS, wait_until
from tests.servers import Server

PARTITIONS: Final = 16
"""Of a server that was told nothing else."""


class Refusal(NamedTuple):
    """The status of a call that was refused, with its details."""

    code: str
    reason: str
    message: str
    domain: str
    metadata: dict[str, str]
    fields: list[str]
    """The paths of the fields at fault."""
    retry_ms: int | None
    """When to come back; None: it does not say."""


def refusal_of(error: Any) -> Refusal:
    """What *error*, of a blocking or an asyncio call, says."""
    status = rpc_status.from_call(error)
    assert status is not None, f"no details in {error}"
    assert (status.code, status.message) == (error.code().value[0], error.details())
    info, bad, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in status.details:
        assert any(detail.Unpack(known) for known in (info, bad, retry)), detail
    return Refusal(
        error.code().name,
        info.reason,
        error.details(),
        info.domain,
        dict(info.metadata),
        [violation.field for violation in bad.field_violations],
        retry.retry_delay.ToMilliseconds() if retry.HasField("retry_delay") else None,
    )


def refused(method: Callable[..., Any], request: Any) -> Refusal:
    """Make a call, or open a stream, that must be refused; what it says."""
    with pytest.raises(grpc.RpcError) as raised:
        answered(method, request)
    return refusal_of(raised.value)


def answered(method: Callable[..., Any], request: Any) -> Any:
    """Make a call, or open a stream and read its first message."""
    answer = method(request, timeout=DEADLINE_SECONDS)
    if not isinstance(answer, grpc.RpcContext):
        return answer
    try:
        return next(cast("Iterator[Any]", answer))
    finally:
        answer.cancel()


def contents(store: Server) -> dict[bytes, Any]:
    """Every key of the store with its value, and whether it ends by itself."""
    with store.client() as client:
        keys = sorted(client.scan_iter(count=10_000))
        with client.pipeline(transaction=False) as pipeline:
            for key in keys:
                _read(pipeline, key)
                pipeline.ttl(key)
            found = pipeline.execute()
    pairs = zip(found[::2], found[1::2], strict=True)
    return {key: (value, seconds > 0) for key, (value, seconds) in zip(keys, pairs, strict=True)}


def _read(pipeline: Any, key: bytes) -> None:
    """Ask for a key's value; its name tells its type: see ``store/redis/keys.py``."""
    if b"}:x:" in key:
        pipeline.hgetall(key)
    elif b"}:i:" in key or key.endswith((b":due", b":types")):
        pipeline.zrange(key, 0, -1, withscores=True)
    else:
        pipeline.get(key)


@contextmanager
def unchanged(store: Server) -> Iterator[None]:
    """
    Fails the test unless every byte in the store is what it was before.

    What other tests left to time is waited for first.
    """
    wait_until(lambda: not _is_something_due(store), "deadlines of other tests have passed")
    before = contents(store)
    yield
    assert contents(store) == before


def _is_something_due(store: Server) -> bool:
    soon_ms = int(time.time() * 1000) + 10_000
    with store.client() as client, client.pipeline(transaction=False) as pipeline:
        for partition in range(PARTITIONS):
            pipeline.zcount(f"execution:{{p{partition}}}:due", "-inf", soon_ms)
        return any(pipeline.execute())
