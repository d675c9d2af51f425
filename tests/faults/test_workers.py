"""Workers and servers are killed and stopped while there is work: all of it is done, by one worker at a time."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import grpc.aio
import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionStatus, ExecutionView, StatusReason
from execution_server.domain.status import COMPLETED, ENDED, FAILED, RUNNING, reason_name
from google.protobuf.struct_pb2 import Value

from tests.faults import notes
from tests.faults.chaos import Chaos, workers
from tests.faults.fleet import calls, running_servers
from tests.waiting import until

SEED: Final = int(os.environ.get("WORKERS_CHAOS_SEED") or random.randrange(2**32))
RUNS: Final = 3
"""How many runs there are at most until one is not void."""
EXECUTIONS: Final = int(os.environ.get("WORKERS_CHAOS_EXECUTIONS") or 400)
LEASE_MS: Final = 1_000
FAILS: Final = {"steady": 0, "flaky": 1, "doomed": 9}
"""How many attempts of each type of execution fail; each has three."""
PATIENCE_SECONDS: Final = 60 + EXECUTIONS / 4
SLACK_MS: Final = 10_000
"""How much later than promised something may come on a machine that is busy with something else."""


async def create_all(address: str) -> dict[str, str]:
    """The executions, by id, each with its type."""
    async with calls(address) as stub, asyncio.TaskGroup() as group:
        places = asyncio.Semaphore(32)

        async def create(type_: str) -> tuple[str, str]:
            async with places:
                request = api.CreateExecutionRequest(
                    type=type_, payload=Value(number_value=FAILS[type_]), max_attempts=3, max_crashes=1_000
                )
                return (await stub.CreateExecution(request)).execution.id, type_

        types = [*FAILS]
        tasks = [group.create_task(create(types[number % 3])) for number in range(EXECUTIONS)]
    return dict(task.result() for task in tasks)


class Progress:
    """Asks, again and again, whichever server answers, how much is left to do."""

    def __init__(self, addresses: list[str]) -> None:
        self._addresses = addresses
        self.left = EXECUTIONS

    async def look(self) -> None:
        request = api.CountExecutionsRequest()
        while self.left:
            for address in self._addresses:
                with suppress(grpc.aio.AioRpcError):
                    async with calls(address) as stub:
                        answer = await stub.CountExecutions(request, timeout=0.5)
                        ended = sum(one.count for one in answer.by_status if one.status in ENDED)
                        self.left = EXECUTIONS - ended
            await asyncio.sleep(0.1)


async def read_all(address: str) -> dict[str, Execution]:
    found: dict[str, Execution] = {}
    token = ""
    async with calls(address) as stub:
        while True:
            page = await stub.ListExecutions(
                api.ListExecutionsRequest(
                    page_size=200, page_token=token, view=ExecutionView.EXECUTION_VIEW_FULL
                )
            )
            found.update((one.id, one) for one in page.executions)
            token = page.next_page_token
            if not token:
                return found


async def test_all_work_is_done_whatever_happens_to_those_who_do_it(tmp_path: Path) -> None:
    """
    Each execution ends as its policy says, no two workers write at once, and nothing that was saved is lost.

    A run in which the faults had too little effect is void, and another follows.
    """
    for seed in range(SEED, SEED + RUNS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        effects = await chaotic_run(folder, seed)
        if min(effects.values()) > 0:
            return
    pytest.fail(f"{RUNS} void runs, the last with {effects}")


async def chaotic_run(tmp_path: Path, seed: int) -> dict[str, int]:
    """Have all work done amid faults, judge it, and tell what the faults did to it."""
    print(f"WORKERS_CHAOS_SEED={seed}, {EXECUTIONS} executions")
    folder = tmp_path / "notes"
    folder.mkdir()
    with running_servers(tmp_path, 2) as (_, started):
        addresses = [one.address for one in started]
        types = await create_all(addresses[0])
        progress = Progress(addresses)
        with workers(folder, "abcd", LEASE_MS, [*FAILS], addresses) as working:
            looking = asyncio.create_task(progress.look())
            chaos = Chaos(seed, started, working, LEASE_MS)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await chaos.rage(lambda: not progress.left)
                await looking
            complaints = "".join(one.complaints() for one in working)
        executions = await read_all(addresses[0])
    assert executions.keys() == types.keys()
    assert_ended_by_policy(executions, types)
    told = notes.read(folder)
    assert [*notes.disagreements(executions, told)] == []
    assert "Traceback" not in complaints, complaints
    effects = what_happened(executions, told)
    print("faults:", dict(chaos.happened), "effects:", effects)
    return effects


def assert_ended_by_policy(executions: dict[str, Execution], types: dict[str, str]) -> None:
    for id_, execution in executions.items():
        doomed = types[id_] == "doomed"
        assert execution.status == (FAILED if doomed else COMPLETED), execution
        made = execution.attempts - execution.refunded_attempts
        assert made == {"steady": 1, "flaky": 2, "doomed": 3}[types[id_]], execution
        if doomed:
            assert execution.status_reason == StatusReason.STATUS_REASON_ATTEMPTS_EXHAUSTED


def what_happened(executions: dict[str, Execution], told: list[notes.Note]) -> dict[str, int]:
    """What the faults have led to. Without any of it the run has shown nothing."""
    reasons = Counter(reason_name(entry.reason) for one in executions.values() for entry in one.history)
    causes = {
        id_: {n: window.cause for n, window in notes.windows(one).items()} for id_, one in executions.items()
    }
    refused = {(note.id, note.attempt) for note in told if note.what == "refused"}
    told_so = {(note.id, note.attempt) for note in told if note.what == "lost"}
    resumed = [
        note
        for note in told
        if note.what == "begin" and note.done and causes[note.id][note.attempt - 1] == "lease_expired"
    ]
    return {
        "workers lost": reasons["lease_expired"],
        "zombies refused or told": len(refused | told_so),
        "resumed in the middle": len(resumed),
    }


async def test_a_killed_workers_execution_runs_again_when_its_lease_ends(tmp_path: Path) -> None:
    """Not before, and a second after it at most; by the store's clock, which the history is written with."""
    folder = tmp_path / "notes"
    folder.mkdir()
    with running_servers(tmp_path, 1) as (_, (server,)):
        async with calls(server.address) as stub:
            with workers(folder, "a", LEASE_MS, ["endless"], [server.address]) as (worker,):
                id_ = (await stub.CreateExecution(api.CreateExecutionRequest(type="endless"))).execution.id
                await until(lambda: notes.read(folder), "it has begun")
                worker.kill9()
                ends_ms = await last_lease(stub, id_)
                worker.start()
                again = await ended(stub, id_)
    assert again.status == COMPLETED
    _, first, lost, second, *_ = again.history
    assert (first.attempt, second.attempt) == (1, 2)
    assert reason_name(lost.reason) == "lease_expired"
    assert ends_ms <= lost.at.ToMilliseconds() <= ends_ms + 1_000 + SLACK_MS
    assert lost.at.ToMilliseconds() <= second.at.ToMilliseconds()


