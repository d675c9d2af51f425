"""What makes a creation one of a kind, and how the next one of that kind is answered."""

from __future__ import annotations

from croco.execution.v1.execution_pb2 import Execution

from .domain import requests
from .domain.problems import IdempotencyKeyReused, InvalidField
from .store.port import Claim, key_claim, request_claim


def claim_of(idempotency_key: str, request_id: str, request: bytes) -> Claim | None:
    """What makes a creation one of a kind: the creator's key, else the request, else nothing."""
    if idempotency_key:
        return key_claim(idempotency_key)
    return request_claim(request) if request_id else None


def answer_of_holder(holder: Execution, template: Execution, request: bytes) -> tuple[Execution, bool]:
    """The answer where the claim is *holder*'s already."""
    if holder.type != template.type or _canonical(holder) != _canonical(template):
        if template.idempotency_key:
            raise IdempotencyKeyReused(template.idempotency_key, holder.id)
        raise InvalidField("request_id", "names another call already")
    applied = requests.find(holder, request)
    if applied is not None:
        return requests.as_first_answered(holder, applied), applied.revision == 1
    return holder, not template.idempotency_key


def _canonical(execution: Execution) -> bytes:
    """The payload's bytes with every object's keys in order: equal for equal JSON values."""
    return execution.payload.SerializeToString(deterministic=True) if execution.HasField("payload") else b""
