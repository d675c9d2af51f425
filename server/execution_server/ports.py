"""
The port, before gRPC has it: refuse one that is taken, and keep one for worker processes that share it.

gRPC says only that it could not bind, and with SO_REUSEPORT two servers of one user would share a port by accident.
"""

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .config import Address, StartError


class PortRefused(StartError):
    """The address cannot be listened on. The message says why."""


def refuse_busy(address: Address) -> None:
    """
    Make sure that nobody listens on *address* yet.

    Raises:
        PortRefused: somebody does, or it is no address of this machine.
    """
    with ExitStack() as sockets:
        _bind(sockets, address, shared=False)


@contextmanager
def reserved(address: Address) -> Iterator[Address]:
    """
    Keep *address* from other programs, while processes that set SO_REUSEPORT may listen on it.

    Yields:
        The address with its port, also where any free port was asked for.

    Raises:
        PortRefused: somebody listens on it already, it is no address of this machine, or ports cannot be shared here.
    """
    if not hasattr(socket, "SO_REUSEPORT"):
        raise PortRefused("Several workers cannot share a port on this system; set --workers 1.")
    refuse_busy(address)
    with ExitStack() as sockets:
        # Never listened on: the kernel hands connections to those sockets of the port that are.
        yield _bind(sockets, address, shared=True)


def _bind(sockets: ExitStack, address: Address, *, shared: bool) -> Address:
    """Bind to every IP address that the host stands for, as gRPC does; one that works is enough for it."""
    try:
        found = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise PortRefused(f"The host {address.host} to listen on is not known: {error.strerror}.") from None
    bound, working, failure = address, 0, ""
    for family, kind, protocol, _, target in found:
        try:
            candidate = sockets.enter_context(socket.socket(family, kind, protocol))
            candidate.setsockopt(
                socket.SOL_SOCKET, socket.SO_REUSEADDR, 1
            )  # or the last run's connections count
            if shared:
                candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            candidate.bind((target[0], bound.port, *target[2:]))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortRefused(
                    f"Port {address.port} is in use on {address.host}: another server listens there. "
                    "Stop that one, or choose another address with --listen."
                ) from None
            failure = os.strerror(error.errno or 0)
        else:
            bound, working = Address(address.host, candidate.getsockname()[1]), working + 1
    if not working:
        raise PortRefused(f"The server cannot listen on {address}: {failure}.")
    return bound
