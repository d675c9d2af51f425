"""The scripts' headers tell the truth, and a server that has forgotten a script is sent it again."""

from __future__ import annotations

import asyncio
import re
from importlib.resources import files
from typing import Final, NamedTuple

import pytest
from execution_server.store.contract.samples import change, created, lifecycle, load, new, soon, together
from execution_server.store.port import Part, Query, key_claim, request_claim
from execution_server.store.redis import RedisStore, scripts
from execution_server.store.redis import open as opening
from execution_server.store.redis.wire import Command

from tests.servers import USER, Server
from tests.store.recording import recording

LUA: Final = {
    path.name: path.read_text() for path in files("execution_server.store.redis").joinpath("lua").iterdir()
}
SCRIPTS: Final = {
    f"{script.name}.lua": script for script in vars(scripts).values() if isinstance(script, scripts.Script)
}

KINDS: Final = {
    "record": "}:x:",
    "due": "}:due",
    "sequence": "}:seq",
    "tombstone": "}:deleted:",
    "claim": "}:claim:",
    "index_set": "}:i:",
    "types": "}:types",
    "probe": "}:probe:",
}
"""How the keys look that a function of ``keys.py`` makes."""


class Listed(NamedTuple):
    """What a header lists under KEYS or ARGV."""

    fixed: int
    """How many there are always."""
    open_ended: bool
    """Whether more may follow."""
    kinds: list[str]
    """For keys: the function of ``keys.py`` that makes each."""


class Header(NamedTuple):
    """A script's header and what is below it."""

    text: str
    body: str
    keys: Listed
    arguments: Listed


def parse(source: str) -> Header:
    """Read the block that every script begins with."""
    match = re.fullmatch(r"--\[\[ (?P<text>.*?) \]\]\n(?P<body>.*)", source, re.DOTALL)
    assert match, "a script begins with its header"
    text = match["text"]
    keys, _, rest = text.partition("\nKEYS ")[2].partition("\nARGV ")
    return Header(text, match["body"], _listed(keys), _listed(rest.partition("\nReturns ")[0]))


def _listed(block: str) -> Listed:
    entries = re.findall(r"^ +(\d+)(\+?) +\w", "      " + block, re.MULTILINE)
    assert [int(number) for number, _ in entries] == list(range(1, len(entries) + 1)), (
        f"numbered in turn: {block}"
    )
    assert not any(plus for _, plus in entries[:-1]), "only the last may stand for several"
    open_ended = bool(entries and entries[-1][1])
    return Listed(len(entries) - open_ended, open_ended, re.findall(r"keys\.(\w+)\(", block))


def test_every_script_file_is_a_script_and_has_its_own_name_in_its_header() -> None:
    """A script that nobody runs, or that is copied with another's header, misleads whoever reads it."""
    assert LUA.keys() == SCRIPTS.keys()
    for name, source in LUA.items():
        assert parse(source).text.startswith(f"{name.removesuffix('.lua')} — ")


@pytest.mark.parametrize("name", LUA)
def test_keys_and_arguments_are_named_first_and_by_number_nowhere_else(name: str) -> None:
    """Below its first lines a script reads in words."""
    header = parse(LUA[name])
    named, _, rest = header.body.partition("\n\n")
    for array, listed in (("KEYS", header.keys), ("ARGV", header.arguments)):
        numbers = [int(number) for number in re.findall(rf"{array}\[(\d+)\]", named)]
        assert numbers == list(range(1, listed.fixed + 1)), f"{array} in the order of the header"
        assert not re.search(rf"{array}\[\d+\]", rest)
    for line in named.splitlines():
        names, _, values = line.removeprefix("local ").partition(" = ")
        assert len(names.split(", ")) == len(values.split(", ")), line


@pytest.mark.parametrize("name", LUA)
def test_the_header_names_every_tag_that_the_script_answers_with(name: str) -> None:
    """Callers decode tags, and learn them from the header."""
    header = parse(LUA[name])
    assert set(re.findall(r"\{'([A-Z]+)'", header.body)) == set(re.findall(r"\{'([A-Z]+)'", header.text))


@pytest.mark.parametrize("name", LUA)
def test_every_write_comes_after_every_check(name: str) -> None:
    """A script that ends in an error half-way keeps what it wrote: nothing is undone."""
    body = parse(LUA[name]).body
    words = [(match.start(), match[1]) for match in re.finditer(r"redis\.call\('([A-Z]+)'", body)]
    writes = [at for at, word in words if word in {"HSET", "HDEL", "ZADD", "ZREM", "SET", "DEL", "INCR"}]
    if writes:
        assert all(at < writes[0] for at, word in words if word in {"TIME", "EXISTS"})
        assert not re.search(r"return \{'(CONFLICT|MISSING|TAKEN|LATE)'", body[writes[0] :])
        may_be_late = "{'LATE'}" in parse(LUA[name]).text
        assert body.count("redis.call('TIME')") == may_be_late, "two readings may differ"


