"""
Programs that are written in Go and come as source: built once, at a fixed version, into ``.tools``.

Go checks what it fetches against the checksums that everybody sees.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PACKAGES: Final = {
    "helm": ("helm.sh/helm/v3@v3.22.0", "./cmd/helm"),
    "grpc-health-probe": ("github.com/grpc-ecosystem/grpc-health-probe@v0.4.61", "."),
    "docker-compose": ("github.com/docker/compose/v2@v2.40.3", "./cmd"),
}
"""Module with version, and the package in it."""


def built(name: str) -> Path:
    """
    The program *name*, built if it is not there yet.

    Raises:
        FileNotFoundError: there is no Go on this machine.
        CalledProcessError: it cannot be built; Go has said why.
    """
    module, package = PACKAGES[name]
    program = ROOT / ".tools" / f"{name}-{module.rpartition('@')[2]}" / name
    if not program.exists():
        go = shutil.which("go")
        if go is None:
            raise FileNotFoundError(f"go is missing, to build {name} with")
        # In the module's own folder, since `go install` refuses a module that excludes others.
        subprocess.run([go, "mod", "download", module], cwd=ROOT, check=True)
        folder = subprocess.check_output(
            [go, "list", "-m", "-f", "{{.Dir}}", module], cwd=ROOT, text=True
        ).strip()
        command = [go, "build", "-trimpath", "-ldflags=-s -w", "-o", str(program), package]
        subprocess.run(command, cwd=folder, check=True)
    return program
