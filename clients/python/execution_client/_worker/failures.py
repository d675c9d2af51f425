"""How a task says that it failed, and what the service is told of it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from enum import Enum
from typing import ClassVar, Final

from croco.execution.v1 import execution_pb2 as nouns
from google.protobuf.duration_pb2 import Duration

from .._json import to_struct
from .._problems import ExecutionProblem
from .._to_wire import TimeSpan, to_seconds

_CODE_CHARACTERS: Final = 256
_STACK_FRAMES: Final = 50
"""The innermost ones. The service cuts a stack at its end, where the error is."""


class TaskFailure(Exception):
    """What a task raises to say more about its failure than an exception does: see Retryable and Permanent."""

    retryable: ClassVar[bool] = True

    def __init__(self, message: str, *, code: str = "", details: Mapping[str, object] | None = None) -> None:
        """
        Args:
            message: what went wrong, for a person.
            code: what went wrong, for a program; empty is the name of the exception's class.
            details: free data, JSON values.
        """
        super().__init__(message)
        self.code = code
        self.delay: Duration | None = None
        self.details = None if details is None else to_struct(details, "details")


class Retryable(TaskFailure):
    """The attempt failed and another may succeed."""

    def __init__(
        self,
        message: str,
        *,
        delay: TimeSpan | None = None,
        code: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        """
        Args:
            message, code, details: as for Permanent.
            delay: when the next attempt may come, in seconds or as a timedelta; None leaves it to the retry policy.

        Raises:
            ValueError: the delay is negative.
        """
        super().__init__(message, code=code, details=details)
        if delay is not None:
            if to_seconds(delay, "delay") < 0:
                raise ValueError("delay must not be negative.")
            self.delay = Duration()
            self.delay.FromMilliseconds(round(to_seconds(delay, "delay") * 1000))


class Permanent(TaskFailure):
    """The attempt failed and so would every other: none follows."""

    retryable = False


class JobCancelled(BaseException):
    """The job is to stop. Like asyncio.CancelledError it is no Exception, so that ``except Exception`` lets it pass."""


def error_of(exception: BaseException, *, retryable: bool = True) -> nouns.ExecutionError:
    """
    Answer what to tell the service of an exception.

    Args:
        retryable: whether another attempt may succeed, unless the exception says so itself.
    """
    known = exception if isinstance(exception, TaskFailure) else None
    kind = type(exception).__name__
    return nouns.ExecutionError(
        message=_unicode(_message_of(exception)) or kind,
        code=_code_of(exception) or kind,
        stack=_unicode(_stack_of(exception)),
        retryable=retryable if known is None else known.retryable,
        retry_delay=None if known is None else known.delay,
        details=None if known is None else known.details,
    )


def _message_of(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:  # Somebody's __str__: without a word of the failure the execution would never end.
        return ""


def _code_of(exception: BaseException) -> str:
    if isinstance(exception, ExecutionProblem) and exception.reason:
        return exception.reason
    code = getattr(exception, "code", None)
    if isinstance(code, Enum):
        code = code.name
    if not isinstance(code, str | int) or isinstance(exception, SystemExit):
        return ""
    printable = "".join(sign if sign.isprintable() else "?" for sign in str(code))
    return printable[:_CODE_CHARACTERS]


def _stack_of(exception: BaseException) -> str:
    trace = exception.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__package__") == __package__:
        trace = trace.tb_next  # The task's own part begins behind its callers.
    told = traceback.TracebackException(type(exception), exception, trace, limit=-_STACK_FRAMES)
    return "".join(told.format())


def _unicode(text: str) -> str:
    """Replace what is half of a surrogate pair, which protobuf refuses."""
    return text.encode(errors="replace").decode()
