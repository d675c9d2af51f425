"""What tests of single watches look at."""

from __future__ import annotations

from tests.waiting import until
from tests.watch.served import Served, Worker
from tests.watch.validators import Stream, Watch, truth_of, violations


async def check(worker: Worker, *streams: Stream, complete: bool = True) -> None:
    """All six validators, against the history as it is."""
    record = await worker.get()
    assert record.status_changes == len(record.history)
    wrong = violations(Watch([*streams], complete), truth_of([*record.history]))
    assert not wrong, wrong


async def known(server: Served, worker: Worker) -> None:
    """Wait until the server's watches know the newest revision."""
    await until(lambda: server.hub._topics[worker.id].revision == worker.revision, "the change is known")
