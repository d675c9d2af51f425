"""
The page that Prometheus reads: ``/metrics``, and nothing else.

It is made in a thread of its own, so that the event loop is not kept from its calls. Only the executions by type and
status are asked of the store, on the event loop, every few seconds at most, however often somebody reads.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app

from ..domain.problems import StoreUnavailable
from .families import Families
from .parts import Parts

log = logging.getLogger(__name__)

PATH: Final = "/metrics"
TYPES: Final = 100
"""How many types are told apart: each is seven series."""
CENSUS_SECONDS: Final = 10.0
"""How long executions by type and status are not counted again."""
PATIENCE_SECONDS: Final = 2.0
"""How long the store may take to count them; without an answer the page comes without them."""

Start = Callable[[str, list[tuple[str, str]]], object]


class Endpoint:
    """Serves the page from a thread. Made by ``listen``."""

    def __init__(self, parts: Parts, server: WSGIServer, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._loop = parts.store, loop
        self._families = Families(parts)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._families)
        ProcessCollector(registry=registry)
        self._page: Any = make_wsgi_app(registry)
        self._counted_at = -CENSUS_SECONDS
        self._counting = threading.Lock()
        self._server = server
        server.set_app(self.answer)
        self._thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="metrics", daemon=True)

    @classmethod
    def listen(cls, host: str, port: int, parts: Parts) -> Self:
        """
        Serve on the running event loop's behalf from now on.

        Raises:
            OSError: nothing can listen there.
        """
        server = (_Server6 if ":" in host else _Server)((host, port), _Silent)
        endpoint = cls(parts, server, asyncio.get_running_loop())
        endpoint._thread.start()
        return endpoint

    @property
    def port(self) -> int:
        """On which it listens."""
        return int(self._server.server_port)

    async def close(self) -> None:
        """Stop listening."""
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()

    def answer(self, request: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Answer one request, as WSGI asks."""
        if request["PATH_INFO"] != PATH:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [b"There is nothing here but /metrics.\n"]
        self._count_executions()
        page: Iterable[bytes] = self._page(request, start)
        return page

    def _count_executions(self) -> None:
        """Have the executions counted if they were not a moment ago; readers that come together wait for one count."""
        with self._counting:
            if time.monotonic() - self._counted_at < CENSUS_SECONDS:
                return
            self._counted_at = time.monotonic()
            counting = asyncio.run_coroutine_threadsafe(self._census(), self._loop)
            try:
                self._families.stored = counting.result(PATIENCE_SECONDS + 1)
            except (StoreUnavailable, TimeoutError):
                counting.cancel()
                self._families.stored = None
            except Exception:  # the other metrics are wanted most when something is wrong
                log.exception("executions cannot be counted")
                self._families.stored = None

    async def _census(self) -> Any:
        return await self._store.census(TYPES, deadline=self._loop.time() + PATIENCE_SECONDS)


class _Server(ThreadingMixIn, WSGIServer):
    """One reader that hangs must not keep out the others."""

    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without asking a name server for the host's full name, which the one above does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Silent(WSGIRequestHandler):
    timeout = 10
    """Seconds; who asks for nothing is not waited for."""

    def log_message(self, format: str, *args: object) -> None:
        """A line per scrape is of no use to anybody."""
