"""The store that whole suites run against: a server, or a cluster or sentinels where ``TEST_STORE`` says so."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from tests.clusters import Cluster, clustered
from tests.sentinels import Watched, watched
from tests.servers import Server, running

ALL: Final = bool(os.environ.get("TEST_ALL_STORES"))
"""Whether clusters, sentinels and replicas are of every kind and fail in every way: ``make test-deployments``."""
KIND: Final = os.environ.get("TEST_STORE", "server")
STORES: Final = {"server": running, "cluster": clustered, "sentinel": watched}

Store = Server | Cluster | Watched
"""Each has a ``url``, a ``command`` for all primaries and a plain ``client``."""


@contextmanager
def shared() -> Iterator[Store]:
    """The store of a suite. None of its servers fails."""
    opened: AbstractContextManager[Store] = STORES[KIND]("valkey9")  # type: ignore[operator]  # each takes the kind
    with opened as store:
        yield store
