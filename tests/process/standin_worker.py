"""
Program for tests: what a supervisor needs of a worker, without gRPC.

Answers each connection with its pid. On SIGTERM writes ``drained-PID`` into the folder named by TEST_FOLDER and ends,
unless TEST_BEHAVIOUR is "stubborn". With "broken" it ends at once, with "one broken" one worker of them all does.
"""

import os
import signal
import socket
import sys
from pathlib import Path

from execution_server import parent_death, ready
from execution_server.config import Settings

behaviour, folder = os.environ.get("TEST_BEHAVIOUR"), Path(os.environ["TEST_FOLDER"])


def drain(*_: object) -> None:
    if behaviour != "stubborn":
        (folder / f"drained-{os.getpid()}").touch()
        sys.exit(0)


def is_first(folder: Path) -> bool:
    """True in one worker only."""
    try:
        (folder / "first").touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


if behaviour == "broken" or (behaviour == "one broken" and not is_first(folder)):
    sys.exit(3)
signal.signal(signal.SIGTERM, drain)
signal.signal(signal.SIGINT, signal.SIG_DFL)
settings = Settings.load(None, os.environ)
parent_death.end_with(settings.parent_pid)
assert settings.reuse_port
with socket.socket() as listener:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((settings.listen.host, settings.listen.port))
    listener.listen()
    ready.publish(settings.ready_file, str(settings.listen))
    while True:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(str(os.getpid()).encode())
