"""How a call ends that was not answered: what its failure means to its caller, who is told, and what is logged."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any, Final

import grpc

from ..domain.problems import Problem, QuotaExceeded, StoreUnavailable, TooManyWatches, Unexpected
from .errors import code_of, message_of, trailers_of

log = logging.getLogger("execution_server.calls")

LOGGED_CHARACTERS: Final = 128
"""How much of a caller's text a log line takes."""

Context = grpc.aio.ServicerContext[Any, Any]


def problem_of(error: BaseException) -> Problem | None:
    """What a call's failure means to its caller; None if the caller waits for no answer any more."""
    match error:
        case Problem():
            return error
        case GeneratorExit() | grpc.aio.AbortError():
            return None
        case asyncio.CancelledError():
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return None  # by the caller, its deadline, or the end of the server
            # Something that this call shared was cancelled. Without an answer the client would wait for ever.
            return StoreUnavailable()
        case _:
            return Unexpected(secrets.token_hex(6))


def code_of_end(problem: Problem | None, context: Context) -> str:
    if problem is not None:
        return problem.code
    return "DEADLINE_EXCEEDED" if context.time_remaining() == 0 else "CANCELLED"


async def refuse(
    context: Context, name: str, request: Any, problem: Problem | None, error: BaseException
) -> None:
    """Tell the caller why, or let a call end that nobody waits for any more."""
    if problem is None:
        raise error
    log_call(
        _level(problem, error),
        "failed call",
        name,
        request,
        error,
        code=problem.code,
        reason=problem.reason,
        **problem.metadata,
    )
    await context.abort(code_of(problem), message_of(problem), trailers_of(problem))


def _level(problem: Problem, error: BaseException) -> int:
    if isinstance(problem, Unexpected):
        return logging.ERROR
    if problem is not error:
        return logging.WARNING
    # Of refusals for want of room there are many at once, and ``Places`` tells of them together.
    return logging.DEBUG if isinstance(problem, QuotaExceeded | TooManyWatches) else logging.INFO


def log_call(
    level: int, event: str, name: str, request: Any, error: BaseException | None = None, **fields: object
) -> None:
    """One line, with ids and never a payload; with the traceback if the fault is ours."""
    for field in ("id", "request_id"):
        if getattr(request, field, ""):
            fields.setdefault(field, getattr(request, field)[:LOGGED_CHARACTERS])
    cause = error if level >= logging.ERROR else None
    log.log(level, event, exc_info=cause, extra={"fields": {"method": name, **fields}})
