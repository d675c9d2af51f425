"""
Thousands of inputs that nobody should send, over the wire, to a real server on a real store: it stays up and answers
others, its refusals are those of the contract, and whatever it accepted can be read back.

``make malformed`` sends 20,000; ``MALFORMED_SEED`` repeats the choices of a run.
"""

from __future__ import annotations

import os
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import ALLOWED

from tests import servers, service
from tests.malformed import http2
from tests.malformed.inputs import Inputs
from tests.malformed.judging import Judge
from tests.malformed.reading import unreadable
from tests.rpc.subjects import create, get, in_status
from tests.service import Service
from tests.store.checker import check

COUNT: Final = int(os.environ.get("MALFORMED_COUNT", "3000"))
RAW: Final = COUNT // 20
"""Of them, what is no call: raw connections."""
THREADS: Final = 4
PAUSE_SECONDS: Final = 0.01
"""Of the bystander between two calls, who is not to be a load."""


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("MALFORMED_SEED", random.randrange(1_000_000)))


class Bystander:
    """
    Somebody who does nothing wrong meanwhile: each call must be answered.

    Attributes:
        alone: how long each call took before anything else was sent.
        beside: how long each took meanwhile.
        failure: what ended it, if anything did.
    """

    def __init__(self, stub: ExecutionServiceStub) -> None:
        self._stub = stub
        self._over = threading.Event()
        self.alone = [self._call() for _ in range(200)]
        self.beside = list[float]()
        self.failure: BaseException | None = None

    def _call(self) -> float:
        began = time.perf_counter()
        record = create(self._stub, type="bystander")
        assert get(self._stub, record.id) == record
        return time.perf_counter() - began

    def _call_on(self) -> None:
        try:
            while not self._over.wait(PAUSE_SECONDS):
                self.beside.append(self._call())
        except BaseException as error:
            self.failure = error

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Call as long as the context lasts."""
        thread = threading.Thread(target=self._call_on)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()

    def __str__(self) -> str:
        slower = statistics.median(self.beside) / statistics.median(self.alone)
        return f"{2 * len(self.beside)} answered, 0 failed, {slower:.1f} times the median when alone"


def bombard(server: Service, judge: Judge, seed: int, number: int) -> None:
    """The share of one thread, with its own dice, so that a run can be repeated whatever the threads do."""
    dice = random.Random(f"{seed} {number}")
    with service.channel(server.address) as channel:
        stub = ExecutionServiceStub(channel)
        subjects = [judge.expect(in_status(stub, status, max_attempts=1_000)) for status in ALLOWED]
        inputs, abuse = Inputs(dice, subjects), http2.Abuse(dice)
        for count in range((COUNT - RAW) // THREADS):
            judge.send(channel, inputs.next())
            if count % 5 == 0:  # what was sent has brought some of them to an end
                status = list(ALLOWED)[count // 5 % len(ALLOWED)]
                subjects[count // 5 % len(ALLOWED)] = judge.expect(
                    in_status(stub, status, max_attempts=1_000)
                )
    for _ in range(RAW // THREADS):
        http2.send(server.address, abuse.next())


def test_nothing_that_is_sent_brings_the_server_down_or_leaves_what_cannot_be_read(
    tmp_path: Path, seed: int
) -> None:
    """The port is open to everybody who may call, and their programs have faults."""
    print(f"\nMALFORMED_SEED={seed}")
    judge = Judge()
    with (
        servers.running("valkey9") as store,
        service.serving(tmp_path, "--store-url", store.url, "--log-level", "warning") as server,
        service.channel(server.address) as channel,
        service.channel(server.address) as own,
        store.client() as client,
    ):
        stub = ExecutionServiceStub(channel)
        bystander = Bystander(ExecutionServiceStub(own))
        with bystander.calling(), ThreadPoolExecutor(THREADS) as threads:
            for done in [threads.submit(bombard, server, judge, seed, one) for one in range(THREADS)]:
                done.result()

        assert server.is_running, server.log_text()
        assert bystander.failure is None
        assert judge.complaints == []
        lines = server.log_lines()
        assert [line for line in lines if line["level"] in ("error", "critical")] == []
        assert len(lines) == len(server.log_text().splitlines()), "whoever reaches the port can fill the log"
        assert unreadable(stub, judge.accepted) == []
        server.terminate()
        assert server.ended() == 0
        assert check(client) == []

    codes = Counter[str]()
    for (_, code), times in judge.outcomes.items():
        codes[code] += times
    print(
        f"{COUNT} inputs, {RAW} of them raw connections; answered: {dict(codes.most_common())}\n"
        f"executions read back: {len(judge.accepted)}; calls of a bystander: {bystander}"
    )
    assert codes["OK"] > COUNT / 20, "too little was accepted for reading it back to mean anything"
    assert codes["INVALID_ARGUMENT"] > COUNT / 10
