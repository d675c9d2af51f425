"""SAQ: a queue of asyncio; the creator listens to what is published of its job. ``saq_program.py create|work URL``."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any

from redis.asyncio import Redis
from saq import Job, Queue, Status, Worker
from saq.queue.redis import RedisQueue

from benchmarks.peers import driving

CONCURRENCY = 64


async def resize(context: dict[str, Any], *, payload: dict[str, Any]) -> dict[str, Any]:
    """The work."""
    for step in driving.STEPS:
        await asyncio.sleep(payload["pause_seconds"])
        progress = {"current": step, "total": 3, "message": "resizing", "at": time.time()}
        await context["job"].update(meta=progress)
    return driving.result(payload)


async def work(queue: Queue) -> None:
    """Work until SIGTERM."""
    await Worker(queue, functions=[resize], concurrency=CONCURRENCY).start()


async def create(queue: Queue) -> None:
    """Create what is ordered."""

    async def lifecycle(payload: dict[str, Any], observed: driving.Observed) -> Any:
        job = Job("resize", kwargs={"payload": payload}, timeout=60)
        seen = set[float]()

        async def on_update(key: str, status: Status) -> bool:
            if observed.is_wanted and status == Status.ACTIVE:
                now = await queue.job(key)  # a message tells only the status
                if now is not None and now.meta and now.meta["at"] not in seen:
                    seen.add(now.meta["at"])
                    observed.saw(now.meta["at"])
            return bool(status == Status.COMPLETE)

        listening = asyncio.create_task(queue.listen([job.key], on_update, timeout=None))
        await asyncio.sleep(0)  # it listens before there is anything to hear
        await queue.enqueue(job)
        await listening
        await job.refresh()
        return job.result

    await driving.create(lifecycle)


async def main() -> None:
    """Run the command line."""
    _, role, url = sys.argv
    queue = RedisQueue(Redis.from_url(url))  # Queue.from_url knows no sockets
    await queue.connect()
    await {"create": create, "work": work}[role](queue)


asyncio.run(main())
