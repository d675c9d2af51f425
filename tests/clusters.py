"""A real cluster for tests: three primaries with a replica each, whose slots move and whose nodes are killed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import redis
from execution_server.store.redis.slots import SLOTS, slot_of

from tests.servers import Server, free_port, running

PRIMARIES: Final = 3
WAIT_SECONDS: Final = 60.0
CALM_MS: Final = 60_000
"""After how long a node that does not answer is failed over where tests want no failover: never."""
HAND_OVER_SECONDS: Final = 6.0
"""After how long a replica that was told to take over has given it up; its own limit is 5 s."""
BATCH: Final = 10
"""How many keys are moved together."""


class Cluster:
    """
    A cluster. ``url`` is what the store takes.

    Attributes:
        kind: of its servers.
        nodes: all of them; at first the second half are the replicas of the first half, in turn.
    """

    def __init__(self, kind: str, nodes: list[Server]) -> None:
        self.kind = kind
        self.nodes = nodes
        # Not all of them: the others are found through these.
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in nodes[1::2])

    @contextmanager
    def client(self) -> Iterator[redis.RedisCluster]:
        """A plain client, for a look behind the store's back."""
        up = next(node for node in self.nodes if node.is_up)
        with redis.RedisCluster("127.0.0.1", up.port) as client:
            yield client

    def command(self, *words: str | int) -> None:
        """Give a command to every primary."""
        for node in self.primaries():
            node.command(*words)

    def primaries(self) -> list[Server]:
        """The nodes that take changes and are up."""
        return [node for node in self.nodes if node.is_up and node.command("ROLE")[0] == b"master"]

    def owner(self, key: str) -> Server:
        """The primary of a key, as it sees itself."""
        return next(node for node in self.primaries() if _owns(node, slot_of(key)))

    def replica_of(self, primary: Server) -> Server:
        """The replica of a primary, as it sees itself."""
        followed = [b"slave", b"127.0.0.1", primary.port]
        return next(node for node in self.nodes if node.is_up and node.command("ROLE")[:3] == followed)

    def hand_over(self, primary: Server) -> None:
        """Have the replica of a primary that is well take over. It tries for some seconds, then it is asked again."""
        replica, asked = self.replica_of(primary), 0.0

        def has_taken_over() -> bool:
            nonlocal asked
            if replica.command("ROLE")[0] == b"master":
                return True
            if time.monotonic() >= asked + HAND_OVER_SECONDS:
                replica.command("CLUSTER", "FAILOVER")
                asked = time.monotonic()
            return False

        wait(has_taken_over, "the replica has taken over")

    def await_failover(self, lost: Server) -> None:
        """Wait until other nodes have the slots of one that was lost."""
        others = [node for node in self.nodes if node is not lost and node.is_up]
        wait(lambda: all(_is_whole(node, lost) for node in others), "its slots have another primary")

    def await_replicas(self) -> None:
        """Wait until every primary has a replica that is in step."""
        wait(lambda: all(_is_in_step(node) for node in self.nodes), "the replicas are in step")

    def move(self, key: str, between: Callable[[Server], object] = lambda source: None) -> None:
        """
        Move the slot of *key* to another primary key by key, as ``redis-cli --cluster reshard`` does.

        *between* is called with its first primary before each few keys.
        """
        slot, source, target = self._way(key)
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", _id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", _id(target))
        while keys := source.command("CLUSTER", "GETKEYSINSLOT", slot, BATCH):
            between(source)
            source.command("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
        for node in (target, source, *self.primaries()):
            node.command("CLUSTER", "SETSLOT", slot, "NODE", _id(target))
        assert _owns(target, slot)

    def move_at_once(self, key: str) -> None:
        """Move the slot of *key* as Valkey does it since 9.0: all is copied first, then the slot changes hands."""
        slot, source, target = self._way(key)
        source.command("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", _id(target))
        wait(lambda: _owns(target, slot), "the slot has arrived")

    def _way(self, key: str) -> tuple[int, Server, Server]:
        """The slot of *key*, its primary and another one."""
        source = self.owner(key)
        return slot_of(key), source, next(node for node in self.primaries() if node is not source)


@contextmanager
def clustered(
    kind: str,
    *,
    failover_ms: int = CALM_MS,
    durable: bool = False,
    ahead_seconds: Sequence[float] = (0,) * (2 * PRIMARIES),
) -> Iterator[Cluster]:
    """
    A cluster for as long as the context lasts.

    Args:
        failover_ms: after how long a node that does not answer is taken for lost.
        ahead_seconds: how far the clock of each node is ahead of this machine's.
    """
    options = (
        *("--cluster-enabled", "yes", "--cluster-node-timeout", str(failover_ms)),
        *("--cluster-require-full-coverage", "no", "--cluster-allow-replica-migration", "no"),
        *("--repl-diskless-sync-delay", "0"),
    )
    with ExitStack() as stack:
        nodes = [
            stack.enter_context(
                running(
                    kind,
                    durable=durable,
                    port=free_port(),
                    arguments=(*options, "--cluster-port", str(free_port())),
                    ahead_seconds=seconds,
                )
            )
            for seconds in ahead_seconds
        ]
        _form(nodes, failover=failover_ms != CALM_MS)
        cluster = Cluster(kind, nodes)
        cluster.await_replicas()
        yield cluster


def _form(nodes: list[Server], *, failover: bool) -> None:
    """Make a cluster of nodes; for *failover* everybody must know who could take over."""
    primaries, replicas = nodes[:PRIMARIES], nodes[PRIMARIES:]
    for number, node in enumerate(nodes, start=1):
        node.command("CLUSTER", "SET-CONFIG-EPOCH", number)
        bus_port = nodes[0].command("CONFIG", "GET", "cluster-port")
        node.command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, int(next(iter(bus_port.values()))))
    for number, node in enumerate(primaries):
        first, end = (SLOTS * at // PRIMARIES for at in (number, number + 1))
        node.command("CLUSTER", "ADDSLOTSRANGE", first, end - 1)
    everybody = str(len(nodes))
    wait(lambda: all(_info(node)["cluster_known_nodes"] == everybody for node in nodes), "all nodes have met")
    for primary, replica in zip(primaries, replicas, strict=True):
        wait(lambda replica=replica, primary=primary: _knows(replica, primary), "they know each other")  # type: ignore[misc]
        replica.command("CLUSTER", "REPLICATE", _id(primary))
    wait(lambda: all(_is_whole(node) for node in nodes), "all nodes know where each slot is")
    wait(lambda: all(_info(node)["cluster_state"] == "ok" for node in nodes), "the cluster serves")
    if failover:
        wait(lambda: all(_replicas_known(node) == len(replicas) for node in nodes), "all know the replicas")


def errors(node: Server, *codes: str) -> int:
    """How often a node has answered with one of these errors."""
    counts = node.command("INFO", "errorstats")
    return sum(int(counts.get(f"errorstat_{code}", {"count": 0})["count"]) for code in codes)


def wait(condition: Callable[[], object], what: str) -> None:
    """Return as soon as *condition* holds; fail the test when it never does."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.02)


def _info(node: Server) -> dict[str, str]:
    lines = (line.partition(":") for line in node.command("CLUSTER", "INFO").decode().split("\r\n"))
    return {name: value for name, _, value in lines}


def _id(node: Server) -> str:
    return str(node.command("CLUSTER", "MYID").decode())


def _knows(node: Server, other: Server) -> bool:
    return _id(other) in node.command("CLUSTER", "NODES").decode()


def _replicas_known(node: Server) -> int:
    return sum(len(replicas) for _, _, _, *replicas in node.command("CLUSTER", "SLOTS"))


def _owns(node: Server, slot: int) -> bool:
    return any(
        first <= slot <= last and port == node.port
        for first, last, (_, port, *_), *_ in node.command("CLUSTER", "SLOTS")
    )


def _is_whole(node: Server, lost: Server | None = None) -> bool:
    """Whether a node knows a primary for every slot, other than one that was lost."""
    served = 0
    for first, last, (_, port, *_), *_ in node.command("CLUSTER", "SLOTS"):
        served += 0 if lost is not None and port == lost.port else last + 1 - first
    return served == SLOTS


def _is_in_step(node: Server) -> bool:
    role: list[Any] = node.command("ROLE")
    return bool(role[3] == b"connected" if role[0] == b"slave" else role[2])
