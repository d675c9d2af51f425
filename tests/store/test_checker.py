"""The checker finds what it is for: a check that never fails proves nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from execution_server.store.contract.samples import change, create, created, lifecycle, new, soon
from execution_server.store.port import REMEMBERED_MS, key_claim, request_claim
from execution_server.store.redis import RedisStore
from google.protobuf.duration_pb2 import Duration

from tests.servers import Server
from tests.store.checker import check


class Filled:
    """The keys of a store that holds a bit of everything."""

    def __init__(self, store: RedisStore, running: str, claimed: str, deleted: str) -> None:
        keys = store._keys
        partition = keys.partition(running)
        self.running = running
        self.record = keys.record(running)
        self.due = keys.due(partition)
        self.sequence = keys.sequence(partition)
        self.running_set = keys.index_set(partition, "status:running")
        self.pending_set = keys.index_set(partition, "status:pending")
        self.key_claim = keys.claim(key_claim("order").name)
        self.request_claim = keys.claim(request_claim(b"request1").name)
        self.tombstone = keys.tombstone(deleted)
        self.partitions = keys.partition_count()
        self.claimed_record = keys.record(claimed)


async def filled(store: RedisStore) -> Filled:
    running = await created(store, timeout=Duration(seconds=60))
    for decide in lifecycle(store)[:2]:
        running = (await change(store, running, decide)).head
    claim = key_claim("order")
    claimed = (await create(store, new(store, claim, idempotency_key="order"), claim)).head
    claim = request_claim(b"request1")
    await create(store, new(store, claim), claim)
    deleted = await created(store)
    while store._keys.partition(deleted.record.id) == store._keys.partition(running.record.id):
        deleted = await created(store)  # where something was deleted, less can be said about what was counted
    await store.delete(deleted, b"request2", deadline=soon())
    return Filled(store, running.record.id, claimed.record.id, deleted.record.id)


FAULTS: dict[str, Callable[[Filled], tuple[str | int, ...]]] = {
    "an index entry is missing": lambda keys: ("ZREM", keys.running_set, keys.running),
    "an index entry is left behind": lambda keys: ("ZADD", keys.pending_set, 0, keys.running),
    "an index entry has another score": lambda keys: ("ZADD", keys.running_set, 1, keys.running),
    "a due time is missing": lambda keys: ("ZREM", keys.due, keys.running),
    "a due time is wrong": lambda keys: ("ZADD", keys.due, 1, keys.running),
    "a claim is missing": lambda keys: ("DEL", keys.key_claim),
    "a claim is another's": lambda keys: ("SET", keys.key_claim, keys.running),
    "a claim would end before its record": lambda keys: ("EXPIRE", keys.key_claim, 100),
    "a passing claim would stay": lambda keys: ("PERSIST", keys.request_claim),
    "a tombstone would stay": lambda keys: ("PERSIST", keys.tombstone),
    "a record would end by itself": lambda keys: ("EXPIRE", keys.record, 100),
    "an index would end by itself": lambda keys: ("EXPIRE", keys.running_set, 100),
    "the partition count would end by itself": lambda keys: ("EXPIRE", keys.partitions, 100),
    "the partition count is missing": lambda keys: ("DEL", keys.partitions),
    "a key is of no known kind": lambda keys: ("SET", "execution:{p0}:other", "x"),
    "a key has another prefix": lambda keys: ("SET", "elsewhere:{p0}:seq", 1),
    "changes were not counted": lambda keys: ("SET", keys.sequence, 0),
    "too many changes were counted": lambda keys: ("SET", keys.sequence, 1_000),
    "a version is another revision's": lambda keys: ("HSET", keys.record, "v", "7.abc"),
    "a checkpoint is missing": lambda keys: ("HDEL", keys.record, "c:a"),
    "a status change is missing": lambda keys: ("HDEL", keys.record, "h1"),
    "a record lies under another's key": lambda keys: ("RENAME", keys.claimed_record, keys.record),
}


async def test_what_ends_by_the_clock_of_another_server_may_end_later(
    redis_store: RedisStore, server: Server
) -> None:
    """By as much as their clocks are apart, and no more."""
    keys = await filled(redis_store)
    with server.client() as client:
        for key in (keys.tombstone, keys.request_claim):
            server.command("PEXPIRE", key, REMEMBERED_MS + 60_000)
        assert check(client, apart_ms=90_000) == []
        assert len(check(client, apart_ms=30_000)) == 2
    server.command("FLUSHALL")


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(redis_store: RedisStore, server: Server, fault: str) -> None:
    """Each kind of fault that a wrong script could leave behind."""
    keys = await filled(redis_store)
    with server.client() as client:
        assert check(client) == []
        assert server.command(*FAULTS[fault](keys)) is not None
        complaints = check(client)
    server.command("FLUSHALL")

    assert complaints, fault


async def test_it_can_be_run_on_a_store(redis_store: RedisStore, server: Server) -> None:
    """By whoever wants to know how a store is."""
    keys = await filled(redis_store)
    assert run_on(server) == (0, "all is well\n")
    server.command("DEL", keys.key_claim)
    status, said = run_on(server)
    server.command("FLUSHALL")

    assert status == 1
    assert "the lasting claims are {}" in said


def run_on(server: Server) -> tuple[int, str]:
    """The exit status and the words of the checker as a program."""
    words = [sys.executable, "-m", "tests.store.checker", f"unix://{server.socket}"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout
