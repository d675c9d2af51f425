"""What the service is told of an exception: always something that it takes, or the execution would never end."""

from enum import Enum

import pytest
from execution_client import ExecutionNotFound, Permanent, Retryable
from execution_client._worker.failures import error_of


class Colour(Enum):
    RED = 1


class Coded(Exception):
    def __init__(self, code: object) -> None:
        super().__init__("A sentence.")
        self.code = code


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("E1", "E1"),
        (404, "404"),
        (Colour.RED, "RED"),
        ("", "Coded"),
        (None, "Coded"),
        (lambda: 3, "Coded"),
        ("a\nb", "a?b"),
        ("x" * 300, "x" * 256),
    ],
)
def test_the_code_is_the_exceptions_own_or_its_class(code: object, told: str) -> None:
    """Programs branch on it, and retry policies too."""
    assert error_of(Coded(code)).code == told


def test_a_problem_of_the_service_is_told_by_its_reason() -> None:
    """Its code is one of sixteen; the reason says what it was."""
    assert error_of(ExecutionNotFound("None.", reason="EXECUTION_NOT_FOUND")).code == "EXECUTION_NOT_FOUND"


def test_every_exception_has_a_message() -> None:
    """The service requires one."""
    assert error_of(Unprintable()).message == "Unprintable"
    assert error_of(ValueError()).message == "ValueError"
    assert error_of(ValueError("half \ud83d of a pair")).message == "half ? of a pair"


def test_a_deep_stack_keeps_its_end_and_the_cause() -> None:
    """That is where the error is; the service would cut just that."""

    def dive(depth: int) -> None:
        if depth:
            dive(depth - 1)
        else:
            raise ValueError("deep down")

    def come_back() -> None:
        try:
            dive(500)
        except ValueError as error:
            raise Retryable("Come back.") from error

    with pytest.raises(Retryable) as raised:
        come_back()
    stack = error_of(raised.value).stack
    assert len(stack) < 20_000
    assert 'raise ValueError("deep down")' in stack
    assert "direct cause" in stack
    assert stack.rstrip().endswith("Retryable: Come back.")


def test_a_failure_cannot_be_made_with_what_cannot_be_sent() -> None:
    """It is noticed where it is written."""
    with pytest.raises(ValueError, match="negative"):
        Retryable("Come back.", delay=-1)
    with pytest.raises(TypeError, match="details"):
        Permanent("No.", details={"at": object()})
