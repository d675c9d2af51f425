"""
A worker as a program: ``python worker_program.py TARGET TYPE LOG-FILE OPTIONS``, options as JSON.

A task says that it has begun in the checkpoint ``begun``, waits for the file that the payload names (for ever, if it
names none), and ends with the name of its worker as its result.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path

from execution_client import AsyncJob, Worker


def main() -> None:
    target, kind, log, options = sys.argv[1:]
    logging.basicConfig(level=logging.INFO, filename=log)
    worker = Worker(target, **json.loads(options))

    @worker.task(kind)
    async def work(job: AsyncJob) -> str:
        await job.checkpoint("begun", job.attempt)
        while job.payload is None or not Path(job.payload).exists():  # noqa: ASYNC110, ASYNC240 - a test makes it
            await asyncio.sleep(0.01)
        return str(json.loads(options)["worker_id"])

    worker.run_sync()


main()
