"""
Servers with one fault each, in what commits and in what decides. Whoever looks for faults must find every one of them.

Each is the program as it is but for one line, in a folder of its own.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import execution_server

from tests.process.programs import environment

LUA: Final = "store/redis/lua"


@dataclass(frozen=True)
class Mutant:
    """
    Attributes:
        breaks: what does not hold any more.
        file: in the package.
        was: text that is there once.
        becomes: what stands there instead.
        found_by: who must find it: see ``Outcome.wrong``.
    """

    breaks: str
    file: str
    was: str
    becomes: str
    found_by: str = "history"


MUTANTS: Final = (
    Mutant(
        "of two commits on one version one wins",
        f"{LUA}/commit.lua",
        "if standing ~= expected then return {'CONFLICT'",
        "if false then return {'CONFLICT'",
    ),
    Mutant("a call that is over never takes effect", f"{LUA}/commit.lua", "> not_after then", "> 1e15 then"),
    Mutant(
        "the index is that of the record",
        f"{LUA}/commit.lua",
        "for i = 4, 3 + leaving do",
        "for i = 5, 3 + leaving do",
        "store",
    ),
    Mutant(
        "what is owed is known",
        f"{LUA}/commit.lua",
        "redis.call('ZREM', due, id)",
        "redis.call('ZSCORE', due, id)",
        "store",
    ),
    Mutant(
        "every type is known",
        f"{LUA}/create.lua",
        "redis.call('ZCARD', types) < most",
        "redis.call('ZCARD', types) < 0",
        "store",
    ),
    Mutant(
        "what was taken away is gone",
        f"{LUA}/commit.lua",
        "if dropping > 0 then",
        "if dropping > 99 then",
    ),
    Mutant(
        "of racing creations with one key one creates",
        f"{LUA}/create.lua",
        "if holder then return",
        "if false then return",
    ),
    Mutant(
        "a deletion takes only what it has seen",
        f"{LUA}/delete.lua",
        "if standing ~= expected then return",
        "if false then return",
        "store",
    ),
    Mutant(
        "a repeated deletion is answered as the first",
        f"{LUA}/delete.lua",
        "redis.call('SET', tombstone, request, 'PX', tombstone_ms)",
        "",
    ),
    Mutant(
        "a deletion frees the key",
        f"{LUA}/delete.lua",
        "redis.call('DEL', claim) end",
        "redis.call('GET', claim) end",
        "store",
    ),
    Mutant(
        "a repeated request takes effect once",
        "changes.py",
        "requests.remember(after, request)\n    return parts",
        "pass\n    return parts",
    ),
    Mutant(
        "a repeated report takes effect once",
        "changes.py",
        "or requests.find(stored.record, request):",
        "or False:",
    ),
    Mutant(
        "a late repeat is answered as the first",
        "domain/requests.py",
        "if applied.revision == execution.revision:",
        "if True:",
    ),
    Mutant(
        "nothing is refused because of what was cached",
        "changes.py",
        "if not fresh and (applied",
        "if False and (applied",
    ),
    Mutant(
        "a stale attempt is refused",
        "domain/requests.py",
        "(attempt != execution.attempts or execution.status != RUNNING)",
        "(execution.status != RUNNING)",
    ),
    Mutant(
        "an expected revision is looked at",
        "domain/requests.py",
        "if expected is not None and execution.revision != expected:",
        "if expected is not None and execution.revision < expected:",
    ),
    Mutant(
        "an attempt is started once",
        "domain/status.py",
        "RUNNING: (COMPLETED,",
        "RUNNING: (RUNNING, COMPLETED,",
    ),
    Mutant(
        "attempts are bounded", "domain/transitions.py", "RUNNING and not attempts_left(execution)", "FAILED"
    ),
    Mutant("what is final stays", "domain/status.py", "COMPLETED: (),", "COMPLETED: (CANCELLED,),"),
    Mutant(
        "no deadline comes early",
        "domain/timers.py",
        "execution.started_at.ToMilliseconds() + execution.timeout.ToMilliseconds()",
        "execution.started_at.ToMilliseconds() + execution.timeout.ToMilliseconds() // 2",
        "record",
    ),
    Mutant(
        "a change of the status is told",
        "domain/record.py",
        "    execution.history.append(entry)",
        "    execution.history.extend([entry][: status != RUNNING or execution.attempts < 2])",
        "watch",
    ),
)

WALL_CLOCK: Final = "int(__import__('time').time() * 1000)"
"""What the process takes for the time of day, in epoch milliseconds."""
WITH_CLOCKS: Final = (
    Mutant(
        "the time is the store's",
        "store/redis/clock.py",
        "return int(time.monotonic() * 1000 + self._offset)",
        f"return {WALL_CLOCK}",
        "record",
    ),
    Mutant(
        "an id has the time of the creation",
        "manager.py",
        "ids.new_id(now_ms,",
        f"ids.new_id({WALL_CLOCK},",
        "record",
    ),
    Mutant(
        "when a call is over is told by the store's clock",
        "store/redis/store.py",
        "def _not_after(self, deadline: float) -> int:\n        return self._clock.now_ms()",
        f"def _not_after(self, deadline: float) -> int:\n        return {WALL_CLOCK}",
    ),
)
"""Those that go by the clock of the process. Where that is right they are, too."""


def environ_of(mutant: Mutant, folder: Path) -> dict[str, str]:
    """Make the mutant in a folder; the environment in which it is the server."""
    package = Path(execution_server.__file__).parent
    copy = folder / package.name
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    changed = copy / mutant.file
    text = changed.read_text()
    assert text.count(mutant.was) == 1, f"{mutant.was!r} is not there once in {mutant.file}"
    changed.write_text(text.replace(mutant.was, mutant.becomes))
    return {"PYTHONPATH": os.pathsep.join([str(folder), environment()["PYTHONPATH"]])}
