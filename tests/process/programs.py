"""Real processes for tests: start them, watch them, and leave none behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import croco
import execution_server

HERE = Path(__file__).parent
DEADLINE_SECONDS = 30.0
"""How long anything may take before the test fails. It is passed only when something is broken."""

Value = TypeVar("Value")


def wait_until(condition: Callable[[], Value], what: str) -> Value:
    """The first truthy value of *condition*; fails the test when none comes."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)
    return value


def is_running(pid: int) -> bool:
    """Whether the process is there, and not only its entry, which the first process of a container may never remove."""
    try:
        os.kill(pid, 0)
        return sys.platform != "linux" or " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def freeze(process: "subprocess.Popen[bytes]") -> None:
    """Stop a child from running, and return when it does: it takes what it was sent meanwhile to the end."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)


def environment(**extra: str) -> Mapping[str, str]:
    """The environment for a program that imports what the tests import, without settings of the one who runs them."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("EXECUTION_")}
    roots = [Path(execution_server.__file__).parents[1], *(Path(path).parent for path in croco.__path__)]
    return inherited | {"PYTHONPATH": os.pathsep.join(map(str, roots))} | extra


@contextmanager
def program(*words: str | Path, **environ: str) -> Iterator["subprocess.Popen[str]"]:
    """Run ``python *words`` in a session of its own, with its output captured; killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, *map(str, words)],
        env=environment(**environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def press_ctrl_c(process: "subprocess.Popen[str]") -> None:
    """What a terminal does: SIGINT to the program and to all its children that stayed in its group."""
    os.killpg(process.pid, signal.SIGINT)


def run(*words: str | Path, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run ``python *words`` to its end."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment(**environ),
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
