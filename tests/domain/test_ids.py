"""Identity: UUIDv7 as RFC 9562 lays it out, in order of creation, with the partition in its last ten bits."""

from uuid import RFC_4122, UUID

import pytest
from execution_server.domain import ids
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.records import CREATED_MS, ID

MOMENTS = st.integers(0, (1 << 48) - 1)
RANDOM = st.integers(0, (1 << 64) - 1)
SLICES = st.integers(0, ids.SLICES - 1)


@given(MOMENTS, RANDOM, SLICES)
def test_an_id_has_the_layout_of_a_uuid_of_version_7(now_ms: int, random_bits: int, slice_: int) -> None:
    """RFC 9562, section 5.7: 48 bits of time, version, 12 random bits, variant, 62 bits of which ten are ours."""
    text = ids.new_id(now_ms, random_bits, slice_)
    uuid = UUID(text)
    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert uuid.int >> 80 == now_ms
    assert uuid.int % 1024 == slice_
    assert str(uuid) == text
    assert ids.ID_PATTERN.fullmatch(text)


@given(MOMENTS, SLICES)
def test_every_random_bit_is_used(now_ms: int, slice_: int) -> None:
    """Bits that were lost would bring two ids of one millisecond and partition nearer to each other."""
    changed = {ids.new_id(now_ms, 1 << bit, slice_) for bit in range(64)} - {ids.new_id(now_ms, 0, slice_)}
    assert len(changed) == 64


@given(st.lists(st.tuples(MOMENTS, RANDOM, SLICES), min_size=2))
def test_ids_sort_by_creation(made: list[tuple[int, int, int]]) -> None:
    """Pages are ranges of ids, and lists are in order of creation only because of this."""
    by_id = sorted(made, key=lambda one: ids.new_id(*one))
    assert [now_ms for now_ms, _, _ in by_id] == sorted(now_ms for now_ms, _, _ in made)


@given(MOMENTS, RANDOM, SLICES)
def test_the_first_id_of_a_moment_bounds_a_range(now_ms: int, random_bits: int, slice_: int) -> None:
    """Filters by time are bounds on ids."""
    bound = ids.first_id_at(now_ms)
    assert bound <= ids.new_id(now_ms, random_bits, slice_)
    assert now_ms == 0 or ids.new_id(now_ms - 1, random_bits, slice_) < bound


@pytest.mark.parametrize("partitions", [1, 2, 16, 1024])
@given(st.data())
def test_a_partition_is_found_in_the_id_alone(partitions: int, data: st.DataObject) -> None:
    """Every reader finds the record without asking, however many partitions the deployment has."""
    slice_ = data.draw(SLICES)
    execution_id = ids.new_id(CREATED_MS, data.draw(RANDOM), slice_)
    assert ids.partition_of(execution_id, partitions) == slice_ % partitions


def test_the_slice_of_a_key_is_the_same_in_every_version() -> None:
    """An idempotency key is looked for where it was put: another hash would lose every key of a running deployment."""
    assert [ids.slice_of_text(key) for key in ("order-123", "", "주문-123")] == [1002, 510, 544]


@given(st.text())
def test_every_text_has_a_slice(text: str) -> None:
    """Keys are free text."""
    assert 0 <= ids.slice_of_text(text) < ids.SLICES


@pytest.mark.parametrize(
    "text",
    [
        "",
        ID.upper(),
        ID.replace("-", ""),
        ID[:-1],
        f"{ID}0",
        f"{ID}\n",
        f"{{{ID}}}",
        ID.replace("-7", "-4", 1),
        ID.replace("-8", "-c", 1),
        "\N{FULLWIDTH DIGIT ZERO}" + ID[1:],
    ],
)
def test_only_the_canonical_form_is_an_id(text: str) -> None:
    """One execution has one name, and none can reach another place in the store."""
    assert not ids.ID_PATTERN.fullmatch(text)
