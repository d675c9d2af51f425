"""The command ``watch``."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Annotated

import typer

from .._model import View, WatchMessage
from . import as_json
from .exits import exit_status_of
from .options import QUERIES, Parent, Statuses, Types
from .session import Session

if TYPE_CHECKING:
    from .screens import Drawing
    from .watching import Screen


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel=QUERIES)(watch)


def watch(
    context: typer.Context,
    id: Annotated[
        str, typer.Argument(metavar="ID", help="The execution's id. Without one: many.", show_default=False)
    ] = "",
    type: Types = None,
    status: Statuses = None,
    parent: Parent = "",
) -> None:
    """
    Watch an execution until it has ended (the exit status says how), or all that match until Ctrl-C.

    On a terminal it is drawn live; else every event is a line.
    """
    if id and (type or status or parent):
        raise typer.BadParameter("Give an id, or say which executions; not both.")
    session = Session.of(context)
    if id:
        _watch_one(session, id)
    else:
        _watch_many(session, type, status, parent)


def _watch_one(session: Session, id: str) -> None:
    from .hearing import HearingClient
    from .one import OneDrawing
    from .watching import show, watch_one

    # What happened before is for people. Programs get messages that are all alike.
    view = View.BASIC if session.json else View.FULL
    with (
        session.client_of(HearingClient) as client,
        _screen(session, OneDrawing(session.target), many=False) as screen,
    ):
        status = show(client, watch_one(client, id, view), screen)
    raise typer.Exit(exit_status_of(status))


def _watch_many(session: Session, types: Types, statuses: Statuses, parent: Parent) -> None:
    from .hearing import HearingClient
    from .many import ManyDrawing
    from .watching import show, watch_many

    with (
        session.client_of(HearingClient) as client,
        _screen(session, ManyDrawing(session.target, statuses or ()), many=True) as screen,
    ):
        show(client, watch_many(client, types=types or (), statuses=statuses or (), parent_id=parent), screen)


def _screen(session: Session, drawing: Drawing, *, many: bool) -> AbstractContextManager[Screen]:
    """Answer where to show a watch: drawn, or as lines."""
    from .lines import EventLines
    from .screens import Lines, LiveScreen

    if session.output.is_live:
        return LiveScreen(session.output, drawing)
    lines_of = _json_lines if session.json else EventLines(many=many).of
    return nullcontext(Lines(session.output, session.target, lines_of))


def _json_lines(message: WatchMessage) -> list[str]:
    return [as_json.line(message)]
