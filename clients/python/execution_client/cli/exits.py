"""With which status the command exits."""

from enum import IntEnum
from typing import Final

from .._model import ExecutionStatus


class ExitStatus(IntEnum):
    """
    What the exit status says.

    Of ``watch`` and ``wait`` 0, 1, 3 and 4 say how the execution ended; of the other commands 0 says that it is done.
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    TIMED_OUT = 3
    CANCELLED = 4
    PROBLEM = 5
    NOT_AT_REST = 6
    INTERRUPTED = 130
    BROKEN_PIPE = 141


_OF_STATUS: Final = {
    ExecutionStatus.COMPLETED: ExitStatus.DONE,
    ExecutionStatus.FAILED: ExitStatus.FAILED,
    ExecutionStatus.TIMED_OUT: ExitStatus.TIMED_OUT,
    ExecutionStatus.CANCELLED: ExitStatus.CANCELLED,
}

EXPLAINED: Final = (
    "Exit status: 0 done (of watch and wait: completed), 1 failed, 2 wrong usage, 3 timed out, 4 cancelled, "
    "5 the service refused or did not answer, 6 wait ran out of time, 130 Ctrl-C."
)


def exit_status_of(status: ExecutionStatus) -> ExitStatus:
    """Answer how to exit when an execution was last seen in ``status``."""
    return _OF_STATUS.get(status, ExitStatus.NOT_AT_REST)
