"""Installs the peers, from the public registries into ``build/peers``; again when the versions here have changed."""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build/peers"
PYTHON: Final = FOLDER / "venv/bin/python"
NODE_FOLDER: Final = FOLDER / "node"

PYTHON_PACKAGES: Final = ("celery[redis]==5.7.0", "saq[redis]==0.26.4", "hiredis==3.5.0")
NODE_PACKAGES: Final = ("bullmq@6.7.0", "ioredis@6.0.0")


class NotInstalled(Exception):
    """A peer is not there."""


async def install() -> None:
    """Have everything there. Raises NotInstalled if that cannot be done."""
    if shutil.which("npm") is None:
        raise NotInstalled("npm is missing: BullMQ runs on Node.js")
    mark, wanted = FOLDER / "installed", "\n".join((*PYTHON_PACKAGES, *NODE_PACKAGES))
    if mark.exists() and mark.read_text() == wanted:
        return
    NODE_FOLDER.mkdir(parents=True, exist_ok=True)
    (NODE_FOLDER / "package.json").write_text('{"private": true}')
    await _run(sys.executable, "-m", "venv", str(FOLDER / "venv"))
    await _run(
        str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYTHON_PACKAGES
    )
    await _run(
        "npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(NODE_FOLDER), *NODE_PACKAGES
    )
    mark.write_text(wanted)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise NotInstalled(" ".join(command))
