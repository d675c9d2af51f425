"""Files that are read again when they change, and are never taken half."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from execution_server.config import StartError
from execution_server.reloaded import Reloaded


def reloaded(*files: Path) -> Reloaded[str]:
    """The texts of all files; a file with a question in it is of no use."""

    def read() -> str:
        try:
            text = "+".join(file.read_text() for file in files)
        except OSError as error:
            raise StartError("A file is missing.") from error
        if "?" in text:
            raise StartError("There is a question.")
        return text

    return Reloaded(files, read)


def replace(file: Path, text: str) -> None:
    """As a careful writer does it."""
    file.with_suffix(".new").write_text(text)
    file.with_suffix(".new").replace(file)


def test_what_has_changed_is_read_again_once(tmp_path: Path) -> None:
    """However often it is asked for."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("b")
    files = reloaded(one, two)
    assert (files.value, files.refresh()) == ("a+b", False)

    replace(two, "c")
    assert [files.refresh(), files.refresh()] == [True, False]
    assert files.value == "a+c"


def test_what_is_of_no_use_leaves_what_was_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An operator's slip must not take a running server down, nor fill its log."""
    file = tmp_path / "one"
    file.write_text("a")
    files = reloaded(file)
    for worse in ("?", None):
        caplog.clear()
        replace(file, worse) if worse else file.unlink()
        assert [files.refresh(), files.refresh()] == [False, False]
        assert files.value == "a"
        assert len(caplog.records) == 1
        assert "What was read before is kept." in caplog.text
    replace(file, "b")
    assert files.refresh()
    assert files.value == "b"


def test_what_is_of_no_use_at_the_start_is_said_to_who_starts_it(tmp_path: Path) -> None:
    """There is nothing to fall back on."""
    with pytest.raises(StartError):
        reloaded(tmp_path / "missing")


def test_a_link_that_points_elsewhere_is_a_change(tmp_path: Path) -> None:
    """So Kubernetes replaces the files of a secret, all at once."""
    for version in "ab":
        (tmp_path / version).mkdir()
        (tmp_path / version / "file").write_text(version)
    link = tmp_path / "now"
    link.symlink_to(tmp_path / "a")
    files = reloaded(link / "file")
    (tmp_path / "next").symlink_to(tmp_path / "b")
    (tmp_path / "next").replace(link)
    assert files.refresh()
    assert files.value == "b"


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """Else the old half of a new pair might stay for good."""
    file = tmp_path / "one"
    file.write_text("a")
    texts = iter(["b", "c"])

    def read() -> str:
        text = file.read_text()
        if text == "b":
            replace(file, next(texts))
        return text

    files = Reloaded([file], read)
    replace(file, next(texts))
    assert not files.refresh()
    assert files.value == "a"
    assert files.refresh()
    assert files.value == "c"


def test_a_file_with_the_same_content_and_another_time_is_no_harm(tmp_path: Path) -> None:
    """It is read again, which changes nothing."""
    file = tmp_path / "one"
    file.write_text("a")
    files = reloaded(file)
    os.utime(file, (1, 1))
    assert files.refresh()
    assert files.value == "a"
