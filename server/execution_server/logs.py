"""
What the server's log looks like: one line per event on standard error, as JSON for machines or as text for people.

    log.info("The store is open.", extra={"fields": {"partitions": 16}})

Fields are for ids, counts and durations: never a payload, a result, a checkpoint or a secret. Passwords in URLs are
taken out all the same, because the messages of other libraries may hold them.
"""

import json
import logging
import os
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from .config import Settings

__all__ = ["JsonFormatter", "TextFormatter", "configure"]

_PASSWORD = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)|(?<=password=)[^\s&\"]+")
# What a value holds must neither look like the next line of the log nor reach the terminal as a control.
_CONTROLS = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_VISIBLE = {code: f"\\u{code:04x}" for code in _CONTROLS} | {ord("\n"): "\\n", ord("\t"): "\\t"}


def configure(settings: Settings) -> None:
    """Send every logger's lines to standard error, as ``log_format`` and ``log_level`` say."""
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter() if as_text else JsonFormatter())
    handler.addFilter(_is_no_caller)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(True)
    # gRPC's core writes past all this, thousands of lines for one connection that sends garbage. The variable is read
    # when gRPC is imported; whoever looks for a fault in it sets another value.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, process, message, then the event's own fields."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of *record*."""
        entry: dict[str, object] = {
            "time": _utc(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "process": record.process,
            "message": record.getMessage(),
        }
        for name, value in _fields(record).items():
            entry.setdefault(name, value)
        if trace := _trace(self, record):
            entry["exception"] = trace
        # json itself escapes only ASCII's controls; what is escaped here is valid JSON too.
        return _without_passwords(json.dumps(entry, default=str, ensure_ascii=False).translate(_VISIBLE))


class TextFormatter(logging.Formatter):
    """Time, level, logger and message, then the fields as ``name=value``; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of *record*, or the lines if there is a traceback."""
        fields = "".join(f"  {name}={value}" for name, value in _fields(record).items())
        head = f"{_utc(record)} {record.levelname.lower():8}{record.name}: "
        lines = [head + (record.getMessage() + fields).translate(_VISIBLE)]
        lines += (f"    {line.translate(_VISIBLE)}" for line in _trace(self, record).splitlines())
        return _without_passwords("\n".join(lines))


def _is_no_caller(record: logging.LogRecord) -> bool:
    """
    Whether it is not about what any caller can do at will, and so fill the log.

    grpcio logs, with a traceback, each header that is no UTF-8, with tokens too, and each caller that left at the very
    moment of its answer.
    """
    return not str(record.msg).startswith(("Invalid encoding on", "ExecuteBatchError raised in core"))


def _utc(record: logging.LogRecord) -> str:
    return (
        datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def _fields(record: logging.LogRecord) -> Mapping[str, object]:
    fields = getattr(record, "fields", None)
    return fields if isinstance(fields, Mapping) else {}


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return formatter.formatException(record.exc_info) if record.exc_info else ""


def _without_passwords(text: str) -> str:
    return _PASSWORD.sub("***", text)
