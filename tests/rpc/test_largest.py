"""The largest record that the limits allow can be read back by a client that knows nothing of limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionError, ExecutionView, Progress
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from google.protobuf.struct_pb2 import Struct, Value

from tests.process.programs import DEADLINE_SECONDS
from tests.rpc.subjects import create, get, start
from tests.rpc.values import WIDEST, nested_struct, of_size, struct_of_size

FULL = ExecutionView.EXECUTION_VIEW_FULL


def checkpoints() -> dict[str, Value]:
    """A hundred, with the longest keys, of 1.5 MiB together; each key counts twice."""
    keys = [f"{number:03}{WIDEST * 253}" for number in range(limits.CHECKPOINTS)]
    left = limits.CHECKPOINTS_BYTES - sum(2 * len(key.encode()) for key in keys)
    share, rest = divmod(left, len(keys))
    return {key: of_size(share + (rest if number == 0 else 0)) for number, key in enumerate(keys)}


@pytest.fixture(scope="module")
def largest(stub: ExecutionServiceStub) -> Iterator[Execution]:
    """Everything that can be in a record, each as large as it may be, with a full history."""
    created = create(
        stub,
        type=WIDEST * 256,
        payload=of_size(limits.PAYLOAD_BYTES),
        max_attempts=1_000,
        idempotency_key=WIDEST * 128,
        metadata=struct_of_size(limits.METADATA_BYTES),
        labels={f"{number:03}{WIDEST * 60}": WIDEST * 63 for number in range(limits.LABELS)},
    )
    failure = ExecutionError(message="No.", retryable=True)
    for _ in range(limits.HISTORY_ENTRIES // 2):
        start(stub, created.id)
        stub.FailExecution(api.FailExecutionRequest(id=created.id, error=failure))
    start(stub, created.id)
    stub.SaveCheckpoint(api.SaveCheckpointRequest(id=created.id, checkpoints=checkpoints()))
    stub.CompleteExecution(
        api.CompleteExecutionRequest(
            id=created.id,
            result=of_size(limits.PAYLOAD_BYTES),
            progress=Progress(current=1e308, total=1e308, message="x" * limits.TEXT_BYTES),
        )
    )
    found = get(stub, created.id)
    assert len(found.history) == limits.HISTORY_ENTRIES
    yield found
    stub.DeleteExecution(api.DeleteExecutionRequest(id=created.id))


def test_it_is_nearly_as_large_as_a_message_may_be(largest: Execution) -> None:
    """Else the tests below would test nothing. An error, which a completed execution has not, would fit in too."""
    error = limits.TEXT_BYTES + limits.STACK_BYTES + limits.DETAILS_BYTES
    assert 0.85 * limits.MESSAGE_BYTES < largest.ByteSize() < limits.MESSAGE_BYTES - error


def test_it_can_be_got_by_its_key(largest: Execution, stub: ExecutionServiceStub) -> None:
    """And by its id, as the fixture has done."""
    request = api.GetExecutionByIdempotencyKeyRequest(idempotency_key=largest.idempotency_key)
    assert stub.GetExecutionByIdempotencyKey(request).execution == largest


def test_it_can_be_listed_in_full(largest: Execution, stub: ExecutionServiceStub) -> None:
    """A page always holds one record at least."""
    filter_ = api.ExecutionFilter(types=[largest.type])
    response = stub.ListExecutions(api.ListExecutionsRequest(filter=filter_, view=FULL))
    assert list(response.executions) == [largest]
    assert not response.next_page_token


def test_it_can_be_watched_in_full(largest: Execution, stub: ExecutionServiceStub) -> None:
    """A message of a watch holds a record and a status change."""
    (snapshot,) = stub.WatchExecution(api.WatchExecutionRequest(id=largest.id, view=FULL))
    assert snapshot.execution == largest
    after = api.WatchExecutionRequest(id=largest.id, view=FULL, after_revision=largest.revision - 1)
    (change,) = stub.WatchExecution(after)
    assert change.execution == largest


def test_it_can_be_waited_for(largest: Execution, stub: ExecutionServiceStub) -> None:
    """In the FULL view, which is this call's own."""
    response = stub.WaitExecution(api.WaitExecutionRequest(id=largest.id), timeout=DEADLINE_SECONDS)
    assert response.execution == largest


def test_a_record_with_a_large_error_can_be_started_and_cancelled(stub: ExecutionServiceStub) -> None:
    """The other way to a large record: no result, but a failure with its stack."""
    created = create(stub, payload=of_size(limits.PAYLOAD_BYTES))
    start(stub, created.id)
    error = ExecutionError(
        message="x" * limits.TEXT_BYTES,
        stack="x" * limits.STACK_BYTES,
        details=struct_of_size(limits.DETAILS_BYTES),
        retryable=True,
    )
    stub.FailExecution(api.FailExecutionRequest(id=created.id, error=error, checkpoints=checkpoints()))
    reason = "x" * limits.TEXT_BYTES
    stub.CancelExecution(api.CancelExecutionRequest(id=created.id, reason=reason))
    found = get(stub, created.id)
    assert found.error == error
    assert found.metadata["cancellationReason"] == reason
    stub.DeleteExecution(api.DeleteExecutionRequest(id=created.id))


def test_the_deepest_values_can_be_read_wherever_they_are(stub: ExecutionServiceStub) -> None:
    """Parsers stop at a hundred messages, and an answer holds a value deeper than its request did."""
    deepest = Value(struct_value=nested_struct(limits.NESTING))
    metadata = Struct(fields={"k": Value(struct_value=nested_struct(limits.NESTING - 1))})
    created = create(stub, type="deepest", payload=deepest, metadata=metadata)
    started = start(stub, created.id)
    assert started.payload == deepest
    details = nested_struct(limits.NESTING)
    stub.FailExecution(
        api.FailExecutionRequest(
            id=created.id,
            error=ExecutionError(message="No.", details=details, retryable=True),
            checkpoints={"k": deepest},
        )
    )
    assert get(stub, created.id).checkpoints["k"] == deepest
    start(stub, created.id)
    stub.CompleteExecution(api.CompleteExecutionRequest(id=created.id, result=deepest))
    found = get(stub, created.id)
    filter_ = api.ExecutionFilter(types=["deepest"])
    (listed,) = stub.ListExecutions(api.ListExecutionsRequest(filter=filter_, view=FULL)).executions
    (watched,) = stub.WatchExecution(api.WatchExecutionRequest(id=created.id, view=FULL))
    assert found == listed == watched.execution
