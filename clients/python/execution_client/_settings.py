"""How a client connects: its target, its credentials, and the options of its channels."""

import re
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Final

import grpc

from . import _tracing
from ._checked import expect

_SERVICE_CONFIG: Final = resources.files(__package__).joinpath("service_config.json").read_text("utf-8")
"""
Repeats UNAVAILABLE, over about five seconds and within the deadline of the call. Every call may be repeated, except a
claim: those that change something carry a ``request_id``.

CANCELLED is repeated too: with it, a server that stops ends the calls that have arrived but were not taken up yet
(seen with grpcio 1.85 under load). A call that is cancelled on this side is not repeated.
"""

_OPTIONS: Final[tuple[tuple[str, Any], ...]] = (
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.primary_user_agent", "execution-client-python"),
    # A dead connection is noticed after 25 s. ping_timeout_ms is what counts: gRPC 1.85 does not heed the other.
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.ping_timeout_ms", 5_000),
    # A watch sends nothing; without this, gRPC stops its pings after two.
    ("grpc.http2.max_pings_without_data", 0),
    # A larger request would not be repeated; the default is a quarter of what a payload may have.
    ("grpc.per_rpc_retry_buffer_size", 4 * 1024 * 1024),
    # The default waits for up to two minutes before it tries a server again.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
)

_THIS_MACHINE: Final = re.compile(
    r"unix(-abstract)?:.+"
    r"|(dns:(///)?)?localhost(:\d+)?"
    r"|(ipv4:|dns:(///)?)?127\.\d+\.\d+\.\d+(:\d+)?"
    r"|(ipv6:|dns:(///)?)?\[::1\](:\d+)?"
)
"""Targets that never leave this machine. Others may not either, but here it is better to know too few than too many."""

_NO_TARGET: Final = re.compile(r"(https?|grpcs?)://")
"""What people write who take the target for a URL; gRPC would look for a host of that name."""

_TOKEN: Final = re.compile(r"[ -~]+")
"""What a header can hold; of anything else gRPC says no more than that the metadata are invalid."""

_CERTIFICATE: Final = re.compile(rb"-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----")
"""Without it gRPC shakes hands in vain until the deadline of the call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """
    How to encrypt, all in PEM.

    Args:
        root_certificates: whom to trust; None is the roots that gRPC brings along.
        certificate_chain: the client's own certificate, where the server asks for one.
        private_key: its key.
        server_name: the name that the server's certificate must have; None is the target's host.

    Raises:
        TypeError: a certificate is no bytes.
        ValueError: a certificate is no PEM.
    """

    root_certificates: bytes | None = None
    certificate_chain: bytes | None = None
    private_key: bytes | None = field(default=None, repr=False)
    server_name: str | None = None

    def __post_init__(self) -> None:
        self._expect_certificate(self.root_certificates, "root_certificates")
        self._expect_certificate(self.certificate_chain, "certificate_chain")

    @staticmethod
    def _expect_certificate(pem: bytes | None, name: str) -> None:
        if pem is None:
            return
        expect(pem, bytes, name)
        if not _CERTIFICATE.search(pem):
            raise ValueError(f"{name} must be PEM, but there is no -----BEGIN CERTIFICATE----- in it.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client was told; the clients' constructors explain it. Times are in seconds."""

    target: str
    tls: Tls | None
    token: str | None = field(repr=False)
    deadline: float
    watch_silence: float

    def __post_init__(self) -> None:
        expect(self.target, str, "target")
        if self.tls is not None:
            expect(self.tls, Tls, "tls")
        if self.token is not None:
            expect(self.token, str, "token")
        if not self.target or _NO_TARGET.match(self.target):
            raise ValueError(
                f"The target is {self.target!r}; allowed is host:port, such as 127.0.0.1:50051 or "
                "dns:///execution:50051; to encrypt, give tls too."
            )
        if self.deadline <= 0 or self.watch_silence <= 0:
            raise ValueError("deadline and watch_silence must be longer than 0.")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ValueError(
                "The token is empty or has other characters than printable ASCII, such as a line break."
            )
        if self.token is not None and self.tls is None and not self._is_on_this_machine():
            raise ValueError(f"A token would be readable on the way to {self.target}: give tls too.")

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Answer the credentials of the channel; None is a plaintext one."""
        if self.tls is None:
            return None
        channel = grpc.ssl_channel_credentials(
            self.tls.root_certificates, self.tls.private_key, self.tls.certificate_chain
        )
        if self.token is None:
            return channel
        return grpc.composite_channel_credentials(channel, grpc.access_token_call_credentials(self.token))

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Answer what to send with every call. gRPC takes call credentials over TLS only."""
        if self.token is None or self.tls is not None:
            return _tracing.headers()
        return (("authorization", f"Bearer {self.token}"), *_tracing.headers())

    def options(self, *, own_connection: bool) -> tuple[tuple[str, Any], ...]:
        """
        Answer the options of a channel.

        Args:
            own_connection: whether it shares its connections with no other channel of this process, as channels with
                the same target and options do otherwise.
        """
        options = _OPTIONS
        if own_connection:
            options += (("grpc.use_local_subchannel_pool", 1),)
        if self.tls is not None and self.tls.server_name is not None:
            options += (("grpc.ssl_target_name_override", self.tls.server_name),)
        if self._is_on_this_machine():
            # A proxy, which gRPC takes from the environment, would be another machine.
            options += (("grpc.enable_http_proxy", 0),)
        return options

    def _is_on_this_machine(self) -> bool:
        return _THIS_MACHINE.fullmatch(self.target) is not None
