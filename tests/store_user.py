"""The store's user as docs/operations.md has it: the line there is the one that is tested."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final

OPERATIONS: Final = Path(__file__).parent.parent / "docs/operations.md"
NAME: Final = "execution"
PASSWORD: Final = "secret"
GIVEN: Final = ">PASSWORD"
"""Where the line wants a password."""


def rules() -> list[str]:
    """The words after ``ACL SETUSER execution``."""
    (line,) = re.findall(
        rf"^    redis-cli ACL SETUSER {NAME} ((?:.*\\\n)*.*)$", OPERATIONS.read_text(), re.MULTILINE
    )
    words = shlex.split(line.replace("\\\n", " "))
    assert words.count(GIVEN) == 1
    return words


def with_password() -> list[str]:
    """The rules for a user whose password is ``PASSWORD``."""
    return [f">{PASSWORD}" if word == GIVEN else word for word in rules()]


def without_password() -> list[str]:
    """The same for a user whose URL may stand in a command line."""
    return ["nopass" if word == GIVEN else word for word in rules()]


def commands() -> set[str]:
    """What the user may call."""
    return {word.removeprefix("+") for word in rules() if word.startswith("+")}
