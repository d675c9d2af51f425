"""How the store is reached: connect, look whether the server can be trusted with executions, refuse it if not."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from redis.asyncio.connection import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError

from ...domain.problems import StoreUnavailable
from .clock import StoreClock
from .keys import Keys
from .link import NOT_NOW, Link
from .scripts import PERMISSIONS, ReplyError, StoreFault
from .store import RedisStore

log = logging.getLogger(__name__)

OLDEST: Final = (6, 2)
CONNECT_SECONDS: Final = 0.5
PATIENCE_SECONDS: Final = 5.0
"""How long one look at the store may take before the log says that it is waited for."""


class StoreRefused(Exception):
    """The server answers but must not hold executions. The message says what to do."""


async def open_store(url: str, *, prefix: str = "execution", partitions: int = 16) -> RedisStore:
    """
    Open the store at *url* (``redis://``, ``rediss://`` or ``unix://``, as redis-py reads them), waiting for it.

    Raises:
        StoreRefused: the server is too old, a cluster's, may evict keys, refuses the credentials, or holds executions
            in another number of partitions.
    """
    pool = connection_pool(url)
    link = Link(pool)
    keys = Keys(prefix, partitions)
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                deadline = loop.time() + PATIENCE_SECONDS
                information = _information(await _ask(link, "INFO", deadline=deadline))
                _check_server(information)
                await _check_partitions(link, keys, deadline)
                await _check_permissions(link, keys, deadline)
                clock = StoreClock(link)
                await clock.start(deadline=deadline)
                break
            except StoreUnavailable as unavailable:
                _check_credentials(unavailable)
                log.warning("waiting for the store: %s", unavailable.__cause__ or "no answer")
    except BaseException:
        await link.close()
        raise
    return RedisStore(pool, link, clock, keys)


def connection_pool(url: str) -> ConnectionPool:
    """
    redis-py's recipe for connections to *url*. Its own retries are off: they would repeat beyond the caller's deadline.
    """
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


async def _ask(link: Link, *command: str, deadline: float) -> Any:
    reply = await link.call(*command, deadline=deadline)
    if isinstance(reply, ReplyError):
        raise StoreRefused(f"The store refuses the command {command[0]}: {reply}")
    return reply


def _information(text: bytes) -> dict[str, str]:
    lines = (line.partition(":") for line in text.decode().splitlines() if not line.startswith("#"))
    return {name: value for name, _, value in lines}


def _check_credentials(unavailable: BaseException | None) -> None:
    """Waiting does not make a wrong password right."""
    while unavailable is not None:
        if isinstance(unavailable, AuthenticationError | NoPermissionError):
            raise StoreRefused("The store refuses the user or password of its URL. Give it the right ones.")
        unavailable = unavailable.__cause__


def _check_server(information: dict[str, str]) -> None:
    if information.get("cluster_enabled") == "1":
        raise StoreRefused(
            "The store is a node of a cluster, which this version cannot use. Give it a single server."
        )
    version = information.get("redis_version", "0")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        raise StoreRefused(f"The store is Redis {version}. Use Redis 6.2 or later, or any Valkey.")
    policy = information.get("maxmemory_policy", "")
    if policy != "noeviction":
        raise StoreRefused(
            f"The store may evict executions when its memory is full: its maxmemory-policy is {policy}. "
            "Set it to noeviction (CONFIG SET maxmemory-policy noeviction, and in the server's configuration file)."
        )


async def _check_partitions(link: Link, keys: Keys, deadline: float) -> None:
    key = keys.partition_count()
    await _ask(link, "SET", key, str(keys.partitions), "NX", deadline=deadline)
    stored = int(await _ask(link, "GET", key, deadline=deadline))
    if stored != keys.partitions:
        raise StoreRefused(
            f"The store holds executions in {stored} partitions, and this server is set to {keys.partitions}. "
            f"Start it with --partitions {stored}, or give it another --key-prefix or store."
        )


async def _check_permissions(link: Link, keys: Keys, deadline: float) -> None:
    """A script that is stopped half-way, by a command that the user is not allowed, would leave half of its writes."""
    probes = [keys.probe(0, name) for name in ("hash", "set", "text")]
    try:
        answer = await PERMISSIONS.run(link, probes, ["PUBLISH", keys.probe(0, "channel")], deadline=deadline)
    except StoreFault as fault:
        raise StoreRefused(f"The store refuses to run scripts: {fault}") from None
    if answer.tag == "OK":
        return
    command, why = (text.decode() for text in answer.rest)
    if NOT_NOW.intersection(why.split()):
        raise StoreUnavailable
    raise StoreRefused(
        f"The store refuses its user the command {command} in scripts, or the keys and channels under {keys.prefix}: "
        f"{why}. docs/operations.md has the line that allows all that is needed."
    )
