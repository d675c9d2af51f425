"""The arguments that several commands have, so that they read the same everywhere."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

import typer

from .._model import ExecutionStatus
from .arguments import to_duration, to_moment, to_number, to_object, to_status

OWNER = "Have work done"
WORKER = "Do the work"
QUERIES = "Look"

JSON_HELP = "JSON, @FILE or - for stdin"

Id: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The execution's id.", show_default=False)]
Attempt: TypeAlias = Annotated[
    int | None,
    typer.Option(
        parser=to_number,
        metavar="N",
        help="The attempt you run: refused if it is not the current one any more.",
    ),
]
Metadata: TypeAlias = Annotated[
    dict[str, object] | None,
    typer.Option(parser=to_object, metavar="JSON", help=f"Free data: an object as {JSON_HELP}."),
]
Labels: TypeAlias = Annotated[
    list[str] | None, typer.Option("--label", metavar="KEY=VALUE", help="A label. May be repeated.")
]
MaxAttempts: TypeAlias = Annotated[
    int | None, typer.Option(parser=to_number, metavar="N", help="How many attempts may be started.")
]
Timeout: TypeAlias = Annotated[
    timedelta | None,
    typer.Option(parser=to_duration, metavar="DURATION", help="How long one attempt may take, such as 90s."),
]
TotalTimeout: TypeAlias = Annotated[
    timedelta | None,
    typer.Option(parser=to_duration, metavar="DURATION", help="How long all attempts together may take."),
]
Quiet: TypeAlias = Annotated[bool, typer.Option("--quiet", "-q", help="Print ids only.")]

Types: TypeAlias = Annotated[
    list[str] | None, typer.Option("--type", metavar="TYPE", help="Of this type. May be repeated.")
]
Statuses: TypeAlias = Annotated[
    list[ExecutionStatus] | None,
    typer.Option("--status", parser=to_status, metavar="STATUS", help="In this status. May be repeated."),
]
Parent: TypeAlias = Annotated[str, typer.Option("--parent", metavar="ID", help="With this parent.")]
CreatedFrom: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        parser=to_moment, metavar="TIME", help="Created then or later, such as 2026-11-23T09:30 (local time)."
    ),
]
CreatedBefore: TypeAlias = Annotated[
    datetime | None, typer.Option(parser=to_moment, metavar="TIME", help="Created earlier than that.")
]
