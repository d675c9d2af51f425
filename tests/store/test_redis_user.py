"""The store under the user that docs/operations.md names: all that is needed is allowed, and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files
from typing import Any, Final

import pytest
import redis
from execution_server.store.contract import StoreContract
from execution_server.store.contract.samples import change, created, lifecycle, load, soon, together
from execution_server.store.port import Part, Query
from execution_server.store.redis import RedisStore, StoreRefused, open_store

from tests import store_user
from tests.servers import Server, running
from tests.waiting import until

LUA: Final = {
    path.name: path.read_text() for path in files("execution_server.store.redis").joinpath("lua").iterdir()
}
CALLED: Final = re.compile(r"redis\.call\('([A-Z]+)'")
TRIED: Final = re.compile(r"\btry\('([A-Z]+)'")
IN_WORDS: Final = {"ZRANGEBYLEX", "ZREVRANGEBYLEX"}
"""What page.lua is told to call."""


NAME: Final = "minimal"
"""Of a user of these tests; the whole suite may run as the one of docs/operations.md."""


def url_of(server: Server, query: str = "") -> str:
    """The store as its user reaches it."""
    return f"unix://{NAME}:{store_user.PASSWORD}@{server.socket}{query}"


@pytest.fixture
def user(server: Server) -> Iterator[Server]:
    """A server that has the user. At the end it must have asked for nothing that it may not."""
    server.command("ACL", "SETUSER", NAME, *store_user.with_password())
    server.command("ACL", "LOG", "RESET")
    yield server
    refused = server.command("ACL", "LOG")
    server.command("ACL", "DELUSER", NAME)
    assert refused == []


class TestRedisStoreOfItsUser(StoreContract):
    @pytest.fixture
    async def store(self, user: Server) -> AsyncIterator[RedisStore]:
        store = await open_store(url_of(user))
        yield store
        await store.close()


async def test_the_user_may_call_what_the_store_calls_and_nothing_else() -> None:
    """Each command that is one too many is one more that a stolen password is good for."""
    with running("valkey9") as server:
        server.command("ACL", "SETUSER", NAME, *store_user.with_password())
        server.command("CONFIG", "RESETSTAT")
        store = await open_store(url_of(server, "?db=1"))
        told: list[object] = []
        feed = store.feed(told.append, lambda partition: None)
        for partition in range(store.partitions):
            await feed.follow(partition)
        before = await created(store, idempotency_key="one of a kind", labels={"team": "blue"})
        for decide in lifecycle(store):
            before = (await change(store, before, decide, Part.FULL)).head
        await until(lambda: told, "the feed tells")
        await load(store, before.record.id, Part.HEAD)
        for newest_first in (True, False):
            await store.page(Query(newest_first=newest_first), "", 5, Part.FULL, deadline=soon())
        await store.count(Query(), deadline=soon())
        await store.census(5, deadline=soon())
        await store.create_all(together(store, [None] * 2), deadline=soon())
        await store.due(0, 5, deadline=soon())
        await store.ready(0, ["mail"], 5, deadline=soon())
        await store.delete(before, b"digest", deadline=soon())
        await feed.unfollow(0)
        await feed.close()
        await store.close()
        statistics = server.command("INFO", "commandstats")
        assert server.command("ACL", "LOG") == []

    of_the_test = {"config|resetstat", "acl|log", "hello", "client|setinfo"}
    always_allowed = {"auth"}
    called = {name.removeprefix("cmdstat_") for name in statistics}
    assert called - of_the_test - always_allowed == store_user.commands()


@pytest.mark.parametrize(
    "command",
    [
        "KEYS *",
        "FLUSHALL",
        "CONFIG GET maxmemory",
        "ACL LIST",
        "CLIENT KILL ID 1",
        "SCRIPT FLUSH",
        "EVAL return 0",
        "GET another:key",
        "GET executions",
        "PUBLISH another:channel x",
        "SUBSCRIBE another:channel",
        "REPLICAOF NO ONE",
    ],
)
def test_the_user_may_do_nothing_else(command: str, server: Server) -> None:
    """Nor to other keys and channels of a store that is shared."""
    server.command("ACL", "SETUSER", NAME, *store_user.with_password())
    try:
        with (
            redis.Redis.from_url(url_of(server)) as client,
            pytest.raises(redis.exceptions.NoPermissionError),
        ):
            client.execute_command(*command.split())
    finally:
        server.command("ACL", "DELUSER", NAME)


def test_what_is_tried_at_the_start_is_all_that_scripts_call() -> None:
    """A command that a script calls and the start does not try would be missed in the middle of a commit."""
    called = {command for source in LUA.values() for command in CALLED.findall(source)}
    tried = set(TRIED.findall(LUA["permissions.lua"]))
    assert all(command in LUA["page.lua"] for command in IN_WORDS)
    assert tried == called | IN_WORDS
    assert {command.lower() for command in tried} < store_user.commands()


async def refusal(server: Server, *rules: str) -> str:
    """The sentence with which the server refuses to start where its user also has *rules*."""
    server.command("ACL", "SETUSER", NAME, *store_user.with_password(), *rules)
    try:
        with pytest.raises(StoreRefused) as refused:
            await open_store(url_of(server))
        return str(refused.value)
    finally:
        server.command("ACL", "DELUSER", NAME)
        server.command("FLUSHALL")


@pytest.mark.parametrize("command", ["del", "hset", "zrem", "zlexcount", "incr", "exists", "publish"])
async def test_a_user_who_lacks_a_command_is_refused_at_the_start(command: str, server: Server) -> None:
    """And not by half a change, when the command is first needed. Nothing is left behind by having tried."""
    sentence = await refusal(server, f"-{command}")
    assert sentence.startswith(f"The store refuses its user the command {command.upper()} in scripts")
    assert sentence.endswith("docs/operations.md has the line that allows all that is needed.")


async def test_a_user_who_lacks_the_channels_is_refused_at_the_start(server: Server) -> None:
    """Changes would be committed, and nobody told."""
    assert "the command PUBLISH in scripts" in await refusal(server, "resetchannels")


async def test_a_user_who_may_not_run_scripts_is_refused_at_the_start(server: Server) -> None:
    """Waiting would not help."""
    assert (await refusal(server, "-evalsha")).startswith("The store refuses to run scripts: NOPERM")


async def test_having_tried_leaves_nothing(server: Server) -> None:
    """Nor does it tell watchers of anything."""
    store: Any = await open_store(server.url)
    await store.close()
    assert [key for key in server.command("KEYS", "*") if b"partitions" not in key] == []
