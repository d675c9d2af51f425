"""
A record as a hash of fragments, and back.

Each field's value is a serialised fragment of the ``Execution`` message. Concatenated fragments parse as one merged
message (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so reading is a join of bytes, and a change
writes only the fragments that it changed:

    v           the version: revision and a random mark, the one field that is no fragment
    head        what decisions need, see parts.py
    metadata  labels  payload  result  stack (``error.stack``)
    c:KEY       one checkpoint
    hN          one status change: the newest hundred, N their number modulo a hundred
"""

from collections.abc import Iterable, Iterator
from random import getrandbits

from croco.execution.v1.execution_pb2 import Execution, ExecutionError

from ...domain.limits import HISTORY_ENTRIES
from .. import parts
from ..port import Change, Part, Stored

VERSION = "v"
HEAD = "head"
READ = {Part.HEAD: (VERSION, HEAD), Part.BASIC: (VERSION, HEAD, *parts.LABELLED)}
"""The fields to read for a part; FULL reads them all."""


def new_version(revision: int) -> bytes:
    """A version that no other commit can have, for people led by its revision."""
    return b"%d.%012x" % (revision, getrandbits(48))


def split(before: Execution, after: Execution) -> tuple[dict[str, bytes], list[str]]:
    """
    The fields to write and the fields to drop to go from *before* to *after*. Takes *after* apart: its head is left.

    Both may hold the head only, and what *after* adds; an empty *before* makes it a creation.
    """
    put, drop = dict[str, bytes](), list[str]()
    for name, fragment in _changed(before, after):
        if fragment:
            put[name] = fragment
        else:
            drop.append(name)
    parts.cut(after, Part.HEAD)
    put[HEAD] = after.SerializeToString()
    return put, drop


def fresh(after: Execution) -> dict[str, bytes]:
    """
    The fields of a new record, or of a part of one; the BASIC ones first. Takes *after* apart: its head is left.

    What ``split`` makes of it and nothing before it, at a third of the cost: what is new has no result, no checkpoints
    and no error.
    """
    put = {HEAD: b""}
    if after.HasField("metadata"):
        put["metadata"] = _fragment(after, "metadata")
        after.ClearField("metadata")
    if after.labels:
        put["labels"] = _fragment(after, "labels")
        after.ClearField("labels")
    if after.HasField("payload"):
        put["payload"] = _framed(Execution.PAYLOAD_FIELD_NUMBER, after.payload.SerializeToString())
        after.ClearField("payload")
    if after.history:
        for number, entry in enumerate(after.history):
            put[f"h{number}"] = Execution(history=[entry]).SerializeToString()
        after.ClearField("history")
    put[HEAD] = after.SerializeToString()
    return put


def _changed(before: Execution, after: Execution) -> Iterator[tuple[str, bytes]]:
    """Each changed field beside the head with its new fragment, ``b""`` to drop it."""
    for field in parts.changed_labelled(before, after):
        yield field, _fragment(after, field)
    for field in ("payload", "result"):
        if after.HasField(field) and not before.HasField(field):
            yield field, _fragment(after, field)
    if parts.stack_changed(before, after):
        stack = after.error.stack
        yield "stack", Execution(error=ExecutionError(stack=stack)).SerializeToString() if stack else b""
    for key in before.checkpoint_sizes:
        if key not in after.checkpoint_sizes:
            yield f"c:{key}", b""
    for key in after.checkpoints:
        value = after.checkpoints[key]
        if key not in before.checkpoints or before.checkpoints[key] != value:
            one = Execution()
            one.checkpoints[key].CopyFrom(value)
            yield f"c:{key}", one.SerializeToString()
    added = parts.added_history(before.revision, after)
    first = after.status_changes - len(added)
    for number, entry in enumerate(added, first):
        yield f"h{number % HISTORY_ENTRIES}", Execution(history=[entry]).SerializeToString()


def _framed(number: int, data: bytes) -> bytes:
    """
    The fragment that a field holding the message *data* is, written without making a message of it first.

    See https://protobuf.dev/programming-guides/encoding/: the field's number and kind, the length, the bytes.
    """
    written = bytearray()
    for rest in (number << 3 | 2, len(data)):
        while rest > 0x7F:
            written.append(rest & 0x7F | 0x80)
            rest >>= 7
        written.append(rest)
    return bytes(written) + data


def _fragment(execution: Execution, field: str) -> bytes:
    one = Execution()
    if field == "labels":
        one.labels.update(execution.labels)
    elif execution.HasField(field):
        getattr(one, field).CopyFrom(getattr(execution, field))
    return one.SerializeToString()


def read(record: str, part: Part) -> tuple[str, ...]:
    """The command that reads *part* of the hash at the key *record*."""
    return ("HGETALL", record) if part is Part.FULL else ("HMGET", record, *READ[part])


def stored(reply: list[bytes], part: Part) -> Stored | None:
    """What the reply to ``read`` says: the record's *part*, or that there is none."""
    if part is Part.FULL:
        return Stored(*join_all(reply)) if reply else None
    version, *fragments = reply
    return Stored(join(fragments), version) if version else None


def join(fragments: Iterable[bytes | None]) -> Execution:
    """The record that *fragments* make, the head first."""
    record = Execution.FromString(b"".join(fragment for fragment in fragments if fragment))
    if len(record.history) > 1:
        record.history.sort(key=lambda entry: entry.revision)
    return record


def join_all(fields: list[bytes]) -> tuple[Execution, bytes]:
    """The record and its version from all fields and values of the hash in turn."""
    by_name = dict(zip(fields[::2], fields[1::2], strict=True))
    version = by_name.pop(VERSION.encode())
    head = by_name.pop(HEAD.encode())
    return join([head, *by_name.values()]), version


def flat(put: dict[str, bytes]) -> list[str | bytes]:
    """Fields and values in turn, as commands take them."""
    return [argument for pair in put.items() for argument in pair]


def history(put: dict[str, bytes]) -> bytes:
    """The status changes among the fields to write."""
    return b"".join([put[name] for name in put if name[0] == "h" and name != HEAD])


def notice(execution_id: str, before_revision: int, version: bytes, added: bytes = b"") -> bytes:
    """
    What a script publishes behind its sequence number, and before the fragments that it adds.

    Args:
        version: what stands now; ``b""``: nothing, it was deleted.
        added: fragments.
    """
    return b"%s %d %s\n%s" % (execution_id.encode(), before_revision, version, added)


def read_notice(data: bytes) -> tuple[int, Change]:
    """A notice's sequence number, and what it tells."""
    header, _, fragments = data.partition(b"\n")
    sequence, execution_id, before_revision, version = header.split(b" ")
    return int(sequence), Change(execution_id.decode(), int(before_revision), join([fragments]), version)
