"""
What a commit costs the store, as a ratio to the same without Lua.

Once to its writes alone as plain commands, the least that they can cost: nothing checks the version, and others come in
between. And once to all that the script does as single commands, the writes in a transaction: as if a client had looked
at the version first. The commits are those that the server sends in an execution's life, repeated on other ids, by the
hundred in a pipeline. Slices take turns on one store, and in the end all records that were made must be the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import hiredis
from croco.execution.v1 import execution_service_pb2 as messages
from execution_server.domain import ids
from execution_server.store.redis.wire import Argument, Command
from redis import Redis

from . import workload
from .in_process import Replica, recorded, replica
from .pipeline import Pipeline, pipeline
from .processes import Store, embedded_store
from .report import progress, spread, table
from .scale import Scale

CHANGES: Final = ("StartExecution", "UpdateProgress", "CompleteExecution")
HALF: Final = 500
"""Commits in the shorter slices."""


@dataclass(frozen=True)
class Step:
    """A commit of the model's life, packed, in three forms that write the same."""

    script: list[bytes]
    writes: list[bytes]
    transaction: list[bytes]


@dataclass(frozen=True)
class Model:
    """An execution, the command that created it, and what changed it."""

    id: str
    create: bytes
    steps: dict[str, Step]

    def copies(self, count: int) -> list[bytes]:
        """Other ids, in the same partition."""
        created_ms, slice_ = int(self.id.replace("-", "")[:12], 16), int(self.id[-3:], 16) % ids.SLICES
        return [ids.new_id(created_ms, secrets.randbits(64), slice_).encode() for _ in range(count)]

    def on(self, commands: Sequence[bytes], copies: Sequence[bytes]) -> list[bytes]:
        """*commands*, repeated on each of the ids *copies*."""
        own = self.id.encode()
        return [command.replace(own, copy) for copy in copies for command in commands]


async def measure(scale: Scale) -> None:
    """Print a row per change of an execution."""
    ratios: dict[str, list[tuple[float, float]]] = {method: [] for method in CHANGES}
    async with embedded_store() as store, replica(store) as server, pipeline(store) as sending:
        for number in range(-1, scale.rounds):
            # A model a round: its commits are refused once their call's deadline has passed.
            found = await _round(store, sending, await _model(store, server))
            if number >= 0:  # the round before the first warms up
                for method, pair in found.items():
                    ratios[method].append(pair)
            progress(f"plain: round {number + 1} of {scale.rounds}")
    rows = [(method, *map(spread, zip(*pairs, strict=True))) for method, pairs in ratios.items()]
    columns = ["call", "/ its writes alone", "/ all of it without Lua"]
    table("Store CPU per commit / the same as commands in a pipeline", columns, rows)


async def _round(store: Store, sending: Pipeline, model: Model) -> dict[str, tuple[float, float]]:
    """The ratios of a slice by script to its neighbours, which are half as long, by other commands."""
    copies = [model.copies(count) for count in (HALF, HALF, 2 * HALF, HALF, HALF)]
    await sending.run_scripts(model.on([model.create], [*chain.from_iterable(copies)]))
    ratios = {}
    for method, step in model.steps.items():
        forms = step.writes, step.transaction, step.script, step.transaction, step.writes
        used = []
        for form, slice_ in zip(forms, copies, strict=True):
            commands = model.on(form, slice_)
            before = store.cpu_seconds()
            await sending.send(b"".join(commands), len(commands))
            used.append(store.cpu_seconds() - before)
        ratios[method] = used[2] / (used[0] + used[4]), used[2] / (used[1] + used[3])
    for slice_ in copies:
        _compare(store, model, slice_[-1].decode())
    return ratios


def _compare(store: Store, model: Model, copy: str) -> None:
    """*copy* must have become what the model is."""
    with Redis.from_url(store.url) as client:
        (key,) = client.keys(f"*:x:{model.id}")
        wanted = client.hgetall(key)
        found = client.hgetall(key.replace(model.id.encode(), copy.encode()))
    own = {name: value.replace(copy.encode(), model.id.encode()) for name, value in found.items()}
    if own != wanted:
        raise RuntimeError(f"{copy} is not what {model.id} is")


async def _model(store: Store, server: Replica) -> Model:
    """An execution that is led through its life, with every command on the way."""
    with recorded() as sent:
        # With a request_id a creation claims it, which no copy could.
        created: messages.CreateExecutionResponse = await server.call(
            "CreateExecution", workload.create(with_request_id=False)
        )
        create = _pack(sent[-1][-1])
        steps = {}
        for method in CHANGES:
            await server.call(method, workload.request(method, created.execution.id))
            steps[method] = _step(store, sent[-1][-1])
    return Model(created.execution.id, create, steps)


def _step(store: Store, command: Command) -> Step:
    """What *command*, a run of ``commit.lua`` that has just been carried out, has done."""
    count = int(command[2])
    record, due, sequence, *sets = command[3 : 3 + count]
    arguments = command[3 + count :]
    _, version, _, id_, due_ms, part, publish, channel, notice, leaving, dropping = arguments[:11]
    left, entered = sets[: int(leaving)], sets[int(leaving) :]
    scores, rest = arguments[11 : 11 + len(entered)], arguments[11 + len(entered) :]
    dropped, written = rest[: int(dropping)], rest[int(dropping) :]
    standing = "HMGET", record, "head", "metadata", "labels"
    writes: list[Command] = [
        ("HSET", record, "v", version, *written),
        *([("HDEL", record, *dropped)] if dropped else []),
        *(("ZREM", name, id_) for name in left),
        *(("ZADD", name, score, id_) for name, score in zip(entered, scores, strict=True)),
        *_due(due, id_, due_ms),
        ("INCR", sequence),
        (publish, channel, b"1000 " + _bytes(notice) + _standing(store, record)),
    ]
    answer: list[Command] = [("HGETALL", record)] if part == "full" else []
    whole: list[Command] = [
        ("HGET", record, "v"),
        ("TIME",),
        standing,
        ("MULTI",),
        *writes,
        ("EXEC",),
        *answer,
    ]
    return Step([_pack(command)], [*map(_pack, writes)], [*map(_pack, whole)])


def _due(due: Argument, id_: Argument, due_ms: Argument) -> list[Command]:
    match due_ms:
        case "":
            return [("ZREM", due, id_)]
        case "same":
            return []
    return [("ZADD", due, due_ms, id_)]


def _standing(store: Store, record: Argument) -> bytes:
    """The fragments that ``commit.lua`` puts into its notice."""
    with Redis.from_url(store.url) as client:
        fragments: list[bytes | None] = client.hmget(str(record), ["head", "metadata", "labels"])
    return b"".join(fragment or b"" for fragment in fragments)


def _bytes(argument: Argument) -> bytes:
    return argument if isinstance(argument, bytes) else str(argument).encode()


def _pack(command: Command) -> bytes:
    return hiredis.pack_command(command)  # type: ignore[arg-type, no-any-return]  # its stub says a tuple of one
