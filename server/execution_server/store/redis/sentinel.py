"""The primary that sentinels watch over: found anew for each connection, as it may be another after a failover."""

from __future__ import annotations

import random
from itertools import cycle

from redis.asyncio.connection import AbstractConnection

from .connect import LinkLost, ask, connect
from .url import StoreUrl


class Sentinels:
    """Connects to whatever primary the sentinels name."""

    def __init__(self, url: StoreUrl) -> None:
        self._url = url
        # One sentinel is asked per try: when it is gone, or lags behind the others, the next try asks the next one.
        self._turns = cycle(url.sentinel_pool(node) for node in random.sample(url.nodes, len(url.nodes)))

    async def connect(self) -> AbstractConnection:
        """
        A connection to the primary.

        Raises:
            LinkLost: the sentinel does not answer or knows no primary, or the server that it names is none.
        """
        sentinel = await connect(next(self._turns))
        named = await ask(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._url.primary_name)
        await sentinel.disconnect(nowait=True)
        if not named:
            raise LinkLost(f"no primary is called {self._url.primary_name}")
        host, port = named
        connection = await connect(self._url.pool((host.decode(), int(port))))
        # A primary that was away when another took its place is still one to sentinels that have not heard of it.
        role, *_ = await ask(connection, "ROLE")
        if role != b"master":
            await connection.disconnect(nowait=True)
            raise LinkLost("the server that the sentinels name is not the primary yet, or no more")
        return connection
