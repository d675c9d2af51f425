"""Real sentinels for tests: three of them, a primary and two replicas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

import redis

from tests.clusters import CALM_MS, wait
from tests.servers import Server, free_port, running

NAME: Final = "main"
SENTINELS: Final = 3
REPLICAS: Final = 2


class Watched:
    """
    A primary with its replicas and sentinels. ``url`` is what the store takes.

    Attributes:
        kind: of its servers.
        servers: primary and replicas; the first was the primary at first.
        sentinels: those that watch over them.
    """

    def __init__(self, kind: str, servers: list[Server], sentinels: list[Server]) -> None:
        self.kind = kind
        self.servers = servers
        self.sentinels = sentinels
        self.url = f"redis+sentinel://{','.join(f'127.0.0.1:{one.port}' for one in sentinels)}/{NAME}"

    @contextmanager
    def client(self) -> Iterator[redis.Redis]:
        """A plain client of the primary, for a look behind the store's back."""
        with self.primary().client() as client:
            yield client

    def command(self, *words: str | int) -> None:
        """Give a command to the primary."""
        self.primary().command(*words)

    def primary(self) -> Server:
        """The server that the sentinels agree upon, once they do."""
        named = set[int]()

        def agree() -> bool:
            nonlocal named
            named = self._named()
            return len(named) == 1

        wait(agree, "the sentinels agree")
        return next(server for server in self.servers if server.port in named)

    def await_failover(self, lost: Server) -> None:
        """Wait until the sentinels have put another in the place of a primary that was lost."""
        wait(lambda: lost.port not in self._named(), "the sentinels name another primary")
        wait(lambda: self.primary().command("ROLE")[0] == b"master", "it is one")

    def hand_over(self, primary: Server) -> None:
        """Have the sentinels put another in the place of a primary that is well; asked again if they give up."""
        asked = self.sentinels[0]

        def has_another() -> bool:
            if _named_by(asked) != primary.port:
                return True
            with suppress(redis.ResponseError):  # it is being done
                asked.command("SENTINEL", "FAILOVER", NAME)
            return False

        wait(has_another, "the sentinels hand over")

    def await_replicas(self) -> None:
        """Wait until the primary has all its replicas."""
        wait(lambda: len(self.primary().command("ROLE")[2]) == REPLICAS, "the replicas are in step")

    def _named(self) -> set[int]:
        """The ports of all that some sentinel takes for the primary."""
        return {_named_by(sentinel) for sentinel in self.sentinels if sentinel.is_up}


@contextmanager
def watched(
    kind: str,
    *,
    failover_ms: int = CALM_MS,
    durable: bool = False,
    ahead_seconds: Sequence[float] = (0,) * (1 + REPLICAS),
) -> Iterator[Watched]:
    """
    All of them for as long as the context lasts.

    Args:
        failover_ms: after how long a server that does not answer is taken for lost.
        ahead_seconds: how far the clock of the primary and of each replica is ahead of this machine's.
    """
    with ExitStack() as stack:

        def start(*options: str, **more: Any) -> Server:
            return stack.enter_context(
                running(kind, durable=durable, port=free_port(), arguments=options, **more)
            )

        delay = ("--repl-diskless-sync-delay", "0")
        primary = start(*delay, ahead_seconds=ahead_seconds[0])
        following = (*delay, "--replicaof", "127.0.0.1", str(primary.port))
        replicas = [start(*following, ahead_seconds=seconds) for seconds in ahead_seconds[1:]]
        config = (
            f"sentinel monitor {NAME} 127.0.0.1 {primary.port} 2\n"
            f"sentinel down-after-milliseconds {NAME} {failover_ms}\n"
            f"sentinel failover-timeout {NAME} {2 * failover_ms}\n"
        )
        sentinels = [start("--sentinel", config=config) for _ in range(SENTINELS)]
        found = Watched(kind, [primary, *replicas], sentinels)
        found.await_replicas()
        wait(lambda: all(_knows_all(sentinel) for sentinel in sentinels), "the sentinels know all")
        yield found


def _named_by(sentinel: Server) -> int:
    """The port of what a sentinel takes for the primary."""
    return int(sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME)[1])


def _knows_all(sentinel: Server) -> bool:
    replicas = sentinel.command("SENTINEL", "REPLICAS", NAME)
    others = sentinel.command("SENTINEL", "SENTINELS", NAME)
    return len(replicas) == REPLICAS and len(others) == SENTINELS - 1
