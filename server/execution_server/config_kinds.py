"""
What the value of a setting may look like: one ``Kind`` per sort of text, which reads it and says what is allowed.

A kind's ``read`` raises ValueError for a text that it does not take; what is allowed then ends the sentence that the
operator is shown, so it is written to follow "allowed is".
"""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

DURATION_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """
    How a setting is read.

    Attributes:
        unit: what stands for the value in the help.
        allowed: which texts are taken, to follow "allowed is".
        read: the value of a text; raises ValueError for one that is not taken.
    """

    unit: str
    allowed: str
    read: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: ``str()`` of it is what gRPC takes. Port 0 is any free port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def whole_number(least: int, most: int) -> Kind:
    """A whole number from *least* to *most*."""

    def read(text: str) -> int:
        number = int(text)
        if not least <= number <= most:
            raise ValueError
        return number

    return Kind("NUMBER", f"a whole number from {least} to {most}", read)


def power_of_two(most: int) -> Kind:
    """1, 2, 4, ... up to *most*."""

    def read(text: str) -> int:
        number = int(text)
        if not 1 <= number <= most or number & (number - 1):
            raise ValueError
        return number

    return Kind("NUMBER", f"a power of two from 1 to {most}", read)


def duration(least: str, most: str) -> Kind:
    """A time span from *least* to *most*, in whole milliseconds; the text carries the unit."""
    shortest, longest = _read_duration(least), _read_duration(most)

    def read(text: str) -> timedelta:
        span = _read_duration(text)
        if not shortest <= span <= longest:
            raise ValueError
        return span

    return Kind(
        "DURATION",
        f"a duration with its unit (ms, s, m or h) from {least} to {most}, such as 1500ms or 2s",
        read,
    )


def choice(*words: str) -> Kind:
    """One of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Kind(f"{{{','.join(words)}}}", f"one of {', '.join(words)}", read)


def on_off() -> Kind:
    """True or False."""
    meanings = {
        "on": True,
        "true": True,
        "yes": True,
        "1": True,
        "off": False,
        "false": False,
        "no": False,
        "0": False,
    }

    def read(text: str) -> bool:
        try:
            return meanings[text.lower()]
        except KeyError:
            raise ValueError from None

    return Kind("{on,off}", "on or off", read)


def auto_or(kind: Kind) -> Kind:
    """What *kind* takes, or ``auto``, which is read as None: the value then follows from other settings."""

    def read(text: str) -> object:
        return None if text == "auto" else kind.read(text)

    return Kind(kind.unit.replace("{", "{auto,"), f"auto, or {kind.allowed}", read)


def empty_or(kind: Kind) -> Kind:
    """What *kind* takes, or nothing, which is read as None."""

    def read(text: str) -> object:
        return kind.read(text) if text else None

    return Kind(kind.unit, f"nothing, or {kind.allowed}", read)


def matching(unit: str, pattern: str, allowed: str) -> Kind:
    """A text that *pattern* matches as a whole."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Kind(unit, allowed, read)


def address() -> Kind:
    """A host or IP address and a port: an ``Address``."""

    def read(text: str) -> Address:
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = str(ipaddress.IPv6Address(host[1:-1]))
        elif not re.fullmatch(r"[A-Za-z0-9._-]+", host):
            raise ValueError
        if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
            raise ValueError
        return Address(host, int(port))

    return Kind("ADDRESS", "host:port, such as 127.0.0.1:50051, 0.0.0.0:50051 or [::1]:50051", read)


def store_url() -> Kind:
    """The URL of a store as redis-py reads it, of a cluster or of sentinels, ``memory://``, or nothing."""
    shapes = {
        "redis": r"//[^/]+(/[0-9]*)?",
        "rediss": r"//[^/]+(/[0-9]*)?",
        "unix": r"//[^/]*/.+",
        "memory": "//",
        "redis+cluster": "//[^/]+/?",
        "redis+sentinel": r"//[^/]+/[^/]+(/[0-9]*)?",
    }

    def read(text: str) -> str:
        parts = urlsplit(text)
        scheme = parts.scheme.replace("rediss+", "redis+")
        shape = shapes.get(scheme, "no such store")
        if text and not re.fullmatch(shape, f"//{parts.netloc}{parts.path}"):
            raise ValueError
        for host in parts.netloc.rpartition("@")[2].split("," if "+" in scheme else None):
            _ = urlsplit(f"//{host}").port  # raises ValueError if it is no number
        return text

    return Kind(
        "URL",
        "redis://host:port/db, redis+cluster://host:port,host:port, redis+sentinel://host:port,host:port/name/db, each "
        "with rediss for redis to use TLS, unix:///path?db=0 or memory://",
        read,
    )


def path() -> Kind:
    """A path, made absolute so that it means the same to every process; ``""`` is read as None."""

    def read(text: str) -> Path | None:
        if "\0" in text:
            raise ValueError
        return Path(text).expanduser().absolute() if text else None

    return Kind("PATH", "a path", read)


def _read_duration(text: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h)|0", text)
    if not found:
        raise ValueError(text)
    if text == "0":
        return timedelta()
    try:
        span = float(found[1]) * DURATION_UNITS[found[2]]
    except OverflowError:
        raise ValueError(text) from None
    if span % DURATION_UNITS["ms"]:
        raise ValueError(text)
    return span
