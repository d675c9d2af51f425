"""Celery: prefork workers; the creator's threads wait for results. ``celery_program.py create|work URL``."""

from __future__ import annotations

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery, Task

from benchmarks.peers import driving

CHILDREN = 2
THREADS = 64

ROLE, URL = sys.argv[1:]
SOCKET = URL.removeprefix("unix://").partition("?")[0]
app = Celery("bench", broker=f"redis+socket://{SOCKET}", backend=f"redis+socket://{SOCKET}")
app.conf.update(task_track_started=True, worker_hijack_root_logger=False)


def resize(task: Task, payload: dict[str, Any]) -> dict[str, Any]:
    """The work."""
    for step in driving.STEPS:
        time.sleep(payload["pause_seconds"])
        progress = {"current": step, "total": 3, "message": "resizing", "at": time.time()}
        task.update_state(state="PROGRESS", meta=progress)
    return driving.result(payload)


RESIZE = app.task(resize, bind=True, name="resize")


async def create() -> None:
    """Create what is ordered."""
    threads = ThreadPoolExecutor(THREADS)

    def in_thread(payload: dict[str, Any], observed: driving.Observed) -> Any:
        def on_message(message: dict[str, Any]) -> None:
            if observed.is_wanted and message["status"] == "PROGRESS":
                observed.saw(message["result"]["at"])

        pending = RESIZE.delay(payload)
        return pending.get(timeout=driving.PATIENCE_SECONDS, on_message=on_message)

    async def lifecycle(payload: dict[str, Any], observed: driving.Observed) -> Any:
        return await asyncio.get_running_loop().run_in_executor(threads, in_thread, payload, observed)

    await driving.create(lifecycle)


if ROLE == "create":
    asyncio.run(create())
else:
    app.worker_main(["worker", f"--concurrency={CHILDREN}", "--loglevel=WARNING", "--without-gossip"])
