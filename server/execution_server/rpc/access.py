"""
Who may call what: one table from a method's exact name to the roles that may call it.

A method without a row may be called by nobody (a test looks for it). A path that is not exactly a method's reaches no
handler, and the health service, which probes ask without credentials, does not come here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import grpc

from ..callers import Caller, Callers, Role
from ..domain.problems import CredentialsInvalid, CredentialsMissing, MethodForbidden
from ..reloaded import Reloaded

Context = grpc.aio.ServicerContext[Any, Any]

HEADER: Final = "authorization"
SCHEME: Final = "bearer"
EVERY_SECONDS: Final = 1.0
NAMES: Final = "x509_subject_alternative_name"
REFLECTION: Final = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"

_EXECUTIONS: Final = "/croco.execution.v1.ExecutionService"
_WORKERS: Final = "/croco.execution.v1.WorkerService"
_ADMIN: Final = frozenset({Role.ADMIN})
_READING: Final = _ADMIN | {Role.READER, Role.PRODUCER}
_PRODUCING: Final = _ADMIN | {Role.PRODUCER}
_WORKING: Final = _ADMIN | {Role.WORKER}

MAY_CALL: Final[Mapping[str, frozenset[Role]]] = {
    f"{_EXECUTIONS}/CreateExecution": _PRODUCING,
    f"{_EXECUTIONS}/GetExecution": _READING | _WORKING,
    f"{_EXECUTIONS}/GetExecutionByIdempotencyKey": _READING,
    f"{_EXECUTIONS}/ListExecutions": _READING,
    f"{_EXECUTIONS}/CountExecutions": _READING,
    f"{_EXECUTIONS}/BatchCreateExecutions": _PRODUCING,
    f"{_EXECUTIONS}/BatchGetExecutions": _READING,
    f"{_EXECUTIONS}/GetServerInfo": _READING | _WORKING,
    f"{_EXECUTIONS}/UpdateExecution": _PRODUCING,
    f"{_EXECUTIONS}/DeleteExecution": _ADMIN,
    f"{_EXECUTIONS}/StartExecution": _WORKING,
    f"{_EXECUTIONS}/CompleteExecution": _WORKING,
    f"{_EXECUTIONS}/FailExecution": _WORKING,
    f"{_EXECUTIONS}/CancelExecution": _PRODUCING,
    f"{_EXECUTIONS}/RetryExecution": _PRODUCING,
    f"{_EXECUTIONS}/TimeOutExecution": _WORKING,
    f"{_EXECUTIONS}/UpdateProgress": _WORKING,
    f"{_EXECUTIONS}/SaveCheckpoint": _WORKING,
    f"{_EXECUTIONS}/WatchExecution": _READING | _WORKING,
    f"{_EXECUTIONS}/WatchExecutions": _READING,
    f"{_EXECUTIONS}/WaitExecution": _READING,
    f"{_WORKERS}/Work": _WORKING,
    f"{_WORKERS}/ClaimExecutions": _WORKING,
    f"{_WORKERS}/Heartbeat": _WORKING,
    f"{_WORKERS}/ReleaseExecution": _WORKING,
    REFLECTION: _ADMIN,
}


class Access:
    """Knows the callers and decides."""

    def __init__(self, callers: Reloaded[Callers]) -> None:
        self._callers = callers

    def admit(self, method: str, context: Context) -> str:
        """
        Let a call of *method*, the exact path, pass; answers the caller's name.

        Raises:
            CredentialsMissing: nothing says who calls.
            CredentialsInvalid: what says so is unknown, has expired, or is there twice.
            MethodForbidden: the caller has none of the roles that may.
        """
        caller = self._caller(context)
        allowed = MAY_CALL.get(method, frozenset())
        if caller.roles.isdisjoint(allowed):
            raise MethodForbidden(method, caller.name, sorted(allowed))
        return caller.name

    async def run_forever(self) -> None:
        """Look every second whether the file of callers has changed."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            self.run_once()

    def run_once(self) -> bool:
        """Read the file again if it has changed; answers whether other callers are known now."""
        return self._callers.refresh()

    def _caller(self, context: Context) -> Caller:
        callers = self._callers.value
        given = [value for key, value in context.invocation_metadata() or () if key == HEADER]
        if given:
            scheme, _, token = str(given[0]).partition(" ")
            is_token = len(given) == 1 and scheme.lower() == SCHEME
            caller = callers.by_token(token.strip()) if is_token else None
        elif names := _names(context) if callers.certificates else ():
            caller = callers.by_certificate(names)
        else:
            raise CredentialsMissing
        if caller is None or not caller.is_valid:
            raise CredentialsInvalid
        return caller


def _names(context: Context) -> list[str]:
    """The names in the certificate that the client has proved to have; none without one."""
    return [name.decode() for name in context.auth_context().get(NAMES, ())]
