"""Settings come from one table; a bad value is refused in a sentence that names it."""

import dataclasses
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

import pytest
from execution_server.config import SETTINGS, Address, ConfigError, Setting, Settings, without_secrets

BAD_VALUES = {
    "store_url": "http://somewhere",
    "store_url_file": "a\0b",
    "durability": "eternal",
    "replicas": "0",
    "require_store_url": "maybe",
    "data_dir": "a\0b",
    "appendfsync": "no",
    "partitions": "48",
    "key_prefix": "{braces}",
    "listen": "50051",
    "allow_plaintext": "perhaps",
    "tls_certificate": "a\0b",
    "tls_key": "a\0b",
    "tls_client_ca": "a\0b",
    "tokens_file": "a\0b",
    "metrics_listen": "9464",
    "tracing": "some",
    "workers": "0",
    "reflection": "sometimes",
    "default_deadline": "10",
    "max_deadline": "31s",
    "max_inflight": "many",
    "max_inflight_per_connection": "0",
    "max_inflight_bytes": "1 GiB",
    "max_watches": "-1",
    "max_watches_per_connection": "1.5",
    "max_work_streams": "0",
    "max_work_streams_per_connection": "none",
    "max_streams_per_connection": "99",
    "max_checkpoints": "2001",
    "retention": "for ever",
    "failed_retention": "7",
    "drain_delay": "-1s",
    "drain_grace": "2 fortnights",
    "slow_call": "0.5ms",
    "log_format": "xml",
    "log_level": "loud",
    "ready_file": "a\0b",
    "reuse_port": "2",
    "parent_pid": "init",
}


def test_the_table_and_the_settings_have_the_same_names() -> None:
    """A row without a field would be read and dropped, a field without a row could not be set."""
    assert [setting.name for setting in SETTINGS] == [field.name for field in dataclasses.fields(Settings)]


def test_the_defaults_are_what_the_table_says() -> None:
    """And they can be loaded without any environment."""
    settings = Settings.load(None, {})

    assert settings.listen == Address("127.0.0.1", 50051)
    assert (settings.workers, settings.partitions, settings.key_prefix) == (1, 16, "execution")
    assert settings.default_deadline == timedelta(seconds=10)
    assert settings.max_deadline == timedelta(seconds=30)
    assert settings.store_url == ""
    assert settings.ready_file is None


def test_every_setting_has_a_bad_value_here() -> None:
    """So that a new setting's refusal is tested the day it is born."""
    assert list(BAD_VALUES) == [setting.name for setting in SETTINGS]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_bad_value_is_refused_by_the_name_it_came_under(setting: Setting) -> None:
    """The operator must not have to guess which of two dozen variables is meant."""
    bad = BAD_VALUES[setting.name]

    with pytest.raises(ConfigError) as in_environment:
        Settings.load(None, {setting.env: bad})
    with pytest.raises(ConfigError) as in_flag:
        Settings.load(Namespace(**{setting.name: bad}), {})

    for source, caught in ((setting.env, in_environment), (setting.flag, in_flag)):
        assert str(caught.value).startswith(f"{source} ")
        assert str(caught.value).endswith(f"; allowed is {setting.kind.allowed}.")


def test_a_flag_wins_over_the_environment() -> None:
    """What was typed for this run counts."""
    assert Settings.load(Namespace(workers="2"), {"EXECUTION_WORKERS": "3"}).workers == 2


def test_an_empty_variable_is_none() -> None:
    """Compose files and charts set variables to nothing when the user gave nothing."""
    assert Settings.load(None, {"EXECUTION_WORKERS": ""}).workers == 1


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0", timedelta()),
        ("0s", timedelta()),
        ("1500ms", timedelta(seconds=1.5)),
        ("1.5s", timedelta(seconds=1.5)),
        ("2m", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
    ],
)
def test_durations_are_read_with_their_unit(text: str, meant: timedelta) -> None:
    """A bare number would be seconds to one reader and milliseconds to the next."""
    assert Settings.load(None, {"EXECUTION_DRAIN_GRACE": text}).drain_grace == meant


@pytest.mark.parametrize(
    ("listen", "is_loopback"),
    [
        ("127.0.0.1:1", True),
        ("127.8.8.8:1", True),
        ("localhost:1", True),
        ("[::1]:1", True),
        ("0.0.0.0:1", False),
        ("[::]:1", False),
        ("10.1.2.3:1", False),
        ("server.example:1", False),
    ],
)
def test_what_only_this_machine_can_reach_is_reflected_and_drained_at_once(
    listen: str, is_loopback: bool
) -> None:
    """Behind a load balancer the server must wait for it to notice, and not describe itself to strangers."""
    settings = Settings.load(None, {"EXECUTION_LISTEN": listen})

    assert str(settings.listen) == listen
    assert settings.reflection is is_loopback
    assert settings.drain_delay == timedelta(seconds=0 if is_loopback else 5)


def test_what_follows_from_listen_can_be_set() -> None:
    """The defaults are a guess about the network."""
    chosen = {"EXECUTION_LISTEN": "0.0.0.0:1", "EXECUTION_REFLECTION": "on", "EXECUTION_DRAIN_DELAY": "0"}
    settings = Settings.load(None, chosen)

    assert settings.reflection
    assert not settings.drain_delay


@pytest.mark.parametrize(
    "listen", ["", ":1", "host", "host:", "host:65536", "host:-1", "::1:50051", "[::1", "a b:1"]
)
def test_an_address_that_cannot_be_meant_is_refused(listen: str) -> None:
    """An IPv6 address without brackets, for one, has its last group taken for the port."""
    with pytest.raises(ConfigError, match="--listen is"):
        Settings.load(Namespace(listen=listen), {})


