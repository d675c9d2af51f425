"""Program for tests: a supervisor of ``standin_worker.py`` processes. TEST_MARGIN: how long a drain may overrun."""

import os
import sys
from pathlib import Path

from execution_server import logs, workers
from execution_server.config import Settings, StartError

workers.DRAIN_MARGIN_SECONDS = float(os.environ.get("TEST_MARGIN", workers.DRAIN_MARGIN_SECONDS))
settings = Settings.load(None, os.environ)
logs.configure(settings)
try:
    sys.exit(
        workers.supervise(
            settings, command=[sys.executable, str(Path(__file__).with_name("standin_worker.py"))]
        )
    )
except StartError as error:
    sys.exit(str(error))
