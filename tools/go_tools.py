"""
Programs that are written in Go and come as source: built once, at a fixed version, into ``.tools``.

Go checks what it fetches against the checksums that everybody sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = {
    "helm": "helm.sh/helm/v3/cmd/helm@v3.22.0",
    "grpc-health-probe": "github.com/grpc-ecosystem/grpc-health-probe@v0.4.61",
}


def built(name: str) -> Path:
    """
    The program *name*, built if it is not there yet.

    Raises:
        FileNotFoundError: there is no Go on this machine.
        CalledProcessError: it cannot be built; Go has said why.
    """
    package = PACKAGES[name]
    folder = ROOT / ".tools" / f"{name}-{package.rpartition('@')[2]}"
    program = folder / name
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            raise FileNotFoundError(f"go is missing, to build {name} with")
        command = [go, "install", "-trimpath", "-ldflags=-s -w", package]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "GOBIN": str(folder)}, check=True)
    return program
