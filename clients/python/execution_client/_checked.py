"""Errors that name the argument that cannot be sent. Protobuf's own name neither it nor what is allowed."""

from collections.abc import Callable, Mapping, MutableSequence
from reprlib import repr as short
from typing import Final, ParamSpec, TypeVar, cast

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

_Fields = ParamSpec("_Fields")
_Message = TypeVar("_Message", bound=Message)

_REFUSALS: Final = (TypeError, ValueError)

_ALLOWED: Final = {
    FieldDescriptor.TYPE_STRING: "a Unicode str",
    FieldDescriptor.TYPE_BOOL: "a bool",
    FieldDescriptor.TYPE_INT32: "a 32-bit int",
    FieldDescriptor.TYPE_INT64: "a 64-bit int",
    FieldDescriptor.TYPE_DOUBLE: "a float",
    # The labels: of what is a message on the wire, they alone are not converted before.
    FieldDescriptor.TYPE_MESSAGE: "a dict of str to str",
}


def checked(kind: Callable[_Fields, _Message], where: str = "") -> Callable[_Fields, _Message]:
    """
    Answer what makes messages of a kind as the kind itself does, but names the field that it cannot take.

    Args:
        where: what stands before the name of the field, as in ``requests[3].``.
    """

    def make(*none: _Fields.args, **fields: _Fields.kwargs) -> _Message:
        try:
            return kind(*none, **fields)
        except _REFUSALS:
            for name, value in fields.items():
                _try(cast(type[Message], kind), name, value, where)
            raise

    return make


def expect(value: object, kind: type, name: str) -> None:
    """Refuse a value that is of another type. It is not shown: it may be a secret."""
    if not isinstance(value, kind):
        raise TypeError(f"{name} must be a {kind.__name__}, not {type(value).__name__}.")


def _try(kind: type[Message], name: str, value: object, where: str) -> None:
    try:
        kind(**{name: value})
    except _REFUSALS as refusal:
        type_of_field = kind.DESCRIPTOR.fields_by_name[name].type
        allowed = _ALLOWED[type_of_field]
        if isinstance(getattr(kind(), name), MutableSequence):
            allowed = f"a list, of which each is {allowed}"
        no_dict = type_of_field == FieldDescriptor.TYPE_MESSAGE and not isinstance(value, Mapping)
        error = TypeError if no_dict or isinstance(refusal, TypeError) else ValueError
        raise error(
            f"{where}{name} must be {allowed}, not {short(value)} ({type(value).__name__})."
        ) from None
