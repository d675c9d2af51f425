"""ListExecutions: filters, order, pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

import pytest
from croco.execution.v1 import execution_service_pb2 as api
from croco.execution.v1.execution_pb2 import Execution, ExecutionView
from croco.execution.v1.execution_service_pb2_grpc import ExecutionServiceStub
from execution_server.domain import limits
from execution_server.domain.status import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PENDING,
    RUNNING,
    STATUSES,
)
from google.protobuf.struct_pb2 import Value
from google.protobuf.timestamp_pb2 import Timestamp

from tests.rpc import kinds
from tests.rpc.edges import Edge, check
from tests.rpc.refusals import refused
from tests.rpc.subjects import NOBODY, create, get, in_status
from tests.rpc.values import of_size
from tests.servers import Server

OLDEST_FIRST: Final = "created_at"


def put(field: str) -> kinds.Put:
    return lambda value: {"filter": api.ExecutionFilter(**{field: value})}


FILTER_EDGES: Final = [
    Edge(
        "a status", "filter.statuses[1]", put("statuses")([PENDING, 99]), put("statuses")([PENDING, RUNNING])
    ),
    Edge("a status that is given", "filter.statuses[0]", put("statuses")([0])),
    Edge("20 types", "filter.types", put("types")(["t"] * 21), put("types")(["t"] * 20)),
    *kinds.name("filter.types[1]", lambda type_: put("types")(["t", type_])),
    Edge("an id", "filter.parent_id", put("parent_id")("parent-1"), put("parent_id")(NOBODY)),
    *kinds.timestamp("filter.created_from", put("created_from")),
    *kinds.timestamp("filter.created_before", put("created_before")),
]
EDGES: Final = [
    *FILTER_EDGES,
    Edge("page_size", "page_size", {"page_size": -1}, {"page_size": 0}),
    Edge("page_size over 1000 is taken as 1000", "page_size", {"page_size": -5}, {"page_size": 2**31 - 1}),
    Edge("order_by", "order_by", {"order_by": "updated_at"}, {"order_by": OLDEST_FIRST}),
    Edge("order_by, one order", "order_by", {"order_by": "created_at,id"}, {"order_by": "created_at desc"}),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_each_field_has_its_limit(edge: Edge, stub: ExecutionServiceStub, store: Server) -> None:
    """A filter that is not understood must not be taken for none."""
    check(edge, stub.ListExecutions, api.ListExecutionsRequest(), store)


def pages(stub: ExecutionServiceStub, filter_: dict[str, Any], **fields: Any) -> list[list[Execution]]:
    """All pages."""
    request = api.ListExecutionsRequest(filter=api.ExecutionFilter(**filter_), **fields)
    found = []
    while True:
        response = stub.ListExecutions(request)
        found.append(list(response.executions))
        if not response.next_page_token:
            return found
        request.page_token = response.next_page_token


def ids(found: list[list[Execution]]) -> list[str]:
    return [execution.id for page in found for execution in page]


@pytest.mark.parametrize("page_size", [1, 4, 7, 8, 0])
@pytest.mark.parametrize("order_by", ["", "created_at desc", OLDEST_FIRST])
def test_pages_together_show_each_execution_once_and_in_order(
    page_size: int, order_by: str, stub: ExecutionServiceStub
) -> None:
    """Newest first unless the oldest are asked for; whatever the pages' size, which 7 of 7 must not add one to."""
    type_ = f"pages of {page_size} {order_by}"
    created = [create(stub, type=type_).id for _ in range(7)]

    found = pages(stub, {"types": [type_]}, page_size=page_size, order_by=order_by)

    # Within one millisecond the order of ids is what counts.
    assert ids(found) == sorted(created, reverse=order_by != OLDEST_FIRST)
    assert [len(page) for page in found[:-1]] == [page_size] * (len(found) - 1)
    assert len(found[-1]) > 0


def test_what_is_created_meanwhile_disturbs_no_page(stub: ExecutionServiceStub) -> None:
    """Pages go by id and not by number, so nothing is shown twice and nothing left out."""
    type_ = "created meanwhile"
    before = [create(stub, type=type_).id for _ in range(4)]
    request = api.ListExecutionsRequest(filter=api.ExecutionFilter(types=[type_]), page_size=2)
    first = stub.ListExecutions(request)
    create(stub, type=type_)
    request.page_token = first.next_page_token
    second = stub.ListExecutions(request)
    assert ids([list(first.executions), list(second.executions)]) == sorted(before, reverse=True)


def test_an_empty_list_is_one_page_without_a_token(stub: ExecutionServiceStub) -> None:
    """The end must be told by the token alone."""
    assert pages(stub, {"types": ["nothing is of this type"]}) == [[]]


def test_filters_are_combined_with_and(stub: ExecutionServiceStub) -> None:
    """Those that match all that is given; within one field, any of its values."""
    mail = {status: in_status(stub, status, type="and mail", parent_id=NOBODY).id for status in STATUSES}
    print_ = {status: in_status(stub, status, type="and print").id for status in (PENDING, FAILED)}
    both = ["and mail", "and print"]

    def found(**filter_: Any) -> set[str]:
        return set(ids(pages(stub, filter_)))

    assert found(types=both) == {*mail.values(), *print_.values()}
    assert found(types=both, statuses=[PENDING]) == {mail[PENDING], print_[PENDING]}
    assert found(types=both, statuses=[COMPLETED, FAILED]) == {mail[COMPLETED], mail[FAILED], print_[FAILED]}
    assert found(types=["and mail"], statuses=[CANCELLED]) == {mail[CANCELLED]}
    assert found(types=both, parent_id=NOBODY) == set(mail.values())
    assert found(types=["and print"], parent_id=NOBODY) == set()


