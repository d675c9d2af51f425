"""The log is one line per event, in UTC, with nothing in it that could be taken for another line or that is secret."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
from execution_server import logs
from execution_server.config import Settings


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def record(message: str, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("execution_server.test", logging.WARNING, __file__, 1, message, None, None)
    made.created = 1_000_000_000.5
    for name, value in more.items():
        setattr(made, name, value)
    return made


def failure() -> object:
    try:
        raise ValueError("redis://user:secret@host\nforged line")
    except ValueError:
        return sys.exc_info()


def test_json_has_the_time_in_utc_and_the_fields_beside_the_message() -> None:
    """Log stores index top-level names."""
    line = logs.JsonFormatter().format(
        record("Slow call.", process=7, fields={"method": "GetExecution", "ms": 1200})
    )

    assert json.loads(line) == {
        "time": "2001-09-09T01:46:40.500Z",
        "level": "warning",
        "logger": "execution_server.test",
        "process": 7,
        "message": "Slow call.",
        "method": "GetExecution",
        "ms": 1200,
    }


def test_json_fields_do_not_replace_what_every_line_has() -> None:
    """A caller who names a field "level" must not silence an alarm."""
    assert (
        json.loads(logs.JsonFormatter().format(record("x", fields={"level": "info"})))["level"] == "warning"
    )


def test_text_has_everything_in_one_line() -> None:
    """For people."""
    line = logs.TextFormatter().format(record("Slow call.", fields={"method": "GetExecution", "ms": 1200}))

    assert line == (
        "2001-09-09T01:46:40.500Z warning execution_server.test: Slow call.  method=GetExecution  ms=1200"
    )


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()])
def test_a_value_cannot_forge_a_line(formatter: logging.Formatter) -> None:
    """An id comes from a caller; whatever it holds, it stays in its line and off the terminal's controls."""
    line = formatter.format(
        record("Refused.", fields={"id": "x\n2001-09-09 error all is lost\r\u2028\x85\x1b[2J"})
    )

    assert len(line.splitlines()) == 1
    assert "\x1b" not in line


@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.TextFormatter()])
def test_a_traceback_is_kept_without_passwords_and_without_line_starts(formatter: logging.Formatter) -> None:
    """The texts of other libraries' exceptions may hold the store's URL."""
    lines = formatter.format(
        record("Failed at redis://:secret@host?password=secret.", exc_info=failure())
    ).splitlines()

    assert "secret" not in "".join(lines)
    assert "redis://***@host" in lines[0]
    assert "ValueError" in "".join(lines)
    assert all(line.startswith("    ") for line in lines[1:])


@pytest.mark.parametrize(
    ("log_format", "on_terminal", "starts_with"),
    [("auto", False, "{"), ("auto", True, "2"), ("json", True, "{"), ("text", False, "2")],
)
def test_the_format_follows_the_setting_and_the_terminal(
    log_format: str,
    on_terminal: bool,
    starts_with: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Machines read the output of services, people that of their terminal."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: on_terminal)
    logs.configure(Settings.load(None, {"EXECUTION_LOG_FORMAT": log_format}))

    logging.getLogger("test").info("Hello.")

    assert capsys.readouterr().err.startswith(starts_with)


def test_the_level_is_kept_and_warnings_become_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """A deprecation in a library is news for the log, not text between JSON objects."""
    logs.configure(Settings.load(None, {"EXECUTION_LOG_LEVEL": "warning"}))

    logging.getLogger("test").info("Too quiet.")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("Old ways.", stacklevel=1)

    (line,) = capsys.readouterr().err.splitlines()
    assert "Old ways." in json.loads(line)["message"]


def test_a_header_that_is_no_text_and_a_caller_that_leaves_are_not_logged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """grpcio would, with the header's value and a traceback: whoever reaches the port could fill the log."""
    logs.configure(Settings.load(None, {}))

    logging.getLogger("grpc._cython.cygrpc").exception("Invalid encoding on %s", b"\xff\xfe")
    logging.getLogger("grpc._cython.cygrpc").exception(
        "ExecuteBatchError raised in core by servicer method [/a/b]"
    )
    logging.getLogger("grpc._cython.cygrpc").error("Another fault.")

    (line,) = capsys.readouterr().err.splitlines()
    assert "Another fault." in line
