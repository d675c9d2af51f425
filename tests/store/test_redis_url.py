"""What a store URL says of each server's connections."""

from __future__ import annotations

from execution_server.store.redis.url import Kind, StoreUrl
from redis.asyncio.connection import ConnectionPool, SSLConnection


def said(pool: ConnectionPool) -> dict[str, object]:
    """What a connection of the pool is made with."""
    kwargs = pool.connection_kwargs
    return {name: kwargs[name] for name in ("host", "port", "username", "password", "db") if kwargs.get(name)}


def test_every_node_of_a_cluster_is_reached_as_the_url_says() -> None:
    """Those that it does not name too: they are found later."""
    url = StoreUrl.read("rediss+cluster://me:p%40ss@one:1,[::1]:2,three?ssl_check_hostname=false")
    assert (url.kind, url.nodes) == (Kind.CLUSTER, (("one", 1), ("::1", 2), ("three", 6379)))
    for node in (*url.nodes, ("found", 7)):
        pool = url.pool(node)
        assert issubclass(pool.connection_class, SSLConnection)
        assert pool.connection_kwargs["ssl_check_hostname"] is False
        host, port = node
        assert said(pool) == {"host": host, "port": port, "username": "me", "password": "p@ss"}


def test_sentinels_have_a_user_and_a_password_of_their_own() -> None:
    """The primary's would be shown to them otherwise, and refused."""
    url = StoreUrl.read(
        "redis+sentinel://me:mine@one,two:2/main/3?sentinel_username=guard&sentinel_password=a%26b"
    )
    assert (url.kind, url.nodes, url.primary_name) == (
        Kind.SENTINEL,
        (("one", 26379), ("two", 2)),
        "main",
    )
    assert said(url.sentinel_pool(("one", 26379))) == {
        "host": "one",
        "port": 26379,
        "username": "guard",
        "password": "a&b",
    }
    assert said(url.pool(("primary", 9))) == {
        "host": "primary",
        "port": 9,
        "username": "me",
        "password": "mine",
        "db": 3,
    }


def test_sentinels_without_a_password_are_shown_none() -> None:
    """Not the primary's either."""
    url = StoreUrl.read("redis+sentinel://:mine@one/main")
    assert said(url.sentinel_pool(("one", 26379))) == {"host": "one", "port": 26379}
