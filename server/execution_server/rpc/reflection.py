"""The interface described to tools; where callers are known, to admins only."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from grpc_reflection.v1alpha import reflection

from ..domain.problems import Problem
from .access import REFLECTION, Access, Context
from .errors import code_of, message_of, trailers_of

SERVICE_NAME: Final = reflection.SERVICE_NAME


class Reflection:
    """The servicer of grpc-reflection behind the role table."""

    def __init__(self, service_names: Iterable[str], access: Access | None) -> None:
        self._described: Any = reflection.aio.ReflectionServicer(
            service_names
        )  # its types miss the asynchronous half
        self._access = access

    async def ServerReflectionInfo(
        self, requests: AsyncIterator[Any], context: Context
    ) -> AsyncIterator[Any]:
        try:
            if self._access is not None:
                self._access.admit(REFLECTION, context)
        except Problem as problem:
            await context.abort(code_of(problem), message_of(problem), trailers_of(problem))
        async for response in self._described.ServerReflectionInfo(requests, context):
            yield response
