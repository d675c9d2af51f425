"""
Identity: a UUIDv7 whose last ten bits are the partition.

UUIDv7 (RFC 9562, section 5.7) begins with its creation time in milliseconds, so ids sort by creation. The partition in
the id lets every reader find the record without asking; taken modulo the deployment's partition count, a power of two.
"""

from hashlib import blake2b
from re import compile as regex
from typing import Final

SLICES: Final = 1024
"""What ten bits tell apart: the most partitions that a deployment can have."""

ID_PATTERN: Final = regex(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_id(now_ms: int, random_bits: int, slice_: int) -> str:
    """The id made at *now_ms* from 64 random bits, in *slice_* of 0..1023."""
    rand_a = random_bits >> 52 & 0xFFF
    rand_b = random_bits & (1 << 52) - 1
    value = now_ms << 80 | 0x7 << 76 | rand_a << 64 | 0b10 << 62 | rand_b << 10 | slice_
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def slice_of_text(text: str) -> int:
    """The slice that everything created under this idempotency key or request belongs to."""
    return int.from_bytes(blake2b(text.encode(), digest_size=2).digest(), "big") % SLICES


def partition_of(execution_id: str, partitions: int) -> int:
    """The partition of an id, of *partitions* (a power of two up to 1024)."""
    return int(execution_id[-3:], 16) % SLICES % partitions


def first_id_at(ms: int) -> str:
    """The string before or at every id created at *ms* or later, and after every earlier one."""
    text = f"{ms:012x}"
    return f"{text[:8]}-{text[8:12]}-7"
