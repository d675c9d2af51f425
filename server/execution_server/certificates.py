"""The files of TLS, read and looked at before they are used: half of a new pair must not replace a whole old one."""

import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from .config import ConfigError, Settings
from .reloaded import Reloaded


class Certificates(NamedTuple):
    """What a server needs for TLS, in PEM."""

    name: str
    """A name that the certificate has, for who asks it under another, as a probe on the server's machine does."""
    chain: bytes
    key: bytes
    client_ca: bytes | None
    """Who issues the certificates of clients, each of which then has to have one."""


def open_certificates(settings: Settings) -> Reloaded[Certificates] | None:
    """The certificates of the settings, None if calls are not encrypted. Raises ConfigError for what is of no use."""
    chain, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if chain is None or key is None:
        return None
    files = [file for file in (chain, key, client_ca) if file is not None]
    return Reloaded(files, lambda: _read(chain, key, client_ca))


def refuse_plaintext(settings: Settings) -> None:
    """Raise ConfigError where calls would be readable on their way, unless that was said to be right."""
    if settings.tls_certificate or settings.listen.is_loopback or settings.allow_plaintext:
        return
    raise ConfigError(
        f"The server would listen on {settings.listen} without TLS, so everybody on the way could read and change what "
        "is said; allowed is TLS, with --tls-certificate and --tls-key, or --allow-plaintext on, for where something "
        "else encrypts."
    )


def _read(chain: Path, key: Path, client_ca: Path | None) -> Certificates:
    content, key_content = _content("tls_certificate", chain), _content("tls_key", key)
    client_ca_content = _content("tls_client_ca", client_ca) if client_ca else None
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # With an empty password, or an encrypted key would have somebody at a terminal asked for one.
        server.load_cert_chain(chain, key, password="")
        name = _name(server, chain)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise ConfigError(
            f"tls_certificate {chain} and tls_key {key} are not a certificate and its key; allowed are two files in "
            "PEM: the server's certificate with those of its issuers, and its key, not encrypted."
        ) from None
    try:
        if client_ca:
            server.load_verify_locations(client_ca)
    except (OSError, ValueError):
        raise ConfigError(
            f"tls_client_ca {client_ca} holds no certificate; allowed is a file in PEM."
        ) from None
    return Certificates(name, content, key_content, client_ca_content)


def _name(server: ssl.SSLContext, chain: Path) -> str:
    """
    The first name in the server's certificate; ``""`` if it has none, or is not valid now.

    Python's ssl reads the certificate of the other side only, so both sides are played here.
    """
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(chain)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking):
        with suppress(ssl.SSLWantReadError, ssl.SSLCertVerificationError):
            side.do_handshake()
    found: Any = (asking.getpeercert() or {}).get("subjectAltName", ())
    return str(found[0][1]).replace("*", "any") if found else ""


def _content(name: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} {file} cannot be read: {error.strerror}.") from None