async def last_lease(stub: Any, id_: str) -> int:
    """Wait until the lease has run out; when that was to be, as it was last shown, in epoch milliseconds."""
    ends_ms = 0
    while True:
        found = (await stub.GetExecution(api.GetExecutionRequest(id=id_))).execution
        if found.status != RUNNING:
            assert ends_ms, "the lease was never seen"
            return ends_ms
        ends_ms = found.lease.expires_at.ToMilliseconds()
        await asyncio.sleep(0.01)


async def ended(stub: Any, id_: str) -> Execution:
    request = api.WaitExecutionRequest(id=id_)
    found: Execution = (await stub.WaitExecution(request, timeout=30)).execution
    return found


@pytest.mark.parametrize("status", [ExecutionStatus.EXECUTION_STATUS_COMPLETED])
def test_the_checks_find_what_they_look_for(status: ExecutionStatus) -> None:
    """A check that finds nothing wrong with anything would pass every run."""
    execution = Execution(id="x", status=status, attempts=2)
    for revision, (to, attempt, from_, reason) in enumerate(
        [
            (1, 0, 0, StatusReason.STATUS_REASON_CREATED),
            (2, 1, 1, StatusReason.STATUS_REASON_STARTED),
            (5, 1, 2, StatusReason.STATUS_REASON_LEASE_EXPIRED),
            (2, 2, 5, StatusReason.STATUS_REASON_STARTED),
            (3, 2, 2, StatusReason.STATUS_REASON_SUCCEEDED),
        ],
        start=1,
    ):
        entry = execution.history.add(revision=revision * 10, to=to, attempt=attempt, reason=reason)
        setattr(entry, "from", from_)
    good = [
        notes.Note("begin", "a", "x", 1, revision=20),
        notes.Note("taken", "a", "x", 1, kind="checkpoint", step=1, revision=25),
        notes.Note("lost", "a", "x", 1, cause="lease_expired"),
        notes.Note("begin", "b", "x", 2, revision=40, done=1),
        notes.Note("taken", "b", "x", 2, kind="complete", step=3, revision=50),
    ]
    assert [*notes.disagreements({"x": execution}, good)] == []
    wrong = {
        "two workers begin one attempt": notes.Note("begin", "c", "x", 2, revision=40, done=1),
        "a stale write is taken": notes.Note("taken", "a", "x", 1, kind="checkpoint", step=2, revision=45),
        "it is completed twice": notes.Note("taken", "c", "x", 2, kind="complete", revision=49),
        "no cause": notes.Note("refused", "a", "x", 1, reason="ERROR_REASON_ATTEMPT_FENCED"),
        "refused for another reason": notes.Note(
            "refused", "a", "x", 1, reason="ERROR_REASON_CONTENTION", cause="lease_expired"
        ),
        "an attempt of nobody's": notes.Note("begin", "a", "x", 3, revision=60),
        "nothing was resumed": notes.Note("taken", "a", "x", 1, kind="checkpoint", step=2, revision=29),
    }
    for what, note in wrong.items():
        assert [*notes.disagreements({"x": execution}, [*good, note])] != [], what
    assert [*notes.disagreements({"x": execution}, good[:3])] != [], "a result that no worker made"
