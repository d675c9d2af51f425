"""Which version of the server this is."""

from __future__ import annotations

import importlib.metadata
from typing import Final

DISTRIBUTION: Final = "croco-execution-server"


def version() -> str:
    """The version of the installed distribution."""
    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return "(not installed)"
