"""How a cluster or a primary with sentinels loses the primary of a partition to another server."""

from __future__ import annotations

import time

from execution_server.store.redis.keys import Keys

from tests.clusters import Cluster
from tests.sentinels import Watched
from tests.servers import Server

PARTITION = 0
"""Whose primary is lost."""
CUT_OFF_SECONDS = 0.5
"""How long a primary goes on without its replicas."""

Deployment = Cluster | Watched


def key_of(partition: int) -> str:
    """A key of the partition."""
    return Keys("execution", 16).channel(partition)


def primary_of(deployment: Deployment, partition: int = PARTITION) -> Server:
    """The primary of the partition."""
    return deployment.primary() if isinstance(deployment, Watched) else deployment.owner(key_of(partition))


def cut_off(deployment: Deployment, partition: int = PARTITION) -> None:
    """Keep from its replicas what a primary changes from now on. Kill it in the end: then that is gone with it."""
    primary = primary_of(deployment, partition)
    primary.command("ACL", "SETUSER", "default", "-psync", "-sync")
    primary.command("CLIENT", "KILL", "TYPE", "replica")


def kill(deployment: Deployment, partition: int = PARTITION) -> None:
    """Lose a primary with its process, and have it back when another has taken over."""
    lost = primary_of(deployment, partition)
    lost.kill9()
    deployment.await_failover(lost)
    lost.start()


def kill_cut_off(deployment: Deployment, partition: int = PARTITION) -> None:
    """Lose a primary with its process, and with all that it did in its last moments."""
    cut_off(deployment, partition)
    time.sleep(CUT_OFF_SECONDS)
    kill(deployment, partition)


def stop(deployment: Deployment, partition: int = PARTITION) -> None:
    """Lose a primary that believes it is one when it is back."""
    lost = primary_of(deployment, partition)
    lost.pause()
    deployment.await_failover(lost)
    lost.resume()


def hand_over(deployment: Deployment, partition: int = PARTITION) -> None:
    """Have a replica take over in good order, as before a machine is maintained."""
    former = primary_of(deployment, partition)
    deployment.hand_over(former)
    deployment.await_failover(former)
