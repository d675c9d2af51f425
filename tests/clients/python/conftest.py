"""What the tests of the Python client share: a scripted server, and both clients behind one face."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from execution_client import AsyncExecutionClient, ExecutionClient

from tests.clients.python.scripted_server import ScriptedServer


class BlockingInThread:
    """The blocking client as if it were the asyncio one, so that one test holds for both."""

    def __init__(self, client: ExecutionClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self._client, name)
        if name in {"list", "watch", "watch_all"}:
            return lambda *args, **kwargs: _iterate(verb(*args, **kwargs))
        return lambda *args, **kwargs: asyncio.to_thread(verb, *args, **kwargs)


async def _iterate(iterator: Any) -> AsyncIterator[Any]:
    try:
        while (item := await asyncio.to_thread(next, iterator, None)) is not None:
            yield item
    finally:
        iterator.close()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    scripted = ScriptedServer()
    yield scripted
    scripted.stop()


@pytest.fixture(params=["asyncio", "blocking"])
async def connect(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Any]]:
    """
    Make a client, closed after the test. Both kinds are used as the asyncio one is.

    It is typed Any because a test of both kinds at once has no other type; mypy checks the two clients themselves.
    """
    clients: list[Any] = []

    def make(target: str, **options: Any) -> Any:
        if request.param == "asyncio":
            clients.append(AsyncExecutionClient(target, **options))
        else:
            clients.append(BlockingInThread(ExecutionClient(target, **options)))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture
def client(connect: Callable[..., Any], server: ScriptedServer) -> Any:
    """A client of ``server``."""
    return connect(server.target)
