"""What the global options say: whom to speak to, how, and in which form to answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from .arguments import to_bytes, to_text
from .output import Output

if TYPE_CHECKING:
    from .._settings import Tls
    from .._sync.client import ExecutionClient

    Client = TypeVar("Client", bound=ExecutionClient)


@dataclass(frozen=True, kw_only=True)
class TlsOptions:
    """How to encrypt; all of it is None or False for plain text."""

    wanted: bool
    ca: Path | None
    client_cert: Path | None
    client_key: Path | None
    server_name: str | None

    def tls(self) -> Tls | None:
        """Read the files; None if nothing asks for TLS."""
        from .._settings import Tls

        files = (self.ca, self.client_cert, self.client_key)
        if not (self.wanted or self.server_name or any(files)):
            return None
        if (self.client_cert is None) != (self.client_key is None):
            raise typer.BadParameter("--tls-client-cert and --tls-client-key belong together.")
        roots, chain, key = map(to_bytes, files)
        try:
            return Tls(
                root_certificates=roots,
                certificate_chain=chain,
                private_key=key,
                server_name=self.server_name,
            )
        except ValueError as error:
            raise typer.BadParameter(f"{error} It is read from --tls-ca or --tls-client-cert.") from None


@dataclass(frozen=True, kw_only=True)
class Session:
    """One run of the command. ``of`` finds it in every command."""

    target: str
    token: str | None
    token_file: Path | None
    tls: TlsOptions
    deadline: timedelta
    json: bool

    @staticmethod
    def of(context: typer.Context) -> Session:
        """Answer the session of the command that is being run."""
        session = context.obj
        assert isinstance(session, Session)
        return session

    @cached_property
    def output(self) -> Output:
        """Where answers go."""
        return Output(json=self.json)

    def client(self) -> ExecutionClient:
        """Make a client. It connects with its first call."""
        from .._sync.client import ExecutionClient

        return self.client_of(ExecutionClient)

    def client_of(self, kind: type[Client]) -> Client:
        """Make a client of a class of its own."""
        token = to_text(self.token_file).strip() if self.token_file else self.token
        return kind(self.target, tls=self.tls.tls(), token=token or None, deadline=self.deadline)
