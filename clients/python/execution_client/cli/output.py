"""Puts answers on stdout and what went wrong on stderr, for people or, with ``--json``, for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Final, TextIO

from . import as_json, words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from .._model import Execution
    from .._problems import ExecutionProblem

_UNLIMITED: Final = 100_000
"""Columns of a stdout that is no terminal: what is read by a program is not cut."""


class Output:
    """Prints in one of the two forms."""

    def __init__(self, *, json: bool) -> None:
        self.json = json

    @cached_property
    def console(self) -> Console:
        """The terminal, or what stands for it. Rich heeds NO_COLOR and TERM."""
        return _console(sys.stdout)

    @property
    def is_live(self) -> bool:
        """Whether stdout can be drawn on again and again."""
        return not self.json and self.console.is_terminal and not self.console.is_dumb_terminal

    def line(self, text: str) -> None:
        """Print a line at once."""
        print(text, flush=True)

    def objects(self, values: Iterable[object]) -> None:
        """Print each as a line of JSON."""
        for value in values:
            self.line(as_json.line(value))

    def draw(self, renderable: RenderableType) -> None:
        """Print for people."""
        self.console.print(renderable)

    def execution(self, execution: Execution) -> None:
        """Print where an execution stands after a call: one line."""
        if self.json:
            self.objects([execution])
        else:
            from .render import summary

            self.draw(summary(execution))

    def problem(self, problem: ExecutionProblem) -> None:
        """Say on stderr why a call was refused or has no answer."""
        if self.json:
            told = {
                "code": problem.code.name,
                "reason": problem.reason,
                "message": problem.message,
                "metadata": problem.metadata,
                "field_violations": problem.field_violations,
            }
            print(as_json.line({"problem": told}), file=sys.stderr)
            return
        details = [("", note) for note in getattr(problem, "__notes__", ())]
        details.append(("reason  ", problem.reason or problem.code.name))
        details += [("field   ", violation.field) for violation in problem.field_violations]
        self.error(problem.message, [label + words.clean(text) for label, text in details])

    def error(self, sentence: str, details: Iterable[str] = ()) -> None:
        """Say on stderr what went wrong, with details on lines of their own."""
        from rich.text import Text

        text = Text.assemble(("error: ", "bold red"), words.clean(sentence))
        for detail in details:
            text.append(f"\n  {detail}", "dim")
        _console(sys.stderr).print(text, soft_wrap=True)


def _console(file: TextIO) -> Console:
    from rich.console import Console

    width = None if file.isatty() else _UNLIMITED
    return Console(file=file, width=width, highlight=False, markup=False, emoji=False)
