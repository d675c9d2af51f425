"""The command ``execution``: the verbs of the client for a shell, and a watch to look at."""

import sys


def main() -> None:
    """Run the command line and exit with one of the statuses in exits.py."""
    try:
        from .app import app

        app(prog_name="execution")
    except KeyboardInterrupt:  # while it was loading; later it is handled there
        sys.exit(130)
    except ModuleNotFoundError as missing:
        if missing.name not in {"rich", "typer"}:
            raise
        sys.exit(
            f"execution: the package {missing.name} is missing: pip install 'croco-execution-client[cli]'"
        )
