"""
The settings of a server, as read from flags and environment; the table of them is in ``config_table.py``.

A flag wins over the environment, and an empty variable counts as not given. What follows from other settings has the
default ``auto``. Only ``Settings.load`` turns texts into values, and ``to_environ`` turns them back for worker
processes, so that no value is ever passed on by hand.

Secrets: a store's password may stand in the environment or, better, in the file of ``store_url_file``; never in a flag,
which everybody on the machine can read. ``without_secrets`` is the form in which a URL may be shown.
"""

import argparse
import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from .config_kinds import Address
from .config_table import SETTINGS, STORE_URL, Setting

__all__ = ["SETTINGS", "Address", "ConfigError", "Setting", "Settings", "StartError", "without_secrets"]


LEAST_STREAMS = 8_192
"""A client learns the limit of streams only after its first ones: more than it in the first burst get UNAVAILABLE."""
SPARE_STREAMS = 64
"""How many more streams a connection gets than calls of any class: one too many is refused and does not wait."""


class StartError(Exception):
    """The server cannot start. The message is a sentence for its operator, who needs no traceback."""


class ConfigError(StartError):
    """A setting is wrong. The message names it and says what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one process. What each means is in ``SETTINGS``; None of a path is "not given"."""

    store_url: str = dataclasses.field(repr=False)
    store_url_file: Path | None
    durability: str
    replicas: int
    require_store_url: bool
    data_dir: Path
    appendfsync: str
    partitions: int
    key_prefix: str
    listen: Address
    allow_plaintext: bool
    tls_certificate: Path | None
    tls_key: Path | None
    tls_client_ca: Path | None
    tokens_file: Path | None
    metrics_listen: Address | None
    tracing: bool
    workers: int
    reflection: bool
    default_deadline: timedelta
    max_deadline: timedelta
    max_inflight: int
    max_inflight_per_connection: int
    max_inflight_bytes: int
    max_watches: int
    max_watches_per_connection: int
    max_work_streams: int
    max_work_streams_per_connection: int
    max_streams_per_connection: int
    max_checkpoints: int
    retention: timedelta
    failed_retention: timedelta
    drain_delay: timedelta
    drain_grace: timedelta
    slow_call: timedelta
    log_format: str
    log_level: str
    ready_file: Path | None
    reuse_port: bool
    parent_pid: int

    @classmethod
    def load(cls, flags: argparse.Namespace | None, environ: Mapping[str, str]) -> Self:
        """
        Read the settings.

        Args:
            flags: the command line's, with None for a flag that was not given.
            environ: usually ``os.environ``.

        Raises:
            ConfigError: a value is not allowed, or two settings contradict each other.
        """
        _refuse_password_in_flag(getattr(flags, "store_url", None))
        values = {setting.name: _value(setting, flags, environ) for setting in SETTINGS}
        _resolve(values, environ)
        settings = cls(**values)
        _refuse_contradictions(settings)
        return settings

    def to_environ(self) -> dict[str, str]:
        """The environment in which ``load`` gives these settings again."""
        # The URL has been read from its file already.
        given = dataclasses.replace(self, store_url_file=None)
        return {setting.env: _as_text(getattr(given, setting.name)) for setting in SETTINGS}


def without_secrets(url: str) -> str:
    """*url* as it may be shown: no user, no password, no query."""
    scheme, separator, rest = url.partition("://")
    return scheme + separator + rest.partition("?")[0].rpartition("@")[2]


def _value(setting: Setting, flags: argparse.Namespace | None, environ: Mapping[str, str]) -> Any:
    source, text = setting.flag, getattr(flags, setting.name, None)
    if text is None:
        source, text = setting.env, environ.get(setting.env) or setting.default
    try:
        return setting.kind.read(text)
    except ValueError:
        given = "has a value that is not allowed" if setting.secret else f"is {text!r}"
        raise ConfigError(f"{source} {given}; allowed is {setting.kind.allowed}.") from None


def _resolve(values: dict[str, Any], environ: Mapping[str, str]) -> None:
    """Fill in what follows from other settings or from a file."""
    if values["store_url_file"]:
        if values["store_url"]:
            raise ConfigError("store_url and store_url_file are both given; allowed is one of them.")
        values["store_url"] = _url_in(values["store_url_file"])
    if values["data_dir"] is None:
        values["data_dir"] = _default_data_dir(environ)
    if values["reflection"] is None:
        values["reflection"] = values["listen"].is_loopback
    if values["max_streams_per_connection"] is None:
        shares = ("max_inflight", "max_watches", "max_work_streams")
        largest = max(values[f"{share}_per_connection"] for share in shares)
        values["max_streams_per_connection"] = max(LEAST_STREAMS, largest + SPARE_STREAMS)
    values["default_deadline"] = min(values["default_deadline"], values["max_deadline"])
    if values["drain_delay"] is None:
        values["drain_delay"] = timedelta(seconds=0 if values["listen"].is_loopback else 5)


def _url_in(file: Path) -> str:
    try:
        url = file.read_text().strip()
        STORE_URL.read(url)
    except OSError as error:
        raise ConfigError(f"store_url_file {file} cannot be read: {error.strerror}.") from None
    except ValueError:
        url = ""
    if not url:
        raise ConfigError(f"store_url_file {file} holds no store URL; allowed is {STORE_URL.allowed}.")
    return url


def _default_data_dir(environ: Mapping[str, str]) -> Path:
    # Not in the current folder: a server started from another one would silently begin with an empty store. And data,
    # not XDG's "state": executions are what the user wants to keep.
    shared = Path(environ.get("XDG_DATA_HOME", ""))
    if not shared.is_absolute():  # which the XDG base directory specification says to ignore
        shared = Path("~/.local/share").expanduser()
    return shared / "execution-server"


def _refuse_password_in_flag(url: str | None) -> None:
    if url and re.search(r"://[^/?@]*:[^/?]*@|[?&]\w*password=", url):
        raise ConfigError(
            "--store-url holds a password, which everybody on this machine could read in the list of processes; "
            "allowed is a URL without one. Put the whole URL into a file and name it with --store-url-file."
        )


def _refuse_contradictions(settings: Settings) -> None:
    if settings.require_store_url and not settings.store_url:
        raise ConfigError("require_store_url is on, and there is no store_url; set EXECUTION_STORE_URL.")
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConfigError("Of tls_certificate and tls_key one is given; allowed are both, or neither.")
    if settings.tls_client_ca and not settings.tls_certificate:
        raise ConfigError(
            "tls_client_ca is given, and there is no tls_certificate; it takes both for clients to show theirs."
        )
    if settings.workers > 1 and settings.store_url.startswith("memory:"):
        raise ConfigError(
            "workers is more than 1, and store_url is memory://, which cannot be shared; use 1 worker."
        )
    if settings.durability != "relaxed" and settings.store_url.startswith("memory:"):
        raise ConfigError(
            f"durability is {settings.durability}, and store_url is memory://, which loses everything; use relaxed."
        )

    last_port = settings.metrics_listen.port + settings.workers - 1 if settings.metrics_listen else 0
    if last_port > 65_535:
        raise ConfigError(
            f"metrics_listen is {settings.metrics_listen} for {settings.workers} workers, and the last of them would "
            "listen above port 65535; use a lower port."
        )


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case timedelta():
            return f"{value // timedelta(milliseconds=1)}ms"
        case _:
            return str(value)
