"""``python -m execution_server``: the same as the command ``execution-server``."""

import sys

from .cli import main

sys.exit(main())
