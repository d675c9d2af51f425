"""``python -m execution_client.cli`` is the command ``execution``."""

from . import main

main()
