"""Where histories happen: a store of some kind, and servers that share it, each with a clock that is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.clusters import Cluster, clustered
from tests.proxy import Proxy, proxied
from tests.sentinels import REPLICAS, Watched, watched
from tests.servers import Server, running
from tests.service import Service
from tests.wrong_clocks import WrongClock, available

SERVERS: Final = 3
SINGLE: Final = ("valkey9", "redis7", "redis62")
KINDS: Final = (*SINGLE, "cluster", "sentinel")
LOST_MS: Final = 2_000
"""After how long a primary that does not answer is taken for lost."""
WRONG_SECONDS: Final = (3_600.0, -3_600.0, 0.0)
"""How far the clocks of the servers are ahead at first."""
APART_SECONDS: Final[Mapping[str, tuple[float, ...]]] = {
    "sentinel": (0, 90, -90),
    "cluster": (0, 0.2, 0.4, 0.2, 0.4, 0),
}
"""
How far the clocks of a deployment's stores are ahead, where they are apart; after a failover another one counts.

Those of a cluster's primaries count at the same time, so a call loses what they are apart of the second that it has.
"""


@dataclass
class Site:
    """
    Attributes:
        services: the servers, each with its link to the store.
        links: what stands between each server and the store; none where the store is of many.
        clocks: of each server; none where none can be set wrong.
        apart: by how much the slowest and the fastest clock of the store differ from this machine's, in seconds.
    """

    kind: str
    store: Server | Cluster | Watched
    services: list[Service]
    links: list[Proxy]
    clocks: list[WrongClock]
    apart: tuple[float, float]

    def primaries(self) -> list[Server]:
        """The servers that take changes."""
        match self.store:
            case Cluster() as cluster:
                return cluster.primaries()
            case Watched() as watched:
                return [watched.primary()]
            case server:
                return [server]

    def now_ms(self) -> int:
        """The store's time in epoch milliseconds; of several primaries the one furthest behind counts."""
        times = [primary.command("TIME") for primary in self.primaries()]
        return min(int(seconds) * 1_000 + int(microseconds) // 1_000 for seconds, microseconds in times)

    def log_of_errors(self) -> list[str]:
        """What the servers have logged that somebody must look into."""
        return [
            str(line)
            for one in self.services
            for line in one.log_lines()
            if line["level"] in ("error", "critical")
        ]


@asynccontextmanager
async def site(
    kind: str,
    folder: Path,
    servers: int = SERVERS,
    environ: Mapping[str, str] | None = None,
    *,
    stores_apart: bool = False,
) -> AsyncIterator[Site]:
    """
    A site for as long as the context lasts. What its store acknowledges is durable.

    Args:
        servers: how many.
        environ: of the servers, other than that of the tests.
        stores_apart: whether the clocks of the stores differ, where there are several.
    """
    apart = APART_SECONDS.get(kind, (0.0,))
    if not stores_apart:
        apart = (0.0,) * len(apart)
    async with AsyncExitStack() as stack:
        store, options = _open_store(stack, kind, apart)
        at = Site(kind, store, [], [], [], (min(apart), max(apart)))
        for number in range(servers):
            place = folder / f"{kind}-{number}"
            place.mkdir(parents=True)
            url = store.url
            if isinstance(store, Server):
                at.links.append(await stack.enter_async_context(proxied(store.socket)))
                url = at.links[number].url
            more = {**(environ or {})}
            if available():
                at.clocks.append(WrongClock(place / "clock", WRONG_SECONDS[number]))
                more |= at.clocks[number].environ
            service = Service(place, "--store-url", url, *options, "--log-level", "warning", environ=more)
            stack.callback(service.stop)
            at.services.append(service)
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in at.services))
        yield at


def _open_store(
    stack: AsyncExitStack, kind: str, apart: Sequence[float]
) -> tuple[Server | Cluster | Watched, Sequence[str]]:
    """The store, and what its servers must be told of it beside its URL."""
    match kind:
        case "cluster":
            cluster = clustered("valkey9", failover_ms=LOST_MS, durable=True, ahead_seconds=apart)
            return stack.enter_context(cluster), ("--durability", "replicated")
        case "sentinel":
            watching = watched("redis7", failover_ms=LOST_MS, durable=True, ahead_seconds=apart)
            options = ("--durability", "replicated", "--replicas", str(REPLICAS))
            return stack.enter_context(watching), options
        case _:
            return stack.enter_context(running(kind, durable=True)), ("--durability", "local")
