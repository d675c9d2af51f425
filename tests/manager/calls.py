"""Calls on a manager, as short as tests need them."""

from __future__ import annotations

import asyncio
from typing import Any

from croco.execution.v1.execution_pb2 import Execution, ExecutionError
from execution_server.domain import transitions
from execution_server.manager import Manager
from execution_server.store.port import Part
from execution_server.terms import Terms
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value

NO_DELAY = Duration()
RETRYABLE = ExecutionError(message="no", retryable=True, retry_delay=NO_DELAY)


class Clock:
    """The store's clock, which goes on when it is told to."""

    def __init__(self) -> None:
        self.ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.ms


def terms(method: str = "Method", *, seconds: float = 10, **options: Any) -> Terms:
    return Terms(method=method, deadline=asyncio.get_running_loop().time() + seconds, **options)


def template(**fields: Any) -> Execution:
    return Execution(**{"type": "mail", "max_attempts": 3, "max_crashes": 3, **fields})


async def create(manager: Manager, **fields: Any) -> str:
    """The id of a new execution."""
    record, created = await manager.create(template(**fields), terms("create"))
    assert created
    return record.id


async def start(manager: Manager, id_: str, **options: Any) -> Execution:
    return await manager.change(
        id_,
        lambda record, now_ms: transitions.start(record, now_ms=now_ms),
        terms("start", **options),
        Part.FULL,
    )


async def complete(manager: Manager, id_: str, **options: Any) -> Execution:
    return await manager.change(
        id_,
        lambda record, now_ms: transitions.complete(record, Value(number_value=1), now_ms=now_ms),
        terms("complete", **options),
        Part.BASIC,
    )


async def fail(manager: Manager, id_: str, error: ExecutionError = RETRYABLE, **options: Any) -> Execution:
    return await manager.change(
        id_,
        lambda record, now_ms: transitions.fail(record, error, now_ms=now_ms),
        terms("fail", **options),
        Part.BASIC,
    )


async def retry(manager: Manager, id_: str, **options: Any) -> Execution:
    return await manager.change(
        id_,
        lambda record, now_ms: transitions.retry(record, now_ms=now_ms),
        terms("retry", **options),
        Part.BASIC,
    )


async def save(manager: Manager, id_: str, key: str, **options: Any) -> Execution:
    values = {key: Value(string_value=key)}
    return await manager.change(
        id_,
        lambda record, now_ms: transitions.save_checkpoint(record, values, now_ms=now_ms),
        terms("save", **options),
        Part.BASIC,
    )


def sent(record: Execution) -> Execution:
    """What callers see of an answer."""
    record.ClearField("applied_requests")
    return record


async def get(manager: Manager, id_: str) -> Execution:
    return await manager.get(id_, Part.FULL, deadline=asyncio.get_running_loop().time() + 10)
