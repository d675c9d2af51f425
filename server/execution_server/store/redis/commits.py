"""A commit as a run of its script: what the store is given for it, and what the answer means."""

from __future__ import annotations

from typing import Any, NamedTuple

from .. import parts
from ..index import moves
from ..port import Committed, Conflict, Part, Stored, Swap
from . import codec
from .keys import Keys
from .scripts import Run, StoreFault
from .wire import Argument


class Commit(NamedTuple):
    """A swap, ready to be made."""

    run: Run
    """Of ``commit.lua``."""
    head: Stored
    """What stands when it is made."""
    head_bytes: bytes
    """The same record as it is stored."""
    part: Part

    def outcome(self, tag: str, rest: list[Any]) -> Committed | Conflict:
        """What the script's answer means."""
        if tag != "OK":
            return conflict(tag, rest)
        match self.part:
            case Part.FULL:
                return Committed(self.head, codec.join_all(rest)[0])
            case Part.BASIC if any(rest):
                return Committed(self.head, codec.join([self.head_bytes, *rest]))
            case _:
                return Committed(self.head, self.head.record)


def prepared(swap: Swap, keys: Keys, publish: str, not_after_ms: int) -> Commit:
    """What makes *swap* happen, told of by the command *publish*. Takes the record apart that it leads to."""
    before, after, part = swap
    put, drop = codec.split(before.record, after)
    version = codec.new_version(after.revision)
    left, entered = moves(before.record, after)
    partition = keys.partition(after.id)
    head = Stored(after, version)
    script_keys = [
        keys.record(after.id, partition),
        keys.due(partition),
        keys.sequence(partition),
        *(keys.index_set(partition, name) for name in (*left, *entered)),
    ]
    arguments: list[Argument] = [
        before.version,
        version,
        not_after_ms,
        after.id,
        _due_change(before, head),
        part.value,
        publish,
        keys.channel(partition),
        codec.notice(after.id, before.record.revision, version, codec.history(put)),
        len(left),
        len(drop),
        *entered.values(),
        *drop,
        *codec.flat(put),
    ]
    return Commit((script_keys, arguments), head, put[codec.HEAD], part)


def conflict(tag: str, rest: list[bytes]) -> Conflict:
    """What a script means that did not do what it was to do, as another version stands."""
    match tag:
        case "MISSING":
            return Conflict(None)
        case "CONFLICT":
            return Conflict(Stored(parts.cut(codec.join([rest[1]]), Part.HEAD), rest[0]))
        case _:
            raise StoreFault(f"a script answered {tag}")


def _due_change(before: Stored, after: Stored) -> Argument:
    if after.due_ms == before.due_ms:
        return "same"
    return "" if after.due_ms is None else after.due_ms
