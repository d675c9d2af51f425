"""Checks of the kinds of values that requests are made of: each raises a Problem that names the field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from croco.execution.v1.execution_pb2 import ExecutionError, ExecutionView, Progress, RetryPolicy
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from ..domain import limits
from ..domain.ids import ID_PATTERN
from ..domain.problems import InvalidField, PayloadTooLarge
from .json_values import struct, walk

WAIT_SECONDS = 60
CUT_MARK = " … (cut)"


def identity(field: str, given: str) -> None:
    if not given:
        raise InvalidField(field, "is required")
    if not ID_PATTERN.fullmatch(given):
        raise InvalidField(field, "is no execution id: a UUIDv7 in lower case with hyphens")


def batch(field: str, given: int) -> None:
    """The number of entries of a batch."""
    if not given:
        raise InvalidField(field, "is empty")
    if given > limits.BATCH_SIZE:
        raise InvalidField(field, f"has {given} entries; the limit is {limits.BATCH_SIZE}")


def name(field: str, given: str) -> None:
    if not given:
        raise InvalidField(field, "is required")
    if len(given) > limits.NAME_CHARACTERS:
        raise InvalidField(field, f"has {len(given)} characters; the limit is {limits.NAME_CHARACTERS}")
    if not given.isprintable():
        raise InvalidField(field, "has characters that cannot be printed")


def idempotency_key(given: str) -> None:
    if not given:
        raise InvalidField("idempotency_key", "is required")
    size = len(given.encode())
    if size > limits.IDEMPOTENCY_KEY_BYTES:
        raise PayloadTooLarge("idempotency_key", size, limits.IDEMPOTENCY_KEY_BYTES)
    if not given.isprintable():
        raise InvalidField("idempotency_key", "has characters that cannot be printed")


def request_id(given: str) -> None:
    if len(given) > limits.REQUEST_ID_CHARACTERS or not given.isprintable():
        complaint = f"has to be printable, {limits.REQUEST_ID_CHARACTERS} characters at most"
        raise InvalidField("request_id", complaint)


def text(field: str, given: str, limit: int) -> None:
    size = len(given.encode())
    if size > limit:
        raise PayloadTooLarge(field, size, limit)


def within(field: str, given: int, least: int, most: int) -> None:
    if not least <= given <= most:
        raise InvalidField(field, f"is {given}; it has to be {least} to {most}")


def view(given: ExecutionView) -> None:
    if given not in ExecutionView.values():
        raise InvalidField("view", f"is {given}, which is no view")


def labels(field: str, given: Mapping[str, str]) -> None:
    if len(given) > limits.LABELS:
        raise InvalidField(field, f"has {len(given)} entries; the limit is {limits.LABELS}")
    for key, label in given.items():
        path = f"{field}[{key[: limits.LABEL_CHARACTERS]!r}]"
        if not key:
            raise InvalidField(path, "has an empty key")
        for part, what in ((key, "key"), (label, "value")):
            if len(part) > limits.LABEL_CHARACTERS:
                complaint = f"has a {what} of {len(part)} characters; the limit is {limits.LABEL_CHARACTERS}"
                raise InvalidField(path, complaint)
            if not part.isprintable():
                raise InvalidField(path, f"has a {what} that cannot be printed")


def checkpoints(field: str, given: Mapping[str, Value]) -> None:
    if not given:
        return
    size = sum(2 * len(key.encode()) + checkpoint.ByteSize() for key, checkpoint in given.items())
    if size > limits.CHECKPOINTS_BYTES:
        raise PayloadTooLarge(field, size, limits.CHECKPOINTS_BYTES)
    left = limits.VALUES
    for key, checkpoint in given.items():
        path = f"{field}[{key[:64]!r}]"
        name(path, key)
        if checkpoint.ByteSize() > limits.CHECKPOINT_BYTES:
            raise PayloadTooLarge(path, checkpoint.ByteSize(), limits.CHECKPOINT_BYTES)
        left -= walk(path, [checkpoint], most=left)


def progress(given: Progress) -> None:
    for field in ("current", "total"):
        number = getattr(given, field)
        if not isfinite(number) or number < 0:
            raise InvalidField(f"progress.{field}", f"is {number}; it has to be finite and at least 0")
    if given.HasField("percent") and not 0 <= given.percent <= 100:
        raise InvalidField("progress.percent", f"is {given.percent}; it has to be 0 to 100")
    text("progress.message", given.message, limits.TEXT_BYTES)


def error(field: str, given: ExecutionError) -> None:
    if not given.message:
        raise InvalidField(f"{field}.message", "is required")
    if given.code:
        name(f"{field}.code", given.code)
    pause(f"{field}.retry_delay", given.retry_delay)
    if given.HasField("details"):
        struct(f"{field}.details", given.details, limits.DETAILS_BYTES)


def kept_error(given: ExecutionError) -> ExecutionError:
    """The error as it is kept: message and stack cut to their limits and marked."""
    kept = ExecutionError()
    kept.CopyFrom(given)
    kept.message = _cut(given.message, limits.TEXT_BYTES)
    kept.stack = _cut(given.stack, limits.STACK_BYTES)
    return kept


def timeout(field: str, given: Duration) -> None:
    duration(field, given)
    if given.nanos % 1_000_000:
        raise InvalidField(field, "is not in whole milliseconds")
    milliseconds = given.ToMilliseconds()
    if not 1 <= milliseconds <= limits.TIMEOUT_MS:
        raise InvalidField(field, f"is {milliseconds} ms; it has to be 1 to {limits.TIMEOUT_MS}")


def pause(field: str, given: Duration) -> None:
    """A time to wait, which may be none."""
    duration(field, given)
    if given.ToMilliseconds() > limits.TIMEOUT_MS:
        raise InvalidField(field, f"is {given.ToMilliseconds()} ms; it has to be 0 to {limits.TIMEOUT_MS}")


def retry_policy(field: str, given: RetryPolicy) -> None:
    pause(f"{field}.initial_interval", given.initial_interval)
    pause(f"{field}.maximum_interval", given.maximum_interval)
    if (
        given.HasField("backoff_coefficient")
        and not 1 <= given.backoff_coefficient <= limits.BACKOFF_COEFFICIENT
    ):
        complaint = f"is {given.backoff_coefficient}; it has to be 1 to {limits.BACKOFF_COEFFICIENT}"
        raise InvalidField(f"{field}.backoff_coefficient", complaint)
    if given.HasField("jitter") and not 0 <= given.jitter <= 1:
        raise InvalidField(f"{field}.jitter", f"is {given.jitter}; it has to be 0 to 1")
    if len(given.non_retryable_codes) > limits.CODES:
        complaint = f"has {len(given.non_retryable_codes)} entries; the limit is {limits.CODES}"
        raise InvalidField(f"{field}.non_retryable_codes", complaint)
    for number, code in enumerate(given.non_retryable_codes):
        name(f"{field}.non_retryable_codes[{number}]", code)


def duration(field: str, given: Duration) -> None:
    if not (0 <= given.seconds <= limits.TIMEOUT_MS // 1000 + 1 and 0 <= given.nanos < 1_000_000_000):
        raise InvalidField(field, "is negative, too long or no valid duration")


def timestamp(field: str, given: Timestamp) -> None:
    # The range of RFC 3339, as timestamp.proto defines it.
    if not (-62_135_596_800 <= given.seconds <= 253_402_300_799 and 0 <= given.nanos < 1_000_000_000):
        raise InvalidField(field, "is no valid timestamp")


def _cut(given: str, limit: int) -> str:
    data = given.encode()
    if len(data) <= limit:
        return given
    return data[: limit - len(CUT_MARK.encode())].decode(errors="ignore") + CUT_MARK


def wait_time(field: str, given: Duration) -> None:
    """How long a call may wait on purpose."""
    duration(field, given)
    if given.ToMilliseconds() > WAIT_SECONDS * 1000:
        raise InvalidField(field, f"is longer than {WAIT_SECONDS} s")


def types(field: str, given: Sequence[str]) -> None:
    if not 1 <= len(given) <= limits.FILTER_TYPES:
        raise InvalidField(field, f"has {len(given)} entries; it has to have 1 to {limits.FILTER_TYPES}")
    for number, type_ in enumerate(given):
        name(f"{field}[{number}]", type_)


def lease(field: str, given: Duration) -> None:
    duration(field, given)
    if given.ToMilliseconds():
        within(field, given.ToMilliseconds(), *limits.LEASE_MS)
