"""What a server must not listen with is said before anything starts; tokens are made; health is asked over TLS."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.certificates import Authority
from tests.process.programs import run
from tests.service import serving

COMMAND = ("-m", "execution_server")
MEMORY = ("--store-url", "memory://")
BEYOND = ("--listen", "0.0.0.0:0")


@pytest.mark.parametrize("command", ["serve", "check"])
@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "10.1.2.3", "server.example"])
def test_plaintext_beyond_loopback_is_refused_with_what_to_do(host: str, command: str) -> None:
    """Payloads and tokens would be readable on the way, and nobody would notice."""
    ended = run(*COMMAND, command, *MEMORY, "--listen", f"{host}:7")

    assert ended.returncode == 2
    assert ended.stderr == (
        f"execution-server: The server would listen on {host}:7 without TLS, so everybody on the way could read and "
        "change what is said; allowed is TLS, with --tls-certificate and --tls-key, or --allow-plaintext on, for where "
        "something else encrypts.\n"
    )


def test_plaintext_beyond_loopback_is_taken_when_it_is_said_to_be_right() -> None:
    """A service mesh encrypts by itself."""
    ended = run(*COMMAND, "check", *MEMORY, *BEYOND, EXECUTION_ALLOW_PLAINTEXT="on")

    assert ended.returncode == 0, ended.stderr
    assert "the server would listen on 0.0.0.0:0" in ended.stdout


def test_with_a_certificate_any_address_is_taken(tmp_path: Path) -> None:
    """It is what the refusal asks for."""
    certificate, key = Authority().issue("server.example").write(tmp_path)
    ended = run(*COMMAND, "check", *MEMORY, *BEYOND, "--tls-certificate", certificate, "--tls-key", key)

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--tls-key", "tls.key"), "Of tls_certificate and tls_key one is given"),
        (("--tls-certificate", "tls.crt"), "Of tls_certificate and tls_key one is given"),
        (("--tls-client-ca", "ca.crt"), "tls_client_ca is given, and there is no tls_certificate"),
        (("--tls-certificate", "no.crt", "--tls-key", "tls.key"), "no.crt cannot be read: No such file"),
        (("--tls-certificate", "tls.crt", "--tls-key", "no.key"), "no.key cannot be read: No such file"),
        (("--tls-certificate", "tls.crt", "--tls-key", "other.key"), "are not a certificate and its key"),
        (("--tls-certificate", "tls.crt", "--tls-key", "secret.key"), "are not a certificate and its key"),
        (("--tls-certificate", "tls.key", "--tls-key", "tls.crt"), "are not a certificate and its key"),
        (
            ("--tls-certificate", "tls.crt", "--tls-key", "tls.key", "--tls-client-ca", "tls.key"),
            "tls.key holds no certificate",
        ),
        (("--tokens-file", "no"), "no cannot be read: No such file"),
        (("--tokens-file", "tls.key"), "tls.key, line 1: "),
    ],
)
def test_files_that_are_of_no_use_are_refused_before_anything_starts(
    options: tuple[str, ...], complaint: str, tmp_path: Path
) -> None:
    """By their names, without a traceback, a question at the terminal or what is in them."""
    pair = Authority().issue("server.example")
    pair.write(tmp_path)
    Authority().issue("server.example").write(tmp_path, "other")
    (tmp_path / "secret.key").write_bytes(_encrypted(pair.key))
    words = [word if word.startswith("--") else str(tmp_path / word) for word in options]

    ended = run(*COMMAND, "serve", "--data-dir", tmp_path / "data", "--listen", "127.0.0.1:0", *words)

    assert (ended.returncode, ended.stdout) == (2, "")
    assert complaint in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "PRIVATE" not in ended.stderr
    assert not (tmp_path / "data").exists()


def _encrypted(key: bytes) -> bytes:
    loaded = serialization.load_pem_private_key(key, None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return loaded.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"secret"))


def test_health_is_asked_over_tls_under_whatever_name(tmp_path: Path) -> None:
    """A probe on the server's machine knows the files, and not the name that others call the server by."""
    authority = Authority()
    certificate, key = authority.issue("*.server.example", "10.1.2.3").write(tmp_path)
    ca = tmp_path / "ca.crt"
    ca.write_bytes(authority.certificate)
    tls = ("--tls-certificate", str(certificate), "--tls-key", str(key))
    with serving(tmp_path / "server", *MEMORY, *tls, "--tls-client-ca", str(ca)) as service:
        encrypted = run(*COMMAND, "health", "--listen", service.address, *tls)
        plain = run(*COMMAND, "health", "--listen", service.address)

    assert (encrypted.returncode, encrypted.stdout) == (0, f"{service.address}: SERVING\n")
    assert plain.returncode == 1
    assert "UNAVAILABLE" in plain.stdout


def test_health_does_not_trust_another_server(tmp_path: Path) -> None:
    """Whoever has taken the port is not the one that was asked about."""
    own, others = (
        Authority().issue("a.example").write(tmp_path),
        Authority().issue("a.example").write(tmp_path, "o"),
    )
    tls = [
        ("--tls-certificate", str(certificate), "--tls-key", str(key)) for certificate, key in (own, others)
    ]
    with serving(tmp_path / "server", *MEMORY, *tls[0]) as service:
        ended = run(*COMMAND, "health", "--listen", service.address, *tls[1])

    assert ended.returncode == 1
    assert "UNAVAILABLE" in ended.stdout


def test_a_token_is_shown_once_with_the_line_for_the_file(tmp_path: Path) -> None:
    """Two lines for a program to read; what they are is told beside them."""
    made = run(*COMMAND, "token", "billing", "reader,producer", "--until", "2999-01-01T00:00:00Z")
    token, line = made.stdout.splitlines()
    assert (made.returncode, len(token)) == (0, 43)
    assert line.startswith("billing reader,producer sha256:")
    assert line.endswith(" 2999-01-01T00:00:00Z")
    assert "--tokens-file" in made.stderr

    (tmp_path / "callers").write_text(f"{line}\n")
    checked = run(*COMMAND, "check", *MEMORY, "--tokens-file", tmp_path / "callers")
    assert checked.returncode == 0, checked.stderr


def test_a_token_that_the_server_would_not_take_is_not_made() -> None:
    """In the same words in which it would be refused."""
    ended = run(*COMMAND, "token", "billing", "boss")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'boss' are no roles; allowed is one or more of reader, producer, worker, admin" in ended.stderr
