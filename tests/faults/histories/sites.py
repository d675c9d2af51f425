"""Where histories happen: a store of some kind, and servers that share it."""

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

SERVERS: Final = 3
SINGLE: Final = ("valkey9", "redis7", "redis62")
KINDS: Final = (*SINGLE, "cluster", "sentinel")
LOST_MS: Final = 2_000
"""After how long a primary that does not answer is taken for lost."""


@dataclass
class Site:
    """
    Attributes:
        services: the servers, each with its link to the store.
        links: what stands between each server and the store; none where the store is of many.
    """

    kind: str
    store: Server | Cluster | Watched
    services: list[Service]
    links: list[Proxy]

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
    kind: str, folder: Path, servers: int = SERVERS, environ: Mapping[str, str] | None = None
) -> AsyncIterator[Site]:
    """
    A site for as long as the context lasts. What its store acknowledges is durable.

    Args:
        servers: how many.
        environ: of the servers, other than that of the tests.
    """
    async with AsyncExitStack() as stack:
        store: Server | Cluster | Watched
        links: list[Proxy] = []
        options: tuple[str, ...] = ("--durability", "local")
        match kind:
            case "cluster":
                store = stack.enter_context(clustered("valkey9", failover_ms=LOST_MS, durable=True))
                options = ("--store-url", store.url, "--durability", "replicated")
            case "sentinel":
                store = stack.enter_context(watched("redis7", failover_ms=LOST_MS, durable=True))
                replicated = ("--durability", "replicated", "--replicas", str(REPLICAS))
                options = ("--store-url", store.url, *replicated)
            case _:
                store = stack.enter_context(running(kind, durable=True))
                links = [await stack.enter_async_context(proxied(store.socket)) for _ in range(servers)]
        services = []
        for number in range(servers):
            url = ("--store-url", links[number].url) if links else ()
            service = _service(folder / f"{kind}-{number}", (*options, *url), environ)
            stack.callback(service.stop)
            services.append(service)
        await asyncio.gather(*(asyncio.to_thread(service.start) for service in services))
        yield Site(kind, store, services, links)


def _service(folder: Path, options: Sequence[str], environ: Mapping[str, str] | None) -> Service:
    folder.mkdir(parents=True)
    return Service(folder, *options, "--log-level", "warning", environ=environ)
