"""Packed commands to a store, many at once, with nothing of the service in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import hiredis

from .processes import Store


class Pipeline:
    """A connection that writes everything, then reads the answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._replies = hiredis.Reader()

    async def send(self, commands: bytes, count: int) -> list[Any]:
        """
        Send *count* packed commands and answer their replies.

        Raises:
            RuntimeError: the store refused one.
        """
        self._writer.write(commands)
        replies: list[Any] = []
        while len(replies) < count:
            while (reply := self._replies.gets()) is False:
                self._replies.feed(await self._reader.read(65_536))
            if isinstance(reply, hiredis.ReplyError):
                raise RuntimeError(f"the store answered {reply}")
            replies.append(reply)
        return replies

    async def run_scripts(self, commands: Sequence[bytes]) -> None:
        """
        Send runs of scripts that must do what they are for.

        Raises:
            RuntimeError: one did not.
        """
        for reply in await self.send(b"".join(commands), len(commands)):
            if reply[0] != b"OK":
                raise RuntimeError(f"the store answered {reply!r}")


@asynccontextmanager
async def pipeline(store: Store) -> AsyncIterator[Pipeline]:
    """A pipeline to *store*."""
    reader, writer = await asyncio.open_unix_connection(urlsplit(store.url).path)
    try:
        yield Pipeline(reader, writer)
    finally:
        writer.close()
