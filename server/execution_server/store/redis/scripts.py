"""The Lua scripts: one typed method each, which decodes the tag word that the script answers with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any, NamedTuple

import hiredis

from ...domain.problems import StoreUnavailable
from .link import Link
from .wire import Argument

log = logging.getLogger(__name__)

ReplyError = hiredis.ReplyError


class StoreFault(Exception):
    """The server answered with an error that no repetition mends: a fault of ours, or of the server's setting."""


Run = tuple[Sequence[str], Sequence[Argument]]
"""The keys and the arguments of one run of a script."""


class Answer(NamedTuple):
    """What a script answered: its tag word and what followed."""

    tag: str
    rest: list[Any]


def answer_of(reply: list[Any]) -> Answer:
    """What a reply says that begins with a tag word."""
    return Answer(reply[0].decode(), reply[1:])


class Script:
    """One script, known to the server by its digest and sent again whenever the server has forgotten it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = files(__package__).joinpath("lua", f"{name}.lua").read_bytes()
        self.digest = sha1(self.source, usedforsecurity=False).hexdigest()

    async def run(
        self, link: Link, keys: Sequence[str], arguments: Sequence[Argument], *, deadline: float
    ) -> Answer:
        """
        Run a script that answers with a tag word.

        Raises:
            StoreUnavailable: there was no answer by *deadline*, or the change came later than it may.
            StoreFault: the server refused to run it.
        """
        (reply,) = await self.run_all(link, [(keys, arguments)], deadline=deadline)
        answer = answer_of(reply)
        if answer.tag == "LATE":
            raise StoreUnavailable
        return answer

    async def run_all(self, link: Link, runs: Sequence[Run], *, deadline: float) -> list[Any]:
        """Run the script several times in one round trip and answer the replies in order. Raises as ``run`` does."""
        commands = [("EVALSHA", self.digest, len(keys), *keys, *arguments) for keys, arguments in runs]
        replies = await link.call_all(commands, deadline=deadline)
        while any(isinstance(reply, ReplyError) and str(reply).startswith("NOSCRIPT") for reply in replies):
            log.info("store: loading script %s", self.name)
            load = ("SCRIPT", "LOAD", self.source)
            loaded, *replies = await link.call_all([load, *commands], deadline=deadline)
            checked([loaded])
        return checked(replies)


def checked(replies: list[Any]) -> list[Any]:
    """*replies*, or StoreFault if one of them is an error."""
    for reply in replies:
        if isinstance(reply, ReplyError):
            raise StoreFault(str(reply))
    return replies


CREATE = Script("create")
CREATE_ALL = Script("create_all")
COMMIT = Script("commit")
DELETE = Script("delete")
PAGE = Script("page")
COUNT = Script("count")
READY = Script("ready")
CENSUS = Script("census")
PERMISSIONS = Script("permissions")