async def everything(store: RedisStore) -> None:
    """Make the store run every script, in every form that it sends."""
    for claim in key_claim("order"), request_claim(b"12345678"), None:
        record = new(store, claim, idempotency_key="order" if claim == key_claim("order") else "")
        before = (await store.create(record, claim, deadline=soon())).head  # type: ignore[union-attr]  # nothing is taken
        execution_id = before.record.id
        for number, decide in enumerate(lifecycle(store)):
            before = (await change(store, before, decide, list(Part)[number % 3])).head
        for query in (
            Query(),
            Query(types=("mail", "x"), newest_first=False),
            Query(parent_id="parent", types=("mail",)),
        ):
            await store.page(query, "", 2, Part.FULL, deadline=soon())
            await store.count(query, deadline=soon())
        await store.ready(0, ("mail", "x"), 3, deadline=soon())
        await store.census(3, deadline=soon())
        await store.delete(await load(store, execution_id, Part.HEAD), b"87654321", deadline=soon())
        await store.create_all(together(store, [claim] * 3), deadline=soon())
    await opening._check_permissions(store._link, store._keys, soon())


async def test_what_is_sent_is_what_the_headers_list(redis_store: RedisStore) -> None:
    """A script is read by its header, and sent to from another language: nothing else holds the two together."""
    by_digest = {script.digest: name for name, script in SCRIPTS.items()}
    with recording(redis_store) as sent:
        await everything(redis_store)

    runs = [(by_digest[str(command[1])], command[2:]) for command in sent if command[0] == "EVALSHA"]
    assert {name for name, _ in runs} == LUA.keys()
    for name, (number, *rest) in runs:
        header = parse(LUA[name])
        keys, arguments = [str(key) for key in rest[: int(number)]], rest[int(number) :]
        for listed, given in ((header.keys, keys), (header.arguments, arguments)):
            assert len(given) >= listed.fixed if listed.open_ended else len(given) == listed.fixed, (
                name,
                given,
            )
        for position, key in enumerate(keys):
            kinds = header.keys.kinds[position : position + 1]
            if position >= header.keys.fixed:
                kinds = header.keys.kinds[header.keys.fixed :]
            assert any(KINDS[kind] in key or (kind == "claim" and key == keys[0]) for kind in kinds), (
                name,
                key,
            )
        assert len({key.partition("}")[0] for key in keys}) == 1, "one hash tag, so one slot of a cluster"


class Forgetful:
    """In the place of a link: a server that forgets the script between its loading and its run."""

    def __init__(self, *answers: object) -> None:
        self.sent: list[str] = []
        self._answers = iter(answers)

    async def call_all(self, commands: list[Command], *, deadline: float) -> list[object]:
        self.sent.append(" ".join(str(command[0]) for command in commands))
        return [b"digest" if command[0] == "SCRIPT" else next(self._answers) for command in commands]


async def test_a_script_that_is_forgotten_again_is_sent_again() -> None:
    """However often: the caller's deadline is what ends it."""
    gone = scripts.ReplyError("NOSCRIPT No matching script.")
    server = Forgetful(gone, gone, [b"OK"])

    answer = await scripts.DELETE.run(server, [], [], deadline=0)  # type: ignore[arg-type]  # stands for a link

    assert answer == ("OK", [])
    assert server.sent == ["EVALSHA", "SCRIPT EVALSHA", "SCRIPT EVALSHA"]


async def test_a_script_that_cannot_be_sent_is_a_fault(redis_store: RedisStore, server: Server) -> None:
    """Without the permission to load scripts nothing works, and waiting would not help."""
    server.command("SCRIPT", "FLUSH")
    server.command("ACL", "SETUSER", USER, "-script|load" if server.kind != "redis62" else "-script")
    try:
        with pytest.raises(scripts.StoreFault, match="NOPERM"):
            await redis_store.create(new(redis_store), None, deadline=soon())
    finally:
        server.command("ACL", "SETUSER", USER, "+@all" if USER == "default" else "+script|load")


async def test_a_server_that_forgets_its_scripts_all_the_time_is_sent_them_again(
    redis_store: RedisStore,
) -> None:
    """After a restart or a failover no server knows them; and an operator may flush them at any moment."""
    done = asyncio.Event()
    flushed = 0

    async def flush() -> None:
        nonlocal flushed
        while not done.is_set():
            await redis_store._link.call("SCRIPT", "FLUSH", deadline=soon())
            flushed += 1

    async def work(worker: int) -> None:
        for _ in range(10):
            before = await created(redis_store, type=f"worker-{worker}")
            for decide in lifecycle(redis_store):
                before = (await change(redis_store, before, decide, Part.BASIC)).head
            await redis_store.page(Query(types=(f"worker-{worker}",)), "", 5, Part.HEAD, deadline=soon())
        counts = await redis_store.count(Query(types=(f"worker-{worker}",)), deadline=soon())
        assert sum(counts.values()) == 10

    flusher = asyncio.create_task(flush())
    await asyncio.gather(*(work(worker) for worker in range(5)))
    done.set()
    await flusher
    assert flushed > 10
