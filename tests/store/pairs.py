"""A primary and its replica, without anybody who would put one in the other's place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.clusters import wait
from tests.servers import Server, free_port, running


class Pair(NamedTuple):
    """Both write each change to their disks before they answer."""

    primary: Server
    replica: Server


@contextmanager
def paired(kind: str) -> Iterator[Pair]:
    """A pair for as long as the context lasts."""
    delay = ("--repl-diskless-sync-delay", "0")
    with running(kind, durable=True, port=free_port(), arguments=delay) as primary:
        following = ("--replicaof", "127.0.0.1", str(primary.port))
        with running(kind, durable=True, port=free_port(), arguments=following) as replica:
            wait(lambda: replica.command("ROLE")[3] == b"connected", "the replica follows")
            yield Pair(primary, replica)


def count_of(server: Server, command: str) -> int:
    """How often a server has carried out a command."""
    return int(server.command("INFO", "commandstats").get(f"cmdstat_{command}", {"calls": 0})["calls"])
