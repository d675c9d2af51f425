"""The commands that look and change nothing, but for ``watch``."""

from datetime import timedelta
from itertools import islice
from typing import Annotated, Any

import typer

from .arguments import to_duration
from .exits import exit_status_of
from .options import QUERIES, CreatedBefore, CreatedFrom, Id, Parent, Quiet, Statuses, Types
from .session import Session


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (get, list_, count, wait, info):
        app.command(command.__name__.rstrip("_"), rich_help_panel=QUERIES)(command)


def get(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="ID", help="The execution's id.", show_default=False)] = "",
    key: Annotated[str, typer.Option(help="Its idempotency key, instead of the id.")] = "",
) -> None:
    """Show an execution; with --json, every field of it."""
    if bool(id) == bool(key):
        raise typer.BadParameter("Give an id or --key, one of the two.")
    session = Session.of(context)
    with session.client() as client:
        execution = client.get(id) if id else client.get_by_idempotency_key(key)
    if session.json:
        session.output.objects([execution])
    else:
        from .render import card

        session.output.draw(card(execution))


def list_(
    context: typer.Context,
    type: Types = None,
    status: Statuses = None,
    parent: Parent = "",
    created_from: CreatedFrom = None,
    created_before: CreatedBefore = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Instead of the newest.")] = False,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most this many.")] = 50,
    quiet: Quiet = False,
) -> None:
    """List executions, the newest first."""
    session = Session.of(context)
    with session.client() as client:
        found = client.list(
            **_filter(type, status, parent, created_from, created_before),
            newest_first=not oldest_first,
            page_size=min(limit + 1, 1000),
        )
        executions = tuple(islice(found, limit + 1))
    shown = executions[:limit]
    if session.json:
        session.output.objects(shown)
    elif quiet:
        for execution in shown:
            session.output.line(execution.id)
    else:
        from .table import listing

        listing(session.output, shown)
    if len(executions) > limit and not session.json:
        typer.echo(f"More match: see them with --limit, which is {limit} now.", err=True)


def count(
    context: typer.Context,
    type: Types = None,
    status: Statuses = None,
    parent: Parent = "",
    created_from: CreatedFrom = None,
    created_before: CreatedBefore = None,
) -> None:
    """Count executions, in all and by status."""
    session = Session.of(context)
    with session.client() as client:
        answer = client.count(**_filter(type, status, parent, created_from, created_before))
    if session.json:
        session.output.objects([answer])
    else:
        from .render import counts

        session.output.draw(counts(answer))


def wait(
    context: typer.Context,
    id: Id,
    timeout: Annotated[
        timedelta | None,
        typer.Option(parser=to_duration, metavar="DURATION", help="Give up after this long, such as 5m."),
    ] = None,
) -> None:
    """Wait in silence until an execution has ended; the exit status says how."""
    session = Session.of(context)
    with session.client() as client:
        # Fails as every call does where the service cannot be reached; the wait would go on for ever.
        execution = client.get(id)
        if not execution.status.at_rest:
            execution = client.wait(id, timeout=timeout)
    session.output.execution(execution)
    raise typer.Exit(exit_status_of(execution.status))


def info(context: typer.Context) -> None:
    """Show what the server is: its version, its store, its limits."""
    session = Session.of(context)
    with session.client() as client:
        answer = client.server_info()
    if session.json:
        session.output.objects([answer])
    else:
        from .render import server

        session.output.draw(server(answer))


def _filter(
    types: Types, statuses: Statuses, parent: Parent, created_from: CreatedFrom, created_before: CreatedBefore
) -> dict[str, Any]:
    return {
        "types": types or (),
        "statuses": statuses or (),
        "parent_id": parent,
        "created_from": created_from,
        "created_before": created_before,
    }
