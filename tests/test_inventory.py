"""What must be complete says what is missing: calls, their tests, error reasons, settings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from croco.execution.v1 import execution_service_pb2, worker_service_pb2
from croco.execution.v1.error_reason_pb2 import ErrorReason
from execution_server.callers import Role
from execution_server.config_table import SETTINGS
from execution_server.rpc.access import MAY_CALL
from execution_server.rpc.execution_service import ExecutionService
from execution_server.rpc.worker_service import WorkerService
from google.protobuf.descriptor import MethodDescriptor

TESTS: Final = Path(__file__).parent
OPERATIONS: Final = (TESTS.parent / "docs/operations.md").read_text()
SERVICERS: Final = {"ExecutionService": ExecutionService, "WorkerService": WorkerService}
METHODS: Final = [
    method
    for file in (execution_service_pb2, worker_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]
METHOD_NAMES: Final = [method.name for method in METHODS]
REASONS: Final = [
    ErrorReason.Name(number).removeprefix("ERROR_REASON_") for number in ErrorReason.values()[1:]
]


def text_of(*folders: str) -> str:
    """All tests in *folders*."""
    files = [file for folder in folders for file in sorted((TESTS / folder).glob("*.py"))]
    return "\n".join(file.read_text() for file in files)


def rows_of(head: str) -> list[list[str]]:
    """The cells of the table in docs/operations.md whose head begins so."""
    _, _, table = OPERATIONS.partition(f"\n{head}")
    rows = table.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("method", METHODS, ids=METHOD_NAMES)
def test_every_rpc_is_implemented(method: MethodDescriptor) -> None:
    """By a method of its name; an RPC without one keeps the server from starting."""
    assert callable(getattr(SERVICERS[method.containing_service.name], method.name, None))


def test_every_service_has_its_servicer() -> None:
    """Else nothing above would have looked at it."""
    assert {method.containing_service.name for method in METHODS} == set(SERVICERS)


@pytest.mark.parametrize("name", METHOD_NAMES)
def test_every_rpc_is_called_in_a_test_of_the_edge(name: str) -> None:
    """Through a stub, and not only by its name in a table."""
    assert re.search(rf"\b(stub|stubs|workers|executions)(\[\w+\])?\.{name}\b", text_of("rpc")), (
        f"no test in tests/rpc calls {name}"
    )


@pytest.mark.parametrize("reason", REASONS)
def test_every_error_reason_is_seen_in_a_test(reason: str) -> None:
    """A reason that no caller has ever seen may not exist. Its class and its example are looked at in tests/domain."""
    assert f'"{reason}"' in text_of("rpc", "watch"), f"{reason} is not seen"


def test_the_roles_in_the_docs_are_those_of_the_table() -> None:
    """It is where an operator looks up which role a caller needs."""
    documented = {
        (name, role)
        for calls, *cells in rows_of("| calls |")
        for role, cell in zip(Role, cells, strict=True)
        for name in re.findall(r"`(\w+)`", calls)
        if cell == "yes"
    }
    assert documented == {
        (path.rpartition("/")[2], role) for path, roles in MAY_CALL.items() for role in roles
    }


def test_the_settings_in_the_docs_are_those_of_the_table() -> None:
    """In its order and its words. What the supervisor alone sets is none that an operator could."""
    assert rows_of("| flag |") == [
        [
            f"`{setting.flag}`",
            f"`{setting.env}`",
            f"`{setting.default}`" if setting.default else "",
            setting.kind.allowed,
            setting.meaning,
        ]
        for setting in SETTINGS
        if not setting.internal
    ]
