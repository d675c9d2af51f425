"""Running a task: on the event loop if it is an ``async def``, else in a thread of its own."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeAlias, cast

from .job import AsyncJob, Job

AsyncTask: TypeAlias = Callable[[AsyncJob], Awaitable[object]]
BlockingTask: TypeAlias = Callable[[Job], object]
Task: TypeAlias = AsyncTask | BlockingTask
"""What does an execution: its answer is the result."""

_Outcome: TypeAlias = Callable[[], object]
"""Gives the result of a task, or raises its exception."""


def is_async(task: Task) -> bool:
    """Tell whether a task is to run on the event loop."""
    return inspect.iscoroutinefunction(task) or inspect.iscoroutinefunction(type(task).__call__)


async def run(task: Task, job: AsyncJob | Job) -> object:
    """Answer the result of a task."""
    if isinstance(job, AsyncJob):
        return await cast(AsyncTask, task)(job)
    return await _in_thread(cast(BlockingTask, task), job)


async def _in_thread(task: BlockingTask, job: Job) -> object:
    """The thread is a daemon: a task that does not stop when it is told to must not keep the process from ending."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[_Outcome] = loop.create_future()
    context = contextvars.copy_context()

    def tell(outcome: _Outcome) -> None:
        if not ended.done():
            ended.set_result(outcome)

    def work() -> None:
        outcome = context.run(_outcome, task, job)
        with suppress(RuntimeError):  # The loop is closed: nobody waits for the outcome any more.
            loop.call_soon_threadsafe(tell, outcome)

    threading.Thread(target=work, name=f"job {job.id}", daemon=True).start()
    return (await ended)()


def _outcome(task: BlockingTask, job: Job) -> _Outcome:
    try:
        result = task(job)
    except SystemExit as exit_:
        # On the event loop it would end the whole worker.
        raised: BaseException = RuntimeError(f"The task called sys.exit({exit_.code!r}).")
    except BaseException as exception:
        raised = exception
    else:
        return lambda: result

    def fail() -> object:
        raise raised

    return fail
