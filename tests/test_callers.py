"""The file of callers: what a line says, and how one that is of no use is refused."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path
from typing import Final

import pytest
from execution_server.callers import Callers, Role, new_token, open_callers
from execution_server.config import ConfigError, Settings

OPERATIONS: Final = Path(__file__).parent.parent / "docs/operations.md"
DIGEST: Final = "0" * 64


def callers_of(text: str, folder: Path) -> Callers:
    """What the file says."""
    file = folder / "callers"
    file.write_text(text)
    opened = open_callers(Settings.load(Namespace(tokens_file=str(file)), {}))
    assert opened is not None
    return opened.value


def refusal(text: str, folder: Path) -> str:
    """Why the file is refused, without its name."""
    with pytest.raises(ConfigError) as refused:
        callers_of(text, folder)
    beginning = f"tokens_file {folder}/callers"
    assert str(refused.value).startswith(beginning)
    return str(refused.value).removeprefix(beginning)


def test_without_a_file_everybody_may_call() -> None:
    """As on a developer's machine."""
    assert open_callers(Settings.load(None, {})) is None


def test_a_caller_is_known_by_his_token_or_his_certificate(tmp_path: Path) -> None:
    """The file holds no token, so who reads it can call nothing."""
    token, line = new_token("billing", "producer,worker", "2999-01-01T00:00:00+01:00")
    assert token not in line
    text = f"# who  roles\n\n{line} # the first\n  runner\tworker  certificate:spiffe://prod/runner\n"

    callers = callers_of(text, tmp_path)

    billing = callers.by_token(token)
    assert billing is callers.by_token(token), "also when it has been seen before"
    assert billing is not None
    assert (billing.name, set(billing.roles)) == ("billing", {Role.PRODUCER, Role.WORKER})
    assert billing.is_valid
    runner = callers.by_certificate(["runner.example", "spiffe://prod/runner"])
    assert runner is not None
    assert (runner.name, set(runner.roles), runner.is_valid) == ("runner", {Role.WORKER}, True)
    assert callers.by_token(f"{token}x") is callers.by_certificate(["runner.example"]) is None


def test_several_tokens_of_one_name_are_valid_together(tmp_path: Path) -> None:
    """Else no token could be replaced without a gap."""
    tokens, lines = zip(*(new_token("billing", "reader") for _ in range(3)), strict=True)
    callers = callers_of("\n".join(lines), tmp_path)
    found = [callers.by_token(token) for token in tokens]
    assert [caller.name for caller in found if caller] == ["billing"] * 3


def test_a_credential_ends_when_its_line_says(tmp_path: Path) -> None:
    """Without anybody having to think of removing it."""
    token, line = new_token("billing", "reader")
    caller = callers_of(f"{line} 2001-01-01T00:00:00Z", tmp_path).by_token(token)
    assert caller is not None
    assert not caller.is_valid


def test_no_two_tokens_are_alike() -> None:
    """They are random, of 256 bits: nobody guesses one, and none can be found from its digest."""
    tokens = {new_token("a", "reader")[0] for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {43}


def test_the_example_in_the_docs_is_a_file_of_callers(tmp_path: Path) -> None:
    """It is copied by whoever begins one."""
    (example,) = re.findall(r"^    # caller .*\n((?:    .+\n)+)", OPERATIONS.read_text(), re.MULTILINE)
    callers = callers_of(example, tmp_path)
    assert [caller.name for caller in callers.tokens.values()] == ["billing", "billing"]
    assert callers.by_certificate(["spiffe://prod/runner"])


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("billing", "has 1 words; allowed is: name, roles, credential, and until if it ends"),
        (f"a reader sha256:{DIGEST} 2999-01-01T00:00:00Z more", "has 5 words; allowed is"),
        (f"server reader sha256:{DIGEST}", "'server' can be no caller's name"),
        (f"{'x' * 65} reader sha256:{DIGEST}", "can be no caller's name"),
        (f"a\x1b[1m reader sha256:{DIGEST}", "can be no caller's name"),
        (
            f"a owner sha256:{DIGEST}",
            "'owner' are no roles; allowed is one or more of reader, producer, worker, admin",
        ),
        (f"a reader, sha256:{DIGEST}", "'reader,' are no roles"),
        ("a reader sha256:123", "has no credential; allowed is sha256: and 64 hexadecimal digits"),
        (f"a reader sha256:{'G' * 64}", "has no credential"),
        ("a reader certificate:", "has no credential"),
        (f"a reader sha256:{DIGEST} tomorrow", "'tomorrow' is no time; allowed is a time with its offset"),
        (f"a reader sha256:{DIGEST} 2027-01-31", "'2027-01-31' is no time"),
        (f"a reader sha256:{DIGEST} 2027-01-31T00:00:00", "is no time"),
        (f"b reader sha256:{DIGEST}", "has the credential of another line"),
    ],
)
def test_a_line_that_is_of_no_use_is_refused_by_its_number(line: str, complaint: str, tmp_path: Path) -> None:
    """A caller who is left out in silence would be noticed when his calls fail."""
    message = refusal(f"first admin sha256:{DIGEST}\n# comment\n{line}\n", tmp_path)
    assert message.startswith(", line 3: ")
    assert complaint in message


def test_a_token_in_place_of_its_digest_is_not_repeated(tmp_path: Path) -> None:
    """It would stand in a log for everybody."""
    token, _ = new_token("a", "reader")
    assert token not in refusal(f"a reader {token}", tmp_path)


@pytest.mark.parametrize("text", ["", "# nobody yet\n"])
def test_a_file_that_names_nobody_is_refused(text: str, tmp_path: Path) -> None:
    """Nobody could call: it is a slip, as an empty secret."""
    assert refusal(text, tmp_path) == " names no caller, so nobody could call; allowed is a line or more."


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Not there, or no text."""
    missing = tmp_path / "missing"
    with pytest.raises(ConfigError) as refused:
        open_callers(Settings.load(Namespace(tokens_file=str(missing)), {}))
    assert str(refused.value) == f"tokens_file {missing} cannot be read: No such file or directory."
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError) as refused:
        open_callers(Settings.load(Namespace(tokens_file=str(tmp_path / "binary")), {}))
    assert "it is not UTF-8 text" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "roles", "until"),
    [("server", "reader", ""), ("a", "boss", ""), ("a b", "reader", ""), ("a", "admin", "1")],
)
def test_no_token_is_made_for_a_line_that_would_be_refused(name: str, roles: str, until: str) -> None:
    """Who made it would find out when the server does not start."""
    with pytest.raises(ConfigError):
        new_token(name, roles, until)


def test_no_token_is_made_that_has_expired_already() -> None:
    """A mistyped year would be found out by the caller, whose token is of no use."""
    with pytest.raises(ConfigError, match=r"2001-01-01T00:00:00Z has passed\."):
        new_token("a", "reader", "2001-01-01T00:00:00Z")
