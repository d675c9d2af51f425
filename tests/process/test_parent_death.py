"""What is started through ``parent_death`` never runs without its parent."""

import os
import sys
from pathlib import Path

import pytest
from execution_server import parent_death

from .programs import run

SCRIPT = parent_death.__file__


@pytest.mark.skipif(sys.platform != "linux", reason="the script becomes the program on Linux only")
def test_a_program_whose_parent_is_gone_already_is_not_started(tmp_path: Path) -> None:
    """The parent may die before the script has asked to be told of it: then the signal never comes."""
    not_our_pid = os.getppid()
    ended = run("-I", "-S", SCRIPT, "become", str(not_our_pid), "/bin/sh", "-c", f"touch {tmp_path}/started")

    assert ended.returncode == 1
    assert f"The process {not_our_pid} that started this one is gone." in ended.stderr
    assert not (tmp_path / "started").exists()


def test_the_guard_passes_on_how_the_program_ended() -> None:
    """The keeper's log would otherwise say of every crash that all was well."""
    ended = run("-I", "-S", SCRIPT, "guard", str(os.getpid()), "/bin/sh", "-c", "exit 7")

    assert ended.returncode == 7
