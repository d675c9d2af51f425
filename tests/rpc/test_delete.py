"""DeleteExecution."""

from __future__ import annotations

import asyncio

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import ExecutionStatus
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain.status import DELETABLE, RUNNING, STATUSES, status_name
from execution_server.store.contract.samples import soon
from execution_server.store.redis import open_store
from execution_server.store.redis.keys import KNOWN_TYPES

from tests.rpc.refusals import contents, refused, unchanged
from tests.rpc.subjects import NOBODY, create, in_status
from tests.servers import Server


@pytest.mark.parametrize("status", STATUSES, ids=status_name)
def test_what_is_pending_or_at_rest_can_be_deleted_and_what_is_active_with_force_only(
    status: ExecutionStatus, stub: ExecutionServiceStub, store: Server
) -> None:
    """A slip must not take the ground from under a worker's feet."""
    execution = in_status(stub, status)
    request = api.DeleteExecutionRequest(id=execution.id)
    if status not in DELETABLE:
        with unchanged(store):
            refusal = refused(stub.DeleteExecution, request)
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXECUTION_ACTIVE")
        assert refusal.metadata == {"executionId": execution.id, "status": status_name(status)}
        request.force = True

    stub.DeleteExecution(request)

    gone = refused(stub.GetExecution, api.GetExecutionRequest(id=execution.id))
    assert gone.reason == "EXECUTION_NOT_FOUND"


async def count_by_type(store: Server) -> None:
    """What a server does for its metrics."""
    opened = await open_store(store.url)
    await opened.census(KNOWN_TYPES, deadline=soon())
    await opened.close()


def test_nothing_of_it_is_left_but_that_it_was_deleted(stub: ExecutionServiceStub, store: Server) -> None:
    """
    Records, index, claim and deadline are gone; for an hour it is known who did it, to answer a repeat. That there was
    such a type is forgotten when all records are counted by type.
    """
    asyncio.run(count_by_type(store))
    before = contents(store)
    execution = create(stub, type="deleted", idempotency_key="deleted", parent_id=NOBODY)
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id))
    asyncio.run(count_by_type(store))
    added = {
        key: value
        for key, value in contents(store).items()
        if before.get(key) != value and not key.endswith(b":seq")
    }
    ((key, (_, ends)),) = added.items()
    assert key.decode().endswith(f":deleted:{execution.id}")
    assert ends


def test_a_worker_of_a_deleted_execution_is_told(stub: ExecutionServiceStub) -> None:
    """There is nothing any more that its result could be kept in."""
    execution = in_status(stub, RUNNING)
    stub.DeleteExecution(api.DeleteExecutionRequest(id=execution.id, force=True))
    refusal = refused(stub.CompleteExecution, api.CompleteExecutionRequest(id=execution.id, attempt=1))
    assert refusal.reason == "EXECUTION_NOT_FOUND"
