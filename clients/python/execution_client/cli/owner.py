"""The commands of those who have work done."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import typer

from .._model import OMITTED
from .arguments import Json, to_duration, to_given, to_labels, to_moment, to_number
from .options import (
    JSON_HELP,
    OWNER,
    Id,
    Labels,
    MaxAttempts,
    Metadata,
    Quiet,
    Timeout,
    TotalTimeout,
)
from .session import Session

CLEARABLE: Final = ("metadata", "labels", "timeout", "total_timeout")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (create, update, cancel, retry, delete):
        app.command(rich_help_panel=OWNER)(command)


def create(
    context: typer.Context,
    type: Annotated[str, typer.Argument(metavar="TYPE", help="What kind of work it is.", show_default=False)],
    payload: Annotated[
        Json | None, typer.Option(parser=to_given, metavar="JSON", help=f"The input: {JSON_HELP}.")
    ] = None,
    max_attempts: MaxAttempts = None,
    timeout: Timeout = None,
    total_timeout: TotalTimeout = None,
    start_timeout: Annotated[
        timedelta | None,
        typer.Option(parser=to_duration, metavar="DURATION", help="How long it may stay pending."),
    ] = None,
    scheduled_at: Annotated[
        datetime | None,
        typer.Option(
            parser=to_moment,
            metavar="TIME",
            help="Workers get it not before this, such as 2026-11-23T09:30 (local time).",
        ),
    ] = None,
    priority: Annotated[
        int | None,
        typer.Option(
            parser=to_number, metavar="N", help="Workers get the lowest first: 0 to 9; 5 if not given."
        ),
    ] = None,
    key: Annotated[str, typer.Option(help="Idempotency key: the same one creates once.")] = "",
    parent: Annotated[str, typer.Option(metavar="ID", help="The execution it belongs to.")] = "",
    metadata: Metadata = None,
    label: Labels = None,
    quiet: Quiet = False,
) -> None:
    """Create an execution, or answer the one that holds the key."""
    session = Session.of(context)
    with session.client() as client:
        execution = client.create(
            type,
            payload.value if payload else OMITTED,
            max_attempts=max_attempts,
            timeout=timeout,
            total_timeout=total_timeout,
            start_timeout=start_timeout,
            scheduled_at=scheduled_at,
            priority=priority,
            idempotency_key=key,
            parent_id=parent,
            metadata=metadata,
            labels=to_labels(label or ()),
        )
    if quiet:
        session.output.line(execution.id)
    else:
        session.output.execution(execution)


def update(
    context: typer.Context,
    id: Id,
    metadata: Metadata = None,
    label: Labels = None,
    max_attempts: MaxAttempts = None,
    timeout: Timeout = None,
    total_timeout: TotalTimeout = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help=f"Empty one of {', '.join(CLEARABLE)}. May be repeated."),
    ] = None,
) -> None:
    """Replace the fields that are given, each as a whole."""
    given: dict[str, Any] = dict.fromkeys(clear or (), None)
    if unknown := given.keys() - set(CLEARABLE):
        raise typer.BadParameter(
            f"{unknown.pop()!r} cannot be cleared; allowed is {', '.join(CLEARABLE)}.", param_hint="--clear"
        )
    new = {
        "metadata": metadata,
        "max_attempts": max_attempts,
        "timeout": timeout,
        "total_timeout": total_timeout,
    }
    given |= {name: value for name, value in new.items() if value is not None}
    if label:
        given["labels"] = to_labels(label)
    if not given:
        raise typer.BadParameter(
            "Say what to replace: by one option at least, such as --metadata or --clear."
        )
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.update(id, **given))


def cancel(
    context: typer.Context,
    id: Id,
    reason: Annotated[str, typer.Option(help="Why, for a person.")] = "",
    grace_period: Annotated[
        timedelta | None,
        typer.Option(
            parser=to_duration, metavar="DURATION", help="How long what is running gets to stop by itself."
        ),
    ] = None,
) -> None:
    """Call an execution off that has not ended."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.cancel(id, reason, grace_period=grace_period))


def retry(
    context: typer.Context,
    id: Id,
    additional_attempts: Annotated[
        int | None, typer.Option(parser=to_number, metavar="N", help="Allow this many more attempts.")
    ] = None,
) -> None:
    """Allow another attempt of an execution that failed or timed out."""
    session = Session.of(context)
    with session.client() as client:
        session.output.execution(client.retry(id, additional_attempts=additional_attempts or 0))


def delete(
    context: typer.Context,
    id: Id,
    force: Annotated[bool, typer.Option("--force", help="Even if it is running or retrying.")] = False,
) -> None:
    """Remove an execution and its idempotency key."""
    session = Session.of(context)
    with session.client() as client:
        client.delete(id, force=force)
    if session.json:
        session.output.objects([{"id": id, "deleted": True}])
    else:
        session.output.line(f"{id} is deleted")
