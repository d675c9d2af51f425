"""
The command ``execution-server``: serve, check, health, token.

It decides what runs where, and puts every failure to start into a sentence: no traceback for a busy port. The exit
status is 0 for a server that stopped as asked, 1 for one that cannot start or is not healthy, 2 for a wrong setting.

gRPC and the store's client are imported where they are needed: a supervisor must not have them, and an exec probe that
calls ``health`` every few seconds should not pay for them.
"""

import argparse
import asyncio
import dataclasses
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from . import callers, certificates, logs, parent_death, ports, ready, workers
from .config import SETTINGS, Address, ConfigError, Setting, Settings, StartError, without_secrets
from .version import version

__all__ = ["main"]

LOCK_WAIT = timedelta(seconds=10)
"""How long ``serve`` waits for another server on its data folder to end, as when one is restarted."""
CHECK_SECONDS = 10.0
HEALTH_SETTINGS = ("listen", "tls_certificate", "tls_key")
HEALTH_PATIENCE = timedelta(seconds=3)
TOKEN_SUMMARY = "Make a token for a caller, and the line by which the server knows it."
WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command line.

    Returns:
        The exit status.
    """
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except StartError as error:
        print(f"execution-server: {error}", file=sys.stderr)
        return 2 if isinstance(error, ConfigError) else 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="execution-server", description="Keeps the state of executions, over gRPC.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version()}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for run, name, summary in (
        (_serve, "serve", "Answer calls until SIGTERM or Ctrl-C."),
        (_check, "check", "Read the settings and open the store as serve would, and say what is wrong."),
        (_health, "health", "Ask a running server whether it is serving; exit status 0 if it is, else 1."),
    ):
        command = commands.add_parser(name, help=summary, description=summary, allow_abbrev=False)
        command.set_defaults(run=run)
        for setting in SETTINGS:
            if not setting.internal and (run is not _health or setting.name in HEALTH_SETTINGS):
                _add_flag(command, setting)
        if run is _health:
            command.add_argument(
                "--service", default="", help="The service to ask about. Default: the whole server."
            )
    _add_token_command(commands.add_parser("token", help=TOKEN_SUMMARY, description=TOKEN_SUMMARY))
    return parser


def _add_token_command(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=_token)
    command.add_argument(
        "name", metavar="NAME", help="Whose it is, as the history of executions will call them."
    )
    command.add_argument("roles", metavar="ROLES", help=f"What it is good for: {callers.ROLES_ALLOWED}.")
    command.add_argument(
        "--until",
        metavar="TIME",
        default="",
        help=f"When it expires: {callers.UNTIL_ALLOWED}. Default: never.",
    )


def _add_flag(command: argparse.ArgumentParser, setting: Setting) -> None:
    default = f", default {setting.default}" if setting.default else ""
    command.add_argument(
        setting.flag,
        metavar=setting.kind.unit,
        help=f"{setting.meaning} [{setting.env}{default}]".replace("%", "%%"),
    )


def _serve(arguments: argparse.Namespace) -> int:
    settings = Settings.load(arguments, os.environ)
    if settings.parent_pid:
        parent_death.end_with(settings.parent_pid)
    logs.configure(settings)
    signal.signal(signal.SIGTERM, _end_while_starting)
    ready.prepare(settings.ready_file)
    try:
        _refuse_unsafe(settings)
        if not settings.reuse_port:
            ports.refuse_busy(settings.listen)
        with _with_store(settings, lock_wait=LOCK_WAIT) as (settings, store):
            _greet(settings, store)
            return _run(settings)
    finally:
        ready.withdraw(settings.ready_file)


def _refuse_unsafe(settings: Settings) -> None:
    """What the server would refuse when it begins to listen is said before the store is started."""
    certificates.refuse_plaintext(settings)
    certificates.open_certificates(settings)
    callers.open_callers(settings)


def _run(settings: Settings) -> int:
    if settings.workers > 1:
        return workers.supervise(settings)
    from . import app  # the supervisor must not load gRPC

    app.run(settings)
    return 0


@contextmanager
def _with_store(settings: Settings, *, lock_wait: timedelta) -> Iterator[tuple[Settings, str]]:
    """
    Start the embedded store if no other is configured.

    Yields:
        The settings with the URL of the store to use, and what the store is, for people.
    """
    if settings.store_url:
        yield settings, without_secrets(settings.store_url)
        return
    if sys.platform == "win32":
        raise StartError(
            "The embedded store needs Linux or macOS; name a running store with EXECUTION_STORE_URL."
        )
    from . import embedded  # not on Windows

    store = embedded.EmbeddedStore.start(
        settings.data_dir, appendfsync=settings.appendfsync, lock_wait=lock_wait
    )
    try:
        yield dataclasses.replace(settings, store_url=store.url), f"{store.binary} in {settings.data_dir}"
    finally:
        store.stop()


def _greet(settings: Settings, store: str) -> None:
    """One line for a person who started the server in a terminal; the log's own line says when it serves."""
    if sys.stderr.isatty() and settings.log_format != "json" and not settings.reuse_port:
        where = settings.listen if settings.listen.port else f"a free port of {settings.listen.host}"
        print(
            f"execution-server {version()}: listens on {where}, keeps executions in {store}; Ctrl-C stops it.",
            file=sys.stderr,
        )


def _end_while_starting(_signal: int, _frame: object) -> None:
    raise SystemExit(0)  # what was started is stopped on the way out


def _check(arguments: argparse.Namespace) -> int:
    settings = Settings.load(arguments, os.environ)
    logs.configure(settings)
    _refuse_unsafe(settings)
    print(f"The settings are allowed: the server would listen on {settings.listen}.")
    with _with_store(settings, lock_wait=timedelta(0)) as (settings, store):
        if settings.store_url.startswith("memory:"):
            print("Executions would be kept in memory, and lost with the process.")
        else:
            asyncio.run(_open_store(settings, store))
            print(f"The store answers and can keep executions: {store}.")
    return 0


async def _open_store(settings: Settings, store: str) -> None:
    from .store.redis import StoreRefused, open_store  # takes longer to import than the rest of the command

    try:
        async with asyncio.timeout(CHECK_SECONDS):
            opened = await open_store(
                settings.store_url,
                prefix=settings.key_prefix,
                partitions=settings.partitions,
                durability=settings.durability,
                replicas=settings.replicas,
            )
            await opened.close()
    except TimeoutError:
        raise StartError(f"The store {store} did not answer within {CHECK_SECONDS:.0f} s.") from None
    except StoreRefused as error:
        raise StartError(str(error)) from None


def _health(arguments: argparse.Namespace) -> int:
    from .rpc.probe import ask_health  # gRPC

    # A probe's environment may be that of the container image alone; no store is asked for.
    settings = Settings.load(arguments, {**os.environ, "EXECUTION_REQUIRE_STORE_URL": "off"})
    own = certificates.open_certificates(settings)
    host, port = settings.listen.host, settings.listen.port
    target = Address(WILDCARDS.get(host, host), port)
    status = ask_health(
        str(target),
        service=arguments.service,
        patience=HEALTH_PATIENCE,
        certificates=own.value if own else None,
    )
    print(f"{target}: {status}")
    return 0 if status == "SERVING" else 1


def _token(arguments: argparse.Namespace) -> int:
    token, line = callers.new_token(arguments.name, arguments.roles, arguments.until)
    print("The token, shown this once, and the line for the file of --tokens-file:", file=sys.stderr)
    print(token, line, sep="\n")
    return 0
