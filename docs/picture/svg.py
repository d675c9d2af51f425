"""
Draws what a terminal showed, moment after moment, as one animated SVG.

A line of the screen that stays as it is over many moments is in the file once, with the times at which it is seen.
Where nothing is animated (in print, or for a reader who asked for less motion) the last moment is seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

CELL: Final = 8.4
LINE: Final = 21
MARGIN: Final = 20
HEAD: Final = 40
HOLD_SECONDS: Final = 5.0
"""How long the last moment stays before it all begins again."""
COLOURS: Final = {
    "default": "#d1d7e0",
    "brightblack": "#8b949e",
    "red": "#ff7b72",
    "green": "#56d364",
    "brown": "#e3b341",
    "magenta": "#d2a8ff",
    "cyan": "#39c5cf",
}
"""A dark theme for the terminal's colours (pyte calls yellow brown); those beyond the sixteen come as RGB."""
PIECES: Final = {"━": (0.0, 1.0), "╸": (0.0, 0.5), "╺": (0.5, 1.0)}
"""From where to where in its cell a piece of a bar goes: terminals draw these without gaps, fonts do not."""
STYLE: Final = """
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.bold { font-weight: 600 }
@media (prefers-reduced-motion: reduce) { g { animation: none !important } }
"""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters that look the same."""

    column: int
    text: str
    colour: str
    bold: bool


Line: TypeAlias = tuple[Run, ...]
Times: TypeAlias = tuple[tuple[float, float], ...]
"""From when to when, as often as it is."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What was on the screen from ``seconds`` on."""

    seconds: float
    lines: tuple[Line, ...]


def draw(title: str, columns: int, moments: Sequence[Moment]) -> str:
    """Answer the SVG, as high as what was seen."""
    lines = max(row + 1 for moment in moments for row, line in enumerate(moment.lines) if line)
    width, height = round(columns * CELL) + 2 * MARGIN, HEAD + lines * LINE + MARGIN
    length = moments[-1].seconds + HOLD_SECONDS
    style, groups = STYLE, []
    for number, (times, drawn) in enumerate(_seen(moments, length).items()):
        style += _keyframes(number, times, length)
        seen_last = int(times[-1][1] == length)
        groups.append(f'<g class="m{number}" opacity="{seen_last}">\n{drawn}</g>')
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{style}</style>",
        *_window(title, width, height),
        *groups,
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _window(title: str, width: int, height: int) -> Iterator[str]:
    yield f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="9" fill="#0d1117" stroke="#3d444d"/>'
    for place, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        yield f'<circle cx="{MARGIN + 6 + 18 * place}" cy="{HEAD // 2}" r="5.5" fill="{colour}"/>'
    yield f'<text x="{width // 2}" y="{HEAD // 2 + 5}" text-anchor="middle" fill="#8b949e">{escape(title)}</text>'


def _seen(moments: Sequence[Moment], length: float) -> dict[Times, str]:
    """Answer what to draw, by the times at which it is seen."""
    times: defaultdict[tuple[int, Line], list[tuple[float, float]]] = defaultdict(list)
    ends = [moment.seconds for moment in moments[1:]] + [length]
    for moment, end in zip(moments, ends, strict=True):
        for row, line in enumerate(moment.lines):
            before = times[row, line]
            start = before.pop()[0] if before and before[-1][1] == moment.seconds else moment.seconds
            before.append((start, end))
    drawn: defaultdict[Times, str] = defaultdict(str)
    for (row, line), seen in times.items():
        if line:
            drawn[tuple(seen)] += _drawn(line, row) + "\n"
    return drawn


def _keyframes(number: int, times: Times, length: float) -> str:
    """Show what has a number at its times, without fading."""
    if times == ((0.0, length),):
        return ""
    steps = {0.0: 0}
    for start, end in times:
        steps |= {start: 1, end: 0}
    frames = " ".join(f"{100 * at / length:.2f}% {{ opacity: {seen} }}" for at, seen in sorted(steps.items()))
    return f"@keyframes k{number} {{ {frames} }}\n.m{number} {{ animation: k{number} {length:g}s step-end infinite }}\n"


def _drawn(line: Line, row: int) -> str:
    y = HEAD + row * LINE
    return "".join(_bar(run, y) if set(run.text) <= PIECES.keys() else _text(run, y) for run in line)


def _text(run: Run, y: float) -> str:
    x, length = MARGIN + run.column * CELL, len(run.text) * CELL
    bold = ' class="bold"' if run.bold else ""
    return (
        f'<text x="{x:.1f}" y="{y + 15}" textLength="{length:.1f}" fill="{_colour(run)}"{bold}>'
        f"{escape(run.text)}</text>"
    )


def _bar(run: Run, y: float) -> str:
    start = MARGIN + (run.column + PIECES[run.text[0]][0]) * CELL
    end = MARGIN + (run.column + len(run.text) - 1 + PIECES[run.text[-1]][1]) * CELL
    return f'<rect x="{start:.1f}" y="{y + 8}" width="{end - start:.1f}" height="3.5" fill="{_colour(run)}"/>'


def _colour(run: Run) -> str:
    return COLOURS.get(run.colour, f"#{run.colour}")
