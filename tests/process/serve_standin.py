"""
Program for tests: the command line, with this file in the place of the server that answers calls.

It reports the store that it was given in the ready file, and ends on SIGTERM. With TEST_BEHAVIOUR "refuse" it does not
start.
"""

import os
import signal
import sys
import threading
from types import ModuleType

from execution_server import cli, ready
from execution_server.config import Settings, StartError


def run(settings: Settings) -> None:
    if os.environ.get("TEST_BEHAVIOUR") == "refuse":
        raise StartError("The store holds executions of somebody else.")
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    ready.publish(settings.ready_file, settings.store_url)
    stop.wait()


app = ModuleType("execution_server.app")
app.run = run  # type: ignore[attr-defined]  # a module is what is imported
sys.modules["execution_server.app"] = app
sys.exit(cli.main())
