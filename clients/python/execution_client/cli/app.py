"""The command line as a whole: its global options, its commands, and what their failures become."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import owner, queries, watches, worker
from .arguments import to_duration
from .exits import EXPLAINED, ExitStatus
from .session import Session, TlsOptions

TLS = "TLS"


class Commands(TyperGroup):
    """Takes the global options after the command's name too, and gives failures their exit status."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words, global options first."""
        flags = {
            name: bool(getattr(option, "is_flag", False)) for option in self.params for name in option.opts
        }
        return super().parse_args(ctx, options_first(args, flags))

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        with _exit_statuses(ctx):
            answer = super().invoke(ctx)
            sys.stdout.flush()
            return answer


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXPLAINED,
)
for module in (owner, worker, queries, watches):
    module.register(app)


def options_first(words: Sequence[str], flags: Mapping[str, bool]) -> list[str]:
    """
    Move options to the front, with their values.

    Args:
        flags: the options to move, and whether each is a flag: the others have a value.
    """
    first: list[str] = []
    rest: list[str] = []
    left = iter(words)
    for word in left:
        name, has_value, _ = word.partition("=")
        if word == "--":
            rest += [word, *left]
        elif name not in flags:
            rest.append(word)
        else:
            first += [word] if has_value or flags[name] else [word, *_next(left)]
    return first + rest


def _next(words: Iterator[str]) -> list[str]:
    word = next(words, None)
    return [] if word is None else [word]


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"execution {version('croco-execution-client')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    target: Annotated[
        str, typer.Option("--target", "-t", envvar="EXECUTION_TARGET", help="The service, as host:port.")
    ] = "127.0.0.1:50051",
    json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object a line, with the contract's field names.")
    ] = False,
    deadline: Annotated[
        timedelta, typer.Option(parser=to_duration, metavar="DURATION", help="How long a call may take.")
    ] = "10s",  # type: ignore[assignment]  # the parser reads it
    token_file: Annotated[
        Path | None,
        typer.Option(
            envvar="EXECUTION_TOKEN_FILE", help="A file with the bearer token. Or put it in $EXECUTION_TOKEN."
        ),
    ] = None,
    tls: Annotated[
        bool, typer.Option("--tls", envvar="EXECUTION_TLS", help="Encrypt.", rich_help_panel=TLS)
    ] = False,
    tls_ca: Annotated[
        Path | None,
        typer.Option(envvar="EXECUTION_TLS_CA", help="Whom to trust, in PEM.", rich_help_panel=TLS),
    ] = None,
    tls_client_cert: Annotated[
        Path | None,
        typer.Option(envvar="EXECUTION_TLS_CLIENT_CERT", help="Your certificate.", rich_help_panel=TLS),
    ] = None,
    tls_client_key: Annotated[
        Path | None, typer.Option(envvar="EXECUTION_TLS_CLIENT_KEY", help="Its key.", rich_help_panel=TLS)
    ] = None,
    tls_server_name: Annotated[
        str | None,
        typer.Option(help="The name in the server's certificate, if not the host.", rich_help_panel=TLS),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ask and tell the execution service. Global options may stand before or after the command."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a TextIOWrapper: nobody has replaced it
    context.obj = Session(
        target=target,
        token=os.environ.get("EXECUTION_TOKEN"),
        token_file=token_file,
        tls=TlsOptions(
            wanted=tls,
            ca=tls_ca,
            client_cert=tls_client_cert,
            client_key=tls_client_key,
            server_name=tls_server_name,
        ),
        deadline=deadline,
        json=json,
    )


@contextmanager
def _exit_statuses(context: typer.Context) -> Iterator[None]:
    """Put what is raised into a sentence and an exit status."""
    from .._problems import ExecutionProblem

    try:
        yield
    except ExecutionProblem as problem:
        Session.of(context).output.problem(problem)
        raise typer.Exit(ExitStatus.PROBLEM) from None
    except ValueError as error:  # an argument that the client cannot send
        Session.of(context).output.error(str(error))
        raise typer.Exit(ExitStatus.USAGE) from None
    except BrokenPipeError:
        # Whoever read has gone, as `head` does. The interpreter would fail on its last flush too.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(ExitStatus.BROKEN_PIPE) from None
