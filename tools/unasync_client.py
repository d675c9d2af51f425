"""
Make the blocking Python client from the asyncio one.

The asyncio client, in ``execution_client/_async``, is where the verbs are written; this script writes
``execution_client/_sync`` from it, so that no signature is written twice. It replaces names and drops ``async`` and
``await``, no more: whatever differs in substance is in _transport_async.py and _transport_sync.py. The result is
formatted with the project's settings, for it is checked in and read. (Names that are replaced must not stand inside
f-strings: before Python 3.12 they are not seen there.)

    python tools/unasync_client.py            write _sync
    python tools/unasync_client.py --check    change nothing; exit 1 and tell the difference if _sync is not up to date
"""

import argparse
import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

import unasync

PACKAGE = Path(__file__).parents[1] / "clients" / "python" / "execution_client"
SOURCE = PACKAGE / "_async"
TARGET = PACKAGE / "_sync"
HEADER = "# Made from ../_async/{name} by tools/unasync_client.py. Do not edit.\n"
# Beside these, unasync turns AsyncThing into SyncThing and __aenter__ into __enter__.
NAMES = {
    "AsyncExecutionClient": "ExecutionClient",
    "_transport_async": "_transport_sync",
}


def main() -> int:
    """Do what the module's docstring says and answer the exit code."""
    parser = argparse.ArgumentParser(description="Make the blocking Python client from the asyncio one.")
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if _sync is not up to date"
    )
    check = parser.parse_args().check
    wanted = {path.name: converted(path) for path in sorted(SOURCE.glob("*.py"))}
    present = {path.name: path.read_text() for path in sorted(TARGET.glob("*.py"))}
    if check:
        sys.stdout.writelines(differences(present, wanted))
    else:
        write(wanted, stale=present.keys() - wanted.keys())
    return int(check and present != wanted)


def converted(path: Path) -> str:
    """Answer the blocking version of one file."""
    with tempfile.TemporaryDirectory() as folder:
        rule = unasync.Rule(f"{SOURCE}/", f"{folder}/", NAMES)
        unasync.unasync_files([str(path)], [rule])
        plain = (Path(folder) / path.name).read_text()
    text = HEADER.format(name=path.name) + plain
    # Imports sort and lines wrap in another way, noqa may be idle, and what must be a loop here can be `yield from`.
    text = ruff(text, path.name, "check", "--select", "I,RUF100,UP028", "--fix", "--unsafe-fixes", "--quiet")
    return ruff(text, path.name, "format")


def ruff(text: str, name: str, *command: str) -> str:
    """Answer what ruff makes of a file's text."""
    arguments = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(TARGET / name), "-"]
    return subprocess.run(arguments, input=text, capture_output=True, text=True, check=True).stdout


def write(wanted: dict[str, str], *, stale: set[str]) -> None:
    """Make TARGET hold the wanted files and no stale ones."""
    TARGET.mkdir(exist_ok=True)
    for name in stale:
        (TARGET / name).unlink()
    for name, text in wanted.items():
        (TARGET / name).write_text(text)


def differences(present: dict[str, str], wanted: dict[str, str]) -> list[str]:
    """Answer a unified diff from what is there to what should be."""
    lines: list[str] = []
    for name in sorted(present.keys() | wanted.keys()):
        old = present.get(name, "").splitlines(keepends=True)
        new = wanted.get(name, "").splitlines(keepends=True)
        lines += difflib.unified_diff(old, new, f"_sync/{name} (present)", f"_sync/{name} (wanted)")
    return lines


if __name__ == "__main__":
    sys.exit(main())
