"""
Who may call: the file of callers, one credential a line.

    # caller   roles             credential                          until (optional)
    billing    producer          sha256:0b2cf0...                    2027-01-31T00:00:00Z
    billing    producer          sha256:91c4d7...
    runner     reader,worker     certificate:spiffe://prod/runner

Several lines of one name are all valid, so a token is replaced without a gap: add the new one, wait until nobody sends
the old one, remove it. Tokens are random, so their plain SHA-256 tells nothing to who reads the file.
"""

import hmac
import re
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Final, TypeVar

from .config import ConfigError, Settings
from .reloaded import Reloaded

K = TypeVar("K")

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@/:-]{0,63}")
RESERVED: Final = "server"
"""What the history calls the server itself."""
TOKEN: Final = "sha256:"
CERTIFICATE: Final = "certificate:"
TOKEN_BYTES: Final = 32


class Role(StrEnum):
    """What a caller is there for; which calls that means is in ``rpc/access.py``."""

    READER = "reader"
    PRODUCER = "producer"
    WORKER = "worker"
    ADMIN = "admin"


ROLES_ALLOWED: Final = f"one or more of {', '.join(Role)}, with commas between"
UNTIL_ALLOWED: Final = "a time with its offset, such as 2027-01-31T00:00:00Z"


class _Refused(Exception):
    """A line is of no use. The message says why, to follow the line's number."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who has one of the credentials, and what it is good for."""

    name: str
    roles: frozenset[Role]
    until: float = inf
    """From when it is worth nothing, in seconds of the epoch."""

    @property
    def is_valid(self) -> bool:
        """Whether the credential has not expired, by this machine's clock."""
        return time.time() < self.until


@dataclass(frozen=True, slots=True)
class Callers:
    """All credentials of the file."""

    tokens: dict[bytes, Caller] = field(default_factory=dict)
    """By the token's digest."""
    certificates: dict[str, Caller] = field(default_factory=dict)
    """By a name in the certificate."""
    _found: dict[bytes, Caller] = field(default_factory=dict)

    def by_token(self, token: str) -> Caller | None:
        """The caller who has *token*, even if it has expired."""
        digest = sha256(token.encode()).digest()
        caller = self._found.get(digest)
        if caller is not None:
            return caller
        # Every one is compared, in a time that tells nothing of how much of it was right. One that was right before is
        # found at once, as its sender knows it anyway.
        for known, whose in self.tokens.items():
            if hmac.compare_digest(known, digest):
                caller = whose
        if caller is not None:
            self._found[digest] = caller
        return caller

    def by_certificate(self, names: Iterable[str]) -> Caller | None:
        """The caller whose certificate has *names*: that of the first name with a line, even if that has expired."""
        return next((self.certificates[name] for name in names if name in self.certificates), None)


def open_callers(settings: Settings) -> Reloaded[Callers] | None:
    """The callers of the settings; None where everybody may call. Raises ConfigError if their file is of no use."""
    file = settings.tokens_file
    return Reloaded([file], lambda: _read(file)) if file else None


def _read(file: Path) -> Callers:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError(f"tokens_file {file} cannot be read: {why}.") from None
    callers = Callers()
    for number, line in enumerate(lines, 1):
        words = line.partition("#")[0].split()
        try:
            if words:
                _add(callers, words)
        except _Refused as refused:
            raise ConfigError(f"tokens_file {file}, line {number}: {refused}.") from None
    if not (callers.tokens or callers.certificates):
        raise ConfigError(
            f"tokens_file {file} names no caller, so nobody could call; allowed is a line or more."
        )
    return callers


def new_token(name: str, roles: str, until: str = "") -> tuple[str, str]:
    """
    A new token of a caller, and the line for the file.

    Raises:
        ConfigError: no such line can stand in the file, or the token would be worth nothing from the start.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    callers = Callers()
    words = [name, roles, f"{TOKEN}{sha256(token.encode()).hexdigest()}", *([until] if until else [])]
    try:
        _add(callers, words)
    except _Refused as refused:
        raise ConfigError(f"There can be no such line in the file of callers: {refused}.") from None
    if not all(caller.is_valid for caller in callers.tokens.values()):
        raise ConfigError(f"The token would be worth nothing: {until} has passed.")
    return token, " ".join(words)


def _add(callers: Callers, words: list[str]) -> None:
    """Add what one line says."""
    if len(words) not in (3, 4):
        raise _Refused(f"has {len(words)} words; allowed is: name, roles, credential, and until if it ends")
    name, roles, credential, *until = words
    if not NAME.fullmatch(name) or name == RESERVED:
        raise _Refused(
            f"{name!r} can be no caller's name; allowed are up to 64 letters, digits and ._@/:-, but not {RESERVED}"
        )
    caller = Caller(name, _roles(roles), _until(until[0]) if until else inf)
    if credential.startswith(CERTIFICATE) and credential != CERTIFICATE:
        _put(callers.certificates, credential.removeprefix(CERTIFICATE), caller)
    elif re.fullmatch(rf"{TOKEN}[0-9a-f]{{64}}", credential):
        _put(callers.tokens, bytes.fromhex(credential.removeprefix(TOKEN)), caller)
    else:  # which may be a token by mistake, so it is not repeated
        raise _Refused(
            f"has no credential; allowed is {TOKEN} and 64 hexadecimal digits, or {CERTIFICATE} and a name"
        )


def _put(known: dict[K, Caller], key: K, caller: Caller) -> None:
    if key in known:
        raise _Refused("has the credential of another line")
    known[key] = caller


def _roles(text: str) -> frozenset[Role]:
    try:
        return frozenset(Role(word) for word in text.split(","))
    except ValueError:
        raise _Refused(f"{text!r} are no roles; allowed is {ROLES_ALLOWED}") from None


def _until(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise _Refused(f"{text!r} is no time; allowed is {UNTIL_ALLOWED}")
