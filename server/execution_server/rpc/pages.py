"""Pages: what an answer holds of the records that were found, and tokens of where it ended, bound to what was asked."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

from croco.execution.v1.execution_pb2 import Execution
from croco.execution.v1.execution_service_pb2 import ExecutionFilter, ListExecutionsResponse
from google.protobuf.timestamp_pb2 import Timestamp

from ..domain.ids import ID_PATTERN
from ..domain.limits import PAGE_BYTES
from ..domain.problems import InvalidPageToken
from ..domain.status import STATUSES
from ..store.port import Query
from .views import present

MARK_BYTES: Final = 8
LATEST_MS: Final = (1 << 48) - 1
"""The last moment that an id can tell."""


def query_of(filter_: ExecutionFilter, order_by: str = "") -> Query:
    """The store's query for a request's filter and order."""
    return Query(
        statuses=tuple(dict.fromkeys(filter_.statuses)) or STATUSES,
        types=tuple(dict.fromkeys(filter_.types)),
        parent_id=filter_.parent_id,
        created_from_ms=_milliseconds(filter_, "created_from"),
        created_before_ms=_milliseconds(filter_, "created_before"),
        newest_first=order_by in ("", "created_at desc"),
    )


def fill(response: ListExecutionsResponse, records: Sequence[Execution], last_id: str) -> str:
    """
    Put *records* into *response*, as many as it holds and one at least; answers the id to go on after.

    What a store has read is not what is sent, see ``present``: a reason for cancellation doubles.

    Args:
        last_id: the id to go on after if all are put in.
    """
    size = 0
    for number, record in enumerate(records):
        into = response.executions.add()
        present(record, into)
        size += into.ByteSize()
        if number and size > PAGE_BYTES:
            del response.executions[number]
            return response.executions[number - 1].id
    return last_id


def token(query: Query, after_id: str) -> str:
    """The token that goes on after *after_id*; ``""`` for none."""
    return urlsafe_b64encode(_mark(query) + after_id.encode()).decode() if after_id else ""


def after_id(query: Query, page_token: str) -> str:
    """Where the page of *page_token* begins; ``""`` for the first. Raises InvalidPageToken."""
    if not page_token:
        return ""
    try:
        last = urlsafe_b64decode(page_token.encode())[MARK_BYTES:].decode()
    except ValueError:
        raise InvalidPageToken from None
    # Made again and compared: base64 has many spellings of the same bytes.
    if not ID_PATTERN.fullmatch(last) or page_token != token(query, last):
        raise InvalidPageToken
    return last


def _mark(query: Query) -> bytes:
    return blake2b(repr(query).encode(), digest_size=MARK_BYTES).digest()


def _milliseconds(filter_: ExecutionFilter, field: str) -> int | None:
    """The bound rounded up, since creation times are whole milliseconds; within what an id can tell."""
    if not filter_.HasField(field):
        return None
    bound: Timestamp = getattr(filter_, field)
    return min(max(0, bound.seconds * 1000 - -bound.nanos // 1_000_000), LATEST_MS)
