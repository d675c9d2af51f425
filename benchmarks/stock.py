"""
Executions by the million, quickly.

A few are created as the server creates them, one for each partition, type and status. Each further one is the very
command that created one of those, with another id: what is stored is what the server would have stored, apart from the
times in the record, which are the model's.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Iterator
from typing import Final

import hiredis
from croco.execution.v1.execution_pb2 import Execution
from execution_server.domain import ids, transitions

from . import workload
from .in_process import Replica, recorded, replica
from .pipeline import pipeline
from .processes import Store
from .report import progress

TYPES: Final = ("billing.invoice", "mail.send")
STATES: Final = 4
"""Pending, running, and twice completed."""
AT_ONCE: Final = 500
PROGRESS_EVERY: Final = 100_000
LOADING_SECONDS: Final = 3_600.0
"""How long a copied command stays in force: until the deadline of the model's."""
KNOWN: Final = 1_000
"""Of how many executions the id is answered."""


async def fill(store: Store, size: int) -> list[str]:
    """Have *store* hold *size* executions, most of them completed; answers the ids of some."""
    # Only reads follow, and the file would take a gigabyte of disk.
    store.configure("appendonly", "no")
    async with replica(store) as server:
        models = [
            await _model(server, number) for number in range(server.store.partitions * len(TYPES) * STATES)
        ]
    known = [model_id for model_id, _ in models]
    copies = _copies(models, size - len(models))
    done = len(models)
    async with pipeline(store) as copying:
        while together := [copy for copy, _ in zip(copies, range(AT_ONCE), strict=False)]:
            await copying.run_scripts([command for _, command in together])
            done += len(together)
            known.append(together[0][0])
            if done // PROGRESS_EVERY > (done - len(together)) // PROGRESS_EVERY:
                progress(f"stock: {done:,} of {size:,} executions")
    return random.sample(known, min(KNOWN, len(known)))


async def _model(server: Replica, number: int) -> tuple[str, bytes]:
    """An execution that is created in the state that *number* says: its id, and the command that created it."""
    partition, rest = number % server.store.partitions, number // server.store.partitions
    type_, state = TYPES[rest % len(TYPES)], rest // len(TYPES)
    now_ms = server.store.now_ms()
    id_ = ids.new_id(now_ms, secrets.randbits(64), partition)
    template = Execution(type=type_, payload=workload.PAYLOAD, max_attempts=3)
    record = transitions.create(template, execution_id=id_, now_ms=now_ms)
    if state:
        record = transitions.start(record, now_ms=now_ms)
    if state > 1:
        record = transitions.complete(record, None, now_ms=now_ms)
    deadline = asyncio.get_running_loop().time() + LOADING_SECONDS
    with recorded() as sent:
        await server.store.create(record, None, deadline=deadline)
    return id_, hiredis.pack_command(sent[-1][-1])  # type: ignore[arg-type]  # it is typed as a pair's element


def _copies(models: list[tuple[str, bytes]], count: int) -> Iterator[tuple[str, bytes]]:
    """*count* further ids, each with the command that creates it; their times go back by a millisecond each."""
    for number in range(count):
        model_id, command = models[number % len(models)]
        created_ms = int(model_id.replace("-", "")[:12], 16) - number - 1
        id_ = ids.new_id(created_ms, secrets.randbits(64), int(model_id[-3:], 16) % ids.SLICES)
        yield id_, command.replace(model_id.encode(), id_.encode())
