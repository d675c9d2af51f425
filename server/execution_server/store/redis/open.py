"""How the store is reached: connect, look whether the server can be trusted with executions, refuse it if not."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from croco.execution.v1.execution_service_pb2 import StoreKind
from redis.exceptions import AuthenticationError, NoPermissionError

from ...domain.problems import StoreUnavailable
from ..port import StoreFacts
from .clock import StoreClock
from .cluster import ClusterLink
from .connect import LinkLost, through
from .durability import RELAXED, REPLICATED, StoreRefused, check_replicas, check_settings, class_named
from .fence import Fence
from .keys import Keys
from .link import Link, ServerLink
from .scripts import PERMISSIONS, ReplyError, StoreFault
from .sentinel import Sentinels
from .store import RedisStore, publish_command
from .tries import NOT_NOW
from .url import Kind, StoreUrl

log = logging.getLogger(__name__)

OLDEST: Final = {Kind.SERVER: (6, 2), Kind.SENTINEL: (6, 2), Kind.CLUSTER: (7, 0)}
"""Clusters have sharded pub/sub since 7.0."""
PATIENCE_SECONDS: Final = 5.0
"""How long one look at the store may take before the log says that it is waited for."""
STORE_KINDS: Final = {
    Kind.SERVER: StoreKind.STORE_KIND_STANDALONE,
    Kind.SENTINEL: StoreKind.STORE_KIND_SENTINEL,
    Kind.CLUSTER: StoreKind.STORE_KIND_CLUSTER,
}


async def open_store(
    url: str,
    *,
    prefix: str = "execution",
    partitions: int = 16,
    durability: str = "relaxed",
    replicas: int = 1,
) -> RedisStore:
    """
    Open the store at *url*, waiting for it.

    Args:
        url: one that ``config_kinds.store_url`` takes.
        durability: relaxed, local or replicated.
        replicas: how many of each primary must have a change before it is acknowledged, if replicated.

    Raises:
        StoreRefused: a server is too old, is not what the URL says, may evict keys, refuses the credentials, is not set
            to what *durability* promises, or holds executions in another number of partitions.
    """
    location, keys = StoreUrl.read(url), Keys(prefix, partitions)
    facts = StoreFacts(STORE_KINDS[location.kind], class_named(durability))
    wanted = replicas if facts.durability == REPLICATED else 0
    link = _link(location, keys, wanted)
    clock = StoreClock(link)
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                deadline = loop.time() + PATIENCE_SECONDS
                await _check_servers(link, location.kind, wanted, deadline)
                if facts.durability != RELAXED:
                    await check_settings(link, deadline=deadline)
                await _check_partitions(link, keys, deadline)
                await _check_permissions(link, keys, deadline)
                await clock.start(deadline=deadline)
                break
            except StoreUnavailable as unavailable:
                _check_credentials(unavailable)
                log.warning("waiting for the store: %s", unavailable.__cause__ or "no answer")
    except BaseException:
        await link.close()
        raise
    return RedisStore(link, clock, keys, facts)


def _link(location: StoreUrl, keys: Keys, replicas: int) -> ServerLink | ClusterLink:
    if location.kind is Kind.CLUSTER:
        return ClusterLink(location, keys.fence(), replicas)
    connect = Sentinels(location).connect if location.kind is Kind.SENTINEL else through(location.pool())
    return ServerLink(connect, Fence(keys.fence(), replicas) if replicas else None)


async def _ask(link: Link, *command: str, deadline: float) -> Any:
    return _accepted(command[0], await link.call(*command, deadline=deadline))


def _accepted(command: str, reply: Any) -> Any:
    if isinstance(reply, ReplyError):
        raise StoreRefused(f"The store refuses the command {command}: {reply}")
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


async def _check_servers(link: Link, kind: Kind, replicas: int, deadline: float) -> None:
    """Look at every primary."""
    for name, reply in (await link.call_each("INFO", deadline=deadline)).items():
        if isinstance(reply, LinkLost):
            raise StoreUnavailable from reply
        information = _information(_accepted("INFO", reply))
        _check_server(information, kind)
        if replicas:
            check_replicas(information, replicas, name)


def _check_server(information: dict[str, str], kind: Kind = Kind.SERVER) -> None:
    if (information.get("cluster_enabled") == "1") != (kind is Kind.CLUSTER):
        raise StoreRefused(
            "The store is no cluster. Begin its URL with redis:// or rediss://."
            if kind is Kind.CLUSTER
            else "The store is a node of a cluster. Begin its URL with redis+cluster:// or rediss+cluster://."
        )
    version = information.get("redis_version", "0")
    oldest = OLDEST[kind]
    if tuple(int(part) for part in version.split(".")[:2]) < oldest:
        raise StoreRefused(
            f"The store is Redis {version}. Use Redis {oldest[0]}.{oldest[1]} or later, or any Valkey."
        )
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


async def _check_permissions(link: ServerLink | ClusterLink, keys: Keys, deadline: float) -> None:
    """
    Try what scripts call, in every partition, as each node of a cluster has users of its own.

    A script that is stopped half-way, by a command that the user is not allowed, would leave half of its writes.
    """
    runs = [
        (
            [keys.probe(partition, name) for name in ("hash", "set", "text")],
            [publish_command(link), keys.probe(partition, "channel")],
        )
        for partition in range(keys.partitions)
    ]
    try:
        answers = await PERMISSIONS.run_all(link, runs, deadline=deadline)
    except StoreFault as fault:
        raise StoreRefused(f"The store refuses to run scripts: {fault}") from None
    for tag, *rest in answers:
        if tag == b"OK":
            continue
        command, why = (text.decode() for text in rest)
        if NOT_NOW.intersection(why.split()):
            raise StoreUnavailable
        raise StoreRefused(
            f"The store refuses its user the command {command} in scripts, or the keys and channels under "
            f"{keys.prefix}: {why}. docs/operations.md has the line that allows all that is needed."
        )
