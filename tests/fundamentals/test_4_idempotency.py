"""Idempotency: the same key never creates a second execution."""

import pytest
from execution_client import ExecutionClient, ExecutionStatus, IdempotencyKeyReused


def test_the_same_key_gives_the_same_execution(client: ExecutionClient) -> None:
    first = client.create("payment", {"amount": 10000}, idempotency_key="order-123-payment")
    second = client.create("payment", {"amount": 10000}, idempotency_key="order-123-payment")

    assert first.id == second.id
    assert (first.created, second.created) == (True, False)


def test_the_key_holds_in_whatever_status_the_execution_is(client: ExecutionClient) -> None:
    first = client.create("payment", {"amount": 500}, idempotency_key="order-124-payment")
    client.start(first.id)
    client.complete(first.id, {"receipt": "r-1"})

    again = client.create("payment", {"amount": 500}, idempotency_key="order-124-payment")

    assert again.id == first.id
    assert again.status == ExecutionStatus.COMPLETED
    assert again.result == {"receipt": "r-1"}
    assert client.get_by_idempotency_key("order-124-payment").id == first.id


def test_the_same_key_for_something_else_is_a_mistake(client: ExecutionClient) -> None:
    first = client.create("payment", {"amount": 10000}, idempotency_key="order-125-payment")

    with pytest.raises(IdempotencyKeyReused) as refused:
        client.create("payment", {"amount": 20000}, idempotency_key="order-125-payment")

    assert refused.value.execution_id == first.id
