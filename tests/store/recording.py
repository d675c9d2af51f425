"""What a store sends to its server."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from execution_server.store.redis import RedisStore
from execution_server.store.redis.wire import Command


@contextmanager
def recording(store: RedisStore) -> Iterator[list[Command]]:
    """A list that all commands are added to which *store* sends in the meantime."""
    link = store._link
    send, sent = link.call_all, list[Command]()

    async def note(commands: list[Command], *, deadline: float) -> list[Any]:
        sent.extend(commands)
        return await send(commands, deadline=deadline)

    link.call_all = note  # type: ignore[method-assign]  # for the time being
    try:
        yield sent
    finally:
        del link.call_all


class _Stopped(Exception):
    """In the place of a reply."""


async def command_of(store: RedisStore, call: Coroutine[Any, Any, Any]) -> Command:
    """The first command that *call* would send; nothing is sent."""
    link = store._link
    sent = list[Command]()

    async def stop(commands: list[Command], *, deadline: float) -> list[Any]:
        sent.extend(commands)
        raise _Stopped

    link.call_all = stop  # type: ignore[method-assign]  # for the time being
    try:
        await call
    except _Stopped:
        return sent[0]
    finally:
        del link.call_all
    raise AssertionError("nothing was sent")
