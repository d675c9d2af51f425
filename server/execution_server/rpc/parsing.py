"""From bytes to request messages: what is none goes on all the same, so that its refusal can name a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from ..domain.limits import MESSAGE_BYTES
from ..domain.problems import InvalidField, PayloadTooLarge

UNPARSED: Final = object()
"""Stands for a request that is no message of its type."""


class Oversized(NamedTuple):
    """Stands for a request that is larger than one may be."""

    size: int


class Sized(NamedTuple):
    """A request of a unary call, and how many bytes came."""

    request: Any
    size: int


def check_parsed(request: Any) -> None:
    """Raise InvalidField for what came in place of a message."""
    if isinstance(request, Oversized):
        raise PayloadTooLarge("(request)", request.size, MESSAGE_BYTES)
    if request is UNPARSED:
        raise InvalidField("(request)", "is no message of the method's request type, or is nested too deeply")


def parser(method: MethodDescriptor) -> Callable[[bytes], object]:
    """What reads the requests of *method*; ``check_parsed`` then says whether it could."""
    parse = GetMessageClass(method.input_type).FromString

    def parser(data: bytes) -> object:
        if len(data) > MESSAGE_BYTES:
            return Oversized(len(data))
        try:
            request = parse(data)
        except DecodeError:
            return UNPARSED
        # A field that this version does not know has no limit here, so it is not kept.
        request.DiscardUnknownFields()
        return request

    return parser


def sized(parse: Callable[[bytes], object]) -> Callable[[bytes], Sized]:
    """The same, with the size of what came."""
    return lambda data: Sized(parse(data), len(data))
