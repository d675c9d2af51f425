"""
End with the parent process, however that one ends.

A server that is killed with SIGKILL cannot clean up, so its children must notice by themselves. Linux does that for us:
PR_SET_PDEATHSIG sends a signal when the *thread* that started the process ends (prctl(2)), so whoever starts such a
process must do so from a thread that lasts. Elsewhere the parent's pid is watched.

A worker process calls ``end_with`` when it starts. The store is not our program, so it is started through this file run
as a script: on Linux it arms itself and then becomes the store (the setting survives exec), elsewhere it stays beside
the store as its guard. The usual alternative, ``preexec_fn``, would run Python in a fork of a process with threads.

Nothing from this package is imported here: the script starts without site-packages, in a few milliseconds.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

PR_SET_PDEATHSIG = 1  # linux/prctl.h
WATCH_SECONDS = 0.2


def end_with(parent_pid: int) -> None:
    """
    Have this process sent SIGTERM as soon as its parent is gone.

    Args:
        parent_pid: the parent as it knows itself. Should it be gone already, the process exits at once.
    """
    if sys.platform == "linux":
        _arm()
    else:
        threading.Thread(target=_watch, args=(parent_pid,), name="parent-watch", daemon=True).start()
    if os.getppid() != parent_pid:  # it ended before the line above
        sys.exit(f"The process {parent_pid} that started this one is gone.")


def _arm() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def _watch(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(WATCH_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)


def _become(parent_pid: int, command: list[str]) -> None:
    """Become *command*, which then ends with the parent."""
    end_with(parent_pid)
    os.execv(command[0], command)


def _guard(parent_pid: int, command: list[str]) -> int:
    """Run *command*; end it on SIGTERM and when the parent is gone. If the guard itself is killed, it stays behind."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    child = subprocess.Popen(command, close_fds=False)  # the lock on the data folder is handed on
    while True:
        try:
            return child.wait(WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            if stopping.is_set() or os.getppid() != parent_pid:
                child.terminate()


def main() -> None:
    """Run as ``parent_death.py become|guard PARENT_PID COMMAND...``, with the path of the program as its first word."""
    mode, parent_pid, *command = sys.argv[1:]
    if mode == "become":
        _become(int(parent_pid), command)
    sys.exit(_guard(int(parent_pid), command))


if __name__ == "__main__":
    main()
