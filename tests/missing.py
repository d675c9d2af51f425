"""What a test needs and this machine may not have."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str, *, promised: bool = True) -> NoReturn:
    """Skip the test, or fail it where CI has promised that what it needs is there."""
    if promised and os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
