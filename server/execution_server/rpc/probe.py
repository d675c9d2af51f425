"""Ask a running server how it is, as a load balancer would."""

from datetime import timedelta

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse


def ask_health(address: str, *, service: str, patience: timedelta) -> str:
    """
    The status of *service* (``""``: the server as a whole) as grpc.health.v1 names it, such as ``SERVING``.

    If there is no answer within *patience*, the gRPC status code and the reason instead.
    """
    # A proxy of the environment must not be asked about a server on this machine.
    with grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]) as channel:
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
