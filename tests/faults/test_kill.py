"""kill -9 in mid-traffic: nothing acknowledged is forgotten, and nothing is half done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import redis
from croco.execution.v1.execution_pb2 import Execution

from tests import servers
from tests.faults.ledger import Entry, Ledger, missing
from tests.service import serving
from tests.store.checker import check

KILLS: Final = 3


async def verify(ledger: Ledger, address: str, client: redis.Redis) -> None:
    """Hold what clients were told against what is there, and what is there against itself."""
    assert await missing(ledger.entries, address) == []
    assert check(client) == []
    assert ledger.failed >= KILLS


async def test_a_killed_server_loses_nothing(tmp_path: Path) -> None:
    """All it had acknowledged is in the store; another one goes on from there."""
    with (
        servers.running("valkey9") as store,
        serving(tmp_path, "--store-url", store.url) as server,
        store.client() as client,
    ):
        async with Ledger(server.address, "server") as ledger:
            for _ in range(KILLS):
                await ledger.goes_on()
                await ledger.notices(server.kill9)
                await asyncio.to_thread(server.start)
            await ledger.goes_on()
        await verify(ledger, server.address, client)


async def test_a_killed_store_loses_nothing(tmp_path: Path) -> None:
    """It writes each change to the disk before it answers. Meanwhile calls wait, or are told to come again."""
    with (
        servers.running("valkey9", durable=True) as store,
        serving(
            tmp_path, "--store-url", store.url, "--default-deadline", "1s", "--max-deadline", "1s"
        ) as server,
    ):
        async with Ledger(server.address, "store") as ledger:
            for _ in range(KILLS):
                await ledger.goes_on()
                await ledger.notices(store.kill9)
                await asyncio.to_thread(store.start)
            await ledger.goes_on()
        with store.client() as client:
            await verify(ledger, server.address, client)


async def test_a_server_killed_with_its_embedded_store_loses_nothing(tmp_path: Path) -> None:
    """What a user has who started it with one command, and whose machine runs out of memory."""
    options = ("--data-dir", str(tmp_path / "data"), "--appendfsync", "always")
    with serving(tmp_path, *options) as server:
        async with Ledger(server.address, "embedded") as ledger:
            for _ in range(KILLS):
                await ledger.goes_on()
                await ledger.notices(server.kill9)
                await asyncio.to_thread(server.start)
            await ledger.goes_on()
        with redis.Redis(unix_socket_path=str(tmp_path / "data" / "store.sock")) as client:
            await verify(ledger, server.address, client)


async def test_what_was_acknowledged_and_is_not_there_is_seen(tmp_path: Path) -> None:
    """A test that sees no loss is worth nothing if it cannot see one."""
    with serving(tmp_path, "--store-url", "memory://") as server:
        async with Ledger(server.address, "seen") as ledger:
            await ledger.goes_on(60)
        assert await missing(ledger.entries, server.address) == []
        whole = next(entry for entry in ledger.entries if len(entry.answers) > 2)

        later = Execution()
        later.CopyFrom(whole.answers[-1])
        later.revision += 1
        gone = Entry("nobody has this key", whole.answers)
        further = Entry(whole.key, [*whole.answers, later])
        less = Entry(whole.key, whole.answers[:2])

        for entry in (gone, further, less):
            assert len(await missing([entry], server.address)) >= 1
