"""
Thousands of inputs that nobody should send, over the wire, to a real server on a real store: it stays up and answers
others, its refusals are those of the contract, and whatever it accepted can be read back.

``make malformed`` sends 20,000; ``MALFORMED_SEED`` repeats the choices of a run.
"""

from __future__ import annotations

import os
import random
import threading
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


@pytest.fixture
def seed() -> int:
    return int(os.environ.get("MALFORMED_SEED", random.randrange(1_000_000)))


class Bystander:
    """
    Somebody who does nothing wrong meanwhile: each call must be answered.

    Attributes:
        answered: how many calls were.
        failure: what ended it, if anything did.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._over = threading.Event()
        self.answered = 0
        self.failure: BaseException | None = None

    def _call_on(self) -> None:
        try:
            with service.channel(self._address) as channel:
                stub = ExecutionServiceStub(channel)
                while not self._over.is_set():
                    record = create(stub, type="bystander")
                    assert get(stub, record.id) == record
                    self.answered += 2
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
        store.client() as client,
    ):
        stub = ExecutionServiceStub(channel)
        bystander = Bystander(server.address)
        with bystander.calling(), ThreadPoolExecutor(THREADS) as threads:
            for done in [threads.submit(bombard, server, judge, seed, one) for one in range(THREADS)]:
                done.result()

        assert server.is_running, server.log_text()
        assert bystander.failure is None
        assert judge.complaints == []
        assert [
            line for line in server.log_lines() if line["level"] in ("warning", "error", "critical")
        ] == []
        assert "Traceback" not in server.log_text()
        assert unreadable(stub, judge.accepted) == []
        server.terminate()
        assert server.ended() == 0
        assert check(client) == []

    codes = Counter[str]()
    for (_, code), times in judge.outcomes.items():
        codes[code] += times
    print(
        f"{COUNT} inputs, {RAW} of them raw connections; answered: {dict(codes.most_common())}\n"
        f"executions read back: {len(judge.accepted)}; calls of a bystander: {bystander.answered} answered, 0 failed"
    )
    assert codes["OK"] > COUNT / 20, "too little was accepted for reading it back to mean anything"
    assert codes["INVALID_ARGUMENT"] > COUNT / 10
