"""
A client that tells when a watch loses its connection. The library bridges that in silence, but people want to know.

It is built on private parts of the library, all of them here. Two signs are needed: the state of the channel changes at
once, but behind a proxy it is that of the proxy; and a stream that is asked for a second time has lost the first, but
where no message has come yet gRPC waits for a server before it says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, TypeAlias, TypeVar

import grpc

from .._model import WatchMessage
from .._settings import Settings
from .._sync.client import ExecutionClient
from .._sync.connection import SyncConnection, _Line
from .._transport_sync import Generated, StreamMethod, Stub
from .._watching import Watching

_Message = TypeVar("_Message")


class Sign(Enum):
    """What is heard of a connection, often several times in a row."""

    LOST = auto()
    """There is none; the library asks again until there is."""
    FOUND = auto()
    """There is one."""


Hear: TypeAlias = Callable[[Sign], None]


class HearingClient(ExecutionClient):
    """Hands what it hears of the connections of its watches to ``hear``, in threads of its own."""

    def __init__(self, target: str, **options: Any) -> None:
        """Like every client; set ``hear`` before the first call."""
        super().__init__(target, **options)
        self.hear: Hear = lambda sign: None
        self._connection = _HeardConnection(self._settings, lambda sign: self.hear(sign))

    def _watch(
        self, watching: Watching[_Message], method: Callable[[Stub], StreamMethod[Any, _Message]]
    ) -> Generated[WatchMessage]:
        return super()._watch(_HeardWatching(watching, self.hear), method)


class _HeardConnection(SyncConnection):
    """Hears the state of the channels for long calls."""

    def __init__(self, settings: Settings, hear: Hear) -> None:
        super().__init__(settings)
        self._hear = hear

    def _open(self, *, own_connection: bool) -> _Line:
        line = super()._open(own_connection=own_connection)
        if own_connection:
            line.channel.subscribe(self._heard)
        return line

    def _heard(self, state: grpc.ChannelConnectivity) -> None:
        if state is grpc.ChannelConnectivity.READY:
            self._hear(Sign.FOUND)
        elif state is grpc.ChannelConnectivity.TRANSIENT_FAILURE:
            self._hear(Sign.LOST)


class _HeardWatching(Watching[_Message]):
    """Hears what is asked for and what comes."""

    def __init__(self, watching: Watching[_Message], hear: Hear) -> None:
        self._watching = watching
        self._hear = hear
        self._asked = False

    def request(self) -> object:
        if self._asked:
            self._hear(Sign.LOST)
        self._asked = True
        return self._watching.request()

    def take(self, message: _Message) -> Sequence[WatchMessage]:
        told = self._watching.take(message)
        if not told:  # else the message itself is the sign
            self._hear(Sign.FOUND)
        return told

    def ended(self) -> bool:
        return self._watching.ended()
