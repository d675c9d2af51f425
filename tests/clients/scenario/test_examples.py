"""The first example of each client's README runs: in an empty folder, with nothing but the client's package."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.clients.scenario.languages import CHOSEN, ROOT
from tests.process.programs import DEADLINE_SECONDS, environment
from tests.service import serving

BUILT = [language for language in CHOSEN if language != "python"]
"""Python's own is in tests/test_readme.py."""


@pytest.mark.parametrize("language", BUILT)
def test_the_readme_example_runs(language: str, tmp_path: Path) -> None:
    """It is the first code that a newcomer copies."""
    with serving(tmp_path, "--store-url", "memory://") as service:
        done = subprocess.run(
            [ROOT / "clients" / language / "build/example"],
            cwd=tmp_path,
            env={**environment(), "EXECUTION_TARGET": service.address},
            capture_output=True,
            text=True,
            timeout=4 * DEADLINE_SECONDS,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "completed" in done.stdout.lower(), "it does not show how the execution ended"
