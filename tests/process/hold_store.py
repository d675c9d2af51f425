"""Program for tests: print the URL of an embedded store and hold it until killed. Arguments: folder, launch mode."""

import sys
import threading
from pathlib import Path

from execution_server import embedded

embedded.LAUNCH_MODE = sys.argv[2] if len(sys.argv) > 2 else embedded.LAUNCH_MODE
print(embedded.EmbeddedStore.start(Path(sys.argv[1])).url, flush=True)
threading.Event().wait()
