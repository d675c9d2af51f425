"""TLS as gRPC wants it: asked for certificates at every handshake, it is given new ones when their files change."""

from __future__ import annotations

import grpc

from ..certificates import Certificates
from ..reloaded import Reloaded


def credentials(certificates: Reloaded[Certificates]) -> grpc.ServerCredentials:
    """
    What a secure port needs.

    Connections that stand keep the certificate that they began with, until they end after 30 minutes at the latest.
    """

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        return _configuration(certificates.value) if certificates.refresh() else None

    current = certificates.value
    return grpc.dynamic_ssl_server_credentials(
        _configuration(current),
        fetch,  # type: ignore[arg-type]  # its stub forgets None: as before
        require_client_authentication=current.client_ca is not None,
    )


def _configuration(found: Certificates) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(found.key, found.chain)], found.client_ca)
