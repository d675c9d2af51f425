"""What the URL of a store says: what kind of deployment it is, and how to connect to each of its servers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Self
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

CONNECT_SECONDS: Final = 0.5
PORTS: Final = {"server": 6379, "cluster": 6379, "sentinel": 26379}
SENTINEL_USER: Final = "sentinel_username"
SENTINEL_PASSWORD: Final = "sentinel_password"

Node = tuple[str, int]
"""Host and port of a server."""


class Kind(Enum):
    """What a URL leads to."""

    SERVER = "server"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """
    A store URL, read.

    Attributes:
        kind: what it leads to.
        nodes: of a cluster or of sentinels, those that it names.
        primary_name: what the sentinels call the primary.
    """

    kind: Kind
    nodes: tuple[Node, ...]
    primary_name: str
    _scheme: str
    _user: str
    _database: str
    _options: tuple[tuple[str, str], ...]
    _text: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a URL that ``config_kinds.store_url`` has let pass."""
        parts = urlsplit(text)
        scheme, _, kind = parts.scheme.partition("+")
        if not kind:
            return cls(Kind.SERVER, (), "", scheme, "", "", (), text)
        user, at, hosts = parts.netloc.rpartition("@")
        name, _, database = parts.path.removeprefix("/").partition("/")
        return cls(
            kind=Kind(kind),
            nodes=tuple(_node(host, PORTS[kind]) for host in hosts.split(",")),
            primary_name=name,
            _scheme=scheme,
            _user=user + at,
            _database=database,
            _options=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            _text=text,
        )

    def pool(self, node: Node | None = None) -> ConnectionPool:
        """The recipe for connections to *node*, or to the one server."""
        if node is None:
            return _pool(self._text)
        return self._pool(node, self._user, self._database)

    def sentinel_pool(self, node: Node) -> ConnectionPool:
        """The recipe for connections to a sentinel, which has a user and a password of its own, or none."""
        options = dict(self._options)
        user, password = options.get(SENTINEL_USER, ""), options.get(SENTINEL_PASSWORD, "")
        credentials = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""
        return self._pool(node, credentials, "")

    def _pool(self, node: Node, user: str, database: str) -> ConnectionPool:
        host, port = node
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        own = (SENTINEL_USER, SENTINEL_PASSWORD)
        query = urlencode([(name, value) for name, value in self._options if name not in own])
        return _pool(f"{self._scheme}://{user}{where}/{database}?{query}")


def _node(text: str, default_port: int) -> Node:
    parts = urlsplit(f"//{text}")
    return parts.hostname or "", parts.port or default_port


def _pool(url: str) -> ConnectionPool:
    """redis-py's recipe. Its own retries are off: they would repeat beyond the caller's deadline."""
    keepalive = {} if url.startswith("unix:") else {"socket_keepalive": True}
    return ConnectionPool.from_url(
        url,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=CONNECT_SECONDS,
        health_check_interval=0,
        client_name="execution-server",
        driver_info=None,  # it would be set by a command that the user of the store need not be allowed
        decode_responses=False,
        **keepalive,
    )
