"""The picture of the README is what was recorded, and is to be seen wherever a README is shown."""

import re
from xml.etree import ElementTree

from docs.picture.record import ID, PICTURE
from docs.picture.svg import Moment, Run, draw

SVG = "{http://www.w3.org/2000/svg}"


def line(text: str) -> tuple[Run, ...]:
    return (Run(0, text, "default", False),)


def drawn(svg: str, *, opacity: str) -> str:
    """The text of all groups that have this opacity where nothing is animated."""
    groups = ElementTree.fromstring(svg).iter(f"{SVG}g")
    return " ".join("".join(group.itertext()).strip() for group in groups if group.get("opacity") == opacity)


def test_without_animation_the_last_moment_is_seen() -> None:
    """Many who show SVGs do not animate them."""
    always, first, then = line("a <title>"), line("first"), line("then")

    svg = draw(
        "watch & see", 20, [Moment(0, (always, first)), Moment(1, (always, then)), Moment(2, (always, first))]
    )

    assert drawn(svg, opacity="1") == "a <title> first"
    assert drawn(svg, opacity="0") == "then"
    # Seven seconds in all: "then" is seen in the second of them, "first" before and after it.
    assert "0.00% { opacity: 0 } 14.29% { opacity: 1 } 28.57% { opacity: 0 } }" in svg
    assert "0.00% { opacity: 1 } 14.29% { opacity: 0 } 28.57% { opacity: 1 } 100.00% { opacity: 0 } }" in svg


def test_the_recorded_picture_tells_the_story() -> None:
    """And nothing that only the machine that recorded it knows."""
    svg = PICTURE.read_text()

    for seen in ("pending", "attempt 1 failed: ", "attempt 2 of 3", "attempt 2 succeeded", "100 %"):
        assert seen in drawn(svg, opacity="1")
    assert set(re.findall(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+", svg)) == {ID}
    assert re.findall(r"\d\d:\d\d:\d\d", svg)[0] == "09:30:00"
    assert "http" not in svg.replace('xmlns="http://www.w3.org/2000/svg"', "")
