"""Ask a running server how it is, as a load balancer would."""

from datetime import timedelta

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from ..certificates import Certificates


def ask_health(
    address: str, *, service: str, patience: timedelta, certificates: Certificates | None = None
) -> str:
    """
    The status of *service* (``""``: the server as a whole) as grpc.health.v1 names it, such as ``SERVING``.

    If there is no answer within *patience*, the gRPC status code and the reason instead.

    Args:
        certificates: the server's own, if it encrypts: they are trusted, and shown where it asks for some.
    """
    with _channel(address, certificates) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=HealthCheckRequest.SerializeToString,
            response_deserializer=HealthCheckResponse.FromString,
        )
        try:
            answer = check(HealthCheckRequest(service=service), timeout=patience.total_seconds())
        except grpc.RpcError as error:
            return f"{error.code().name}: {error.details()}"
    return HealthCheckResponse.ServingStatus.Name(answer.status)


def _channel(address: str, certificates: Certificates | None) -> grpc.Channel:
    # A proxy of the environment must not be asked about a server on this machine.
    direct = ("grpc.enable_http_proxy", 0)
    if certificates is None:
        return grpc.insecure_channel(address, [direct])
    credentials = grpc.ssl_channel_credentials(certificates.chain, certificates.key, certificates.chain)
    named = ("grpc.ssl_target_name_override", certificates.name)
    return grpc.secure_channel(address, credentials, [direct, named])