def test_times_bound_a_half_open_range(stub: ExecutionServiceStub) -> None:
    """From then on, and earlier than that: two ranges that meet share nothing."""
    type_ = "by time"
    middle = create(stub, type=type_).created_at
    while create(stub, type=type_).created_at == middle:  # until a millisecond has passed
        pass
    everything = set(ids(pages(stub, {"types": [type_]})))

    since = set(ids(pages(stub, {"types": [type_], "created_from": middle})))
    later = Timestamp()
    later.FromMilliseconds(middle.ToMilliseconds() + 1)
    until = set(ids(pages(stub, {"types": [type_], "created_before": later})))
    after = set(ids(pages(stub, {"types": [type_], "created_from": later})))

    assert since == everything
    assert until | after == everything
    assert not until & after
    assert len(after) == 1


def test_lists_leave_out_what_is_large_unless_it_is_asked_for(stub: ExecutionServiceStub) -> None:
    """A page of a thousand payloads is seldom wanted."""
    created = create(stub, type="views", payload=Value(string_value="input"))
    ((basic,),) = pages(stub, {"types": ["views"]})
    ((full,),) = pages(stub, {"types": ["views"]}, view=ExecutionView.EXECUTION_VIEW_FULL)
    assert full == get(stub, created.id)
    assert not basic.HasField("payload")


def test_a_page_stops_before_its_answer_is_too_large_to_be_received(stub: ExecutionServiceStub) -> None:
    """Clients take 4 MiB unless they were told otherwise. Fewer than asked for is no end; the token tells."""
    type_ = "large"
    large = of_size(limits.PAYLOAD_BYTES)
    created = [create(stub, type=type_, payload=large).id for _ in range(7)]

    found = pages(stub, {"types": [type_]}, page_size=1000, view=ExecutionView.EXECUTION_VIEW_FULL)

    assert ids(found) == sorted(created, reverse=True)
    assert [len(page) for page in found] == [2, 2, 2, 1]
    for execution_id in created:
        stub.DeleteExecution(api.DeleteExecutionRequest(id=execution_id))


def test_a_page_of_long_reasons_can_be_received(stub: ExecutionServiceStub) -> None:
    """A reason is told twice, by itself and in the metadata, so what is sent is larger than what is stored."""
    entries = [api.CreateExecutionRequest(type="reasons")] * 300
    batch = api.BatchCreateExecutionsRequest(requests=entries)
    created = [
        outcome.execution.id for _ in range(2) for outcome in stub.BatchCreateExecutions(batch).outcomes
    ]
    reason = "x" * limits.TEXT_BYTES
    calls = [
        stub.CancelExecution.future(api.CancelExecutionRequest(id=execution_id, reason=reason))
        for execution_id in created
    ]
    for call in calls:
        call.result()

    found = pages(stub, {"types": ["reasons"]}, page_size=1000)

    assert ids(found) == sorted(created, reverse=True)
    assert all(one.metadata["cancellationReason"] == reason for page in found for one in page)


def first_token(stub: ExecutionServiceStub, **fields: Any) -> str:
    """The token of a second page."""
    for _ in range(2):
        create(stub, type="tokens")
    filter_ = api.ExecutionFilter(types=["tokens"])
    return stub.ListExecutions(
        api.ListExecutionsRequest(filter=filter_, page_size=1, **fields)
    ).next_page_token


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": {"types": ["tokens", "others"]}},
        {"filter": {"types": ["tokens"], "statuses": [PENDING]}},
        {"filter": {"types": ["tokens"], "parent_id": NOBODY}},
        {"filter": {"types": ["tokens"], "created_from": Timestamp(seconds=1)}},
        {"filter": {"types": ["tokens"]}, "order_by": OLDEST_FIRST},
        {},
    ],
    ids=["types", "statuses", "parent", "time", "order", "no filter"],
)
def test_a_token_holds_for_its_filter_and_order_only(
    asked: dict[str, Any], stub: ExecutionServiceStub
) -> None:
    """With another filter it would silently leave things out."""
    refusal = refused(stub.ListExecutions, api.ListExecutionsRequest(page_token=first_token(stub), **asked))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "INVALID_PAGE_TOKEN")
    assert (refusal.fields, refusal.metadata) == (["page_token"], {"field": "page_token"})


def test_the_page_size_and_the_view_may_change_from_page_to_page(stub: ExecutionServiceStub) -> None:
    """Neither changes what matches."""
    request = api.ListExecutionsRequest(filter=api.ExecutionFilter(types=["tokens"]))
    request.page_token = first_token(stub)
    request.page_size, request.view = 3, ExecutionView.EXECUTION_VIEW_FULL
    assert stub.ListExecutions(request).executions


def spoilt_tokens(token: str) -> list[str]:
    data = urlsafe_b64decode(token)
    return [
        "x",
        "not base64!",
        "주문",
        token[:-4],
        urlsafe_b64encode(data[:8]).decode(),
        urlsafe_b64encode(data[:8] + b"\xff" * 36).decode(),
        urlsafe_b64encode(bytes(8) + data[8:]).decode(),
        urlsafe_b64encode(data + b"0").decode(),
        token + token,
    ]


def test_a_token_that_was_not_made_here_is_refused(stub: ExecutionServiceStub, store: Server) -> None:
    """Whatever it holds, it never becomes part of a command."""
    filter_ = api.ExecutionFilter(types=["tokens"])
    for token in spoilt_tokens(first_token(stub)):
        request = api.ListExecutionsRequest(filter=filter_, page_token=token)
        assert refused(stub.ListExecutions, request).reason == "INVALID_PAGE_TOKEN", token
