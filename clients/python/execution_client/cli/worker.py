"""The commands of those who do the work."""

from datetime import timedelta
from typing import Annotated

import typer

from .._model import OMITTED
from .arguments import Json, to_duration, to_given, to_object
from .options import JSON_HELP, WORKER, Attempt, Id
from .session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (start, progress, checkpoint, complete, fail, time_out):
        app.command(rich_help_panel=WORKER)(command)


def start(context: typer.Context, id: Id) -> None:
    """Begin an attempt of a pending or retrying execution."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.start(id))


def progress(
    context: typer.Context,
    id: Id,
    current: Annotated[
        float, typer.Argument(metavar="CURRENT", help="How much is done.", show_default=False)
    ],
    total: Annotated[float, typer.Argument(metavar="TOTAL", help="Of how much. 0: not known.")] = 0,
    message: Annotated[str, typer.Option(help="What is being done, for a person.")] = "",
    percent: Annotated[float | None, typer.Option(help="0 to 100, instead of the computed one.")] = None,
    attempt: Attempt = None,
) -> None:
    """Say how far a running execution is."""
    session = Session.of(context)
    with session.client() as client:
        answer = client.update_progress(id, current, total, message=message, percent=percent, attempt=attempt)
    session.output.execution(answer)


def checkpoint(
    context: typer.Context,
    id: Id,
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its name.", show_default=False)],
    value: Annotated[
        Json, typer.Argument(parser=to_given, metavar="JSON", help=f"{JSON_HELP}.", show_default=False)
    ],
    attempt: Attempt = None,
) -> None:
    """Keep a JSON value under a key, over every failure and retry; null removes the key."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.save_checkpoint(id, key, value.value, attempt=attempt))


def complete(
    context: typer.Context,
    id: Id,
    result: Annotated[
        Json | None, typer.Option(parser=to_given, metavar="JSON", help=f"The output: {JSON_HELP}.")
    ] = None,
    attempt: Attempt = None,
) -> None:
    """End the attempt with success."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.complete(id, result.value if result else OMITTED, attempt=attempt))


def fail(
    context: typer.Context,
    id: Id,
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="What went wrong, for a person.", show_default=False)
    ],
    retryable: Annotated[bool, typer.Option("--retryable", help="Another attempt may succeed.")] = False,
    code: Annotated[str, typer.Option(help="What went wrong, for a program.")] = "",
    retry_delay: Annotated[
        timedelta | None,
        typer.Option(
            parser=to_duration, metavar="DURATION", help="When to repeat it, instead of the retry policy."
        ),
    ] = None,
    details: Annotated[
        dict[str, object] | None,
        typer.Option(parser=to_object, metavar="JSON", help=f"Free data: an object as {JSON_HELP}."),
    ] = None,
    attempt: Attempt = None,
) -> None:
    """End the attempt with a failure: retrying if --retryable and attempts are left, else failed."""
    session = Session.of(context)
    with session.client() as client:
        answer = client.fail(
            id,
            message,
            retryable=retryable,
            code=code,
            retry_delay=retry_delay,
            details=details,
            attempt=attempt,
        )
    session.output.execution(answer)


def time_out(context: typer.Context, id: Id, attempt: Attempt = None) -> None:
    """End the attempt because it is known to be lost."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.time_out(id, attempt=attempt))