def test_the_default_deadline_never_exceeds_the_longest() -> None:
    """Whoever lowers the one need not know of the other."""
    assert Settings.load(None, {"EXECUTION_MAX_DEADLINE": "2s"}).default_deadline == timedelta(seconds=2)


def test_the_data_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    """It must not depend on where the server is started."""
    monkeypatch.setenv("HOME", "/home/somebody")

    assert Settings.load(None, {}).data_dir == Path("/home/somebody/.local/share/execution-server")
    assert Settings.load(None, {"XDG_DATA_HOME": "/data"}).data_dir == Path("/data/execution-server")
    ignored = Settings.load(None, {"XDG_DATA_HOME": "relative"})
    assert ignored.data_dir == Path("/home/somebody/.local/share/execution-server")
    assert Settings.load(Namespace(data_dir="here"), {}).data_dir == Path.cwd() / "here"


def test_settings_pass_through_the_environment_unchanged(tmp_path: Path) -> None:
    """This is how workers get them."""
    file = tmp_path / "url"
    file.write_text("redis://:p4ssw0rd@host/1\n")
    chosen = {
        "EXECUTION_STORE_URL_FILE": str(file),
        "EXECUTION_LISTEN": "[::]:0",
        "EXECUTION_SLOW_CALL": "250ms",
        "EXECUTION_READY_FILE": str(tmp_path / "ready"),
        "EXECUTION_LOG_LEVEL": "debug",
        "EXECUTION_PARENT_PID": "12",
    }
    settings = Settings.load(None, chosen)

    passed_on = Settings.load(None, settings.to_environ())

    assert passed_on == dataclasses.replace(settings, store_url_file=None)
    assert passed_on.store_url == "redis://:p4ssw0rd@host/1"


def test_secrets_are_shown_nowhere(tmp_path: Path) -> None:
    """Settings are printed in logs and tracebacks, flags in the list of processes."""
    url = "redis://user:p4ssw0rd@host:6379/1?password=p4ssw0rd"
    file = tmp_path / "url"
    file.write_text("nonsense://user:p4ssw0rd@host")

    assert "p4ssw0rd" not in repr(Settings.load(None, {"EXECUTION_STORE_URL": url}))
    assert without_secrets(url) == "redis://host:6379/1"
    with pytest.raises(ConfigError, match="--store-url holds a password") as caught:
        Settings.load(Namespace(store_url="redis://:p4ssw0rd@host"), {})
    assert "p4ssw0rd" not in str(caught.value)
    for wrong in (
        {"EXECUTION_STORE_URL": "redis://:p4ssw0rd@host:port"},
        {"EXECUTION_STORE_URL_FILE": str(file)},
    ):
        with pytest.raises(ConfigError) as caught:
            Settings.load(None, wrong)
        assert "p4ssw0rd" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "redis://user@host:1/0",
        "rediss://host:1?ssl_cert_reqs=required",
        "redis+cluster://host:1,other:2",
        "rediss+cluster://user@host",
        "redis+sentinel://host:1,[::1]:2/main",
        "rediss+sentinel://host/main/1?ssl_check_hostname=false",
    ],
)
def test_a_url_without_a_password_may_be_a_flag(url: str) -> None:
    """It says no more than the list of connections does."""
    assert Settings.load(Namespace(store_url=url), {}).store_url == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://host:1,other:2",
        "redis+cluster://host:1,other:port",
        "redis+cluster://host/1",
        "redis+sentinel://host:1",
        "redis+sentinel://host:1/",
        "redis+sentinel://host:1/main/first",
        "unix+cluster:///path",
        "memory+sentinel://",
    ],
)
def test_a_url_that_leads_nowhere_is_refused(url: str) -> None:
    """What only a cluster has is no part of a server's URL, and sentinels must be told what to look for."""
    with pytest.raises(ConfigError, match="allowed is redis://host:port/db"):
        Settings.load(Namespace(store_url=url), {})


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"EXECUTION_REQUIRE_STORE_URL": "1"}, "require_store_url is on"),
        ({"EXECUTION_WORKERS": "2", "EXECUTION_STORE_URL": "memory://"}, "memory://, which cannot be shared"),
        ({"EXECUTION_DURABILITY": "local", "EXECUTION_STORE_URL": "memory://"}, "which loses everything"),
        ({"EXECUTION_STORE_URL": "redis://host", "EXECUTION_STORE_URL_FILE": "/x"}, "both given"),
        ({"EXECUTION_STORE_URL_FILE": "/dev/null"}, "store_url_file /dev/null holds no store URL"),
        ({"EXECUTION_STORE_URL_FILE": "/no/file"}, "store_url_file /no/file cannot be read: No such file"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(chosen: dict[str, str], complaint: str) -> None:
    """Guessing which one was meant could lose data."""
    with pytest.raises(ConfigError, match=complaint):
        Settings.load(None, chosen)


def test_streams_per_connection_are_more_than_any_class_of_call_may_have() -> None:
    """Else one too many would wait at the client in silence, where it should be refused with a reason."""
    flags = Namespace(max_watches_per_connection="9000")
    assert Settings.load(flags, {}).max_streams_per_connection > 9_000
    assert Settings.load(None, {}).max_streams_per_connection > 1_024
    assert Settings.load(Namespace(max_streams_per_connection="128"), {}).max_streams_per_connection == 128


def test_metrics_of_many_workers_need_room_for_their_ports() -> None:
    """The last of them would listen on no port at all."""
    flags = Namespace(metrics_listen="127.0.0.1:65535", workers="2", store_url="redis://host")
    with pytest.raises(ConfigError, match="would listen above port 65535"):
        Settings.load(flags, {})
