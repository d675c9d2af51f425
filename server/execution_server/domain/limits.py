"""
Every limit, once. What is over a limit is refused with the field's path, its size and the limit; nothing is written.

The sum is what binds them: the largest record that the limits allow stays under ``MESSAGE_BYTES``, which is what every
gRPC client takes without being told otherwise, so whatever was accepted can be read back by everybody.
"""

from typing import Final

KIB: Final = 1024
MIB: Final = KIB * KIB
MESSAGE_BYTES: Final = 4 * MIB
PAYLOAD_BYTES: Final = KIB * KIB
"""Of ``payload`` and ``result``, each."""
CHECKPOINT_BYTES: Final = 256 * KIB
CHECKPOINTS_BYTES: Final = 1536 * KIB
"""Of all checkpoints of an execution together, each key counted twice."""
CHECKPOINTS: Final = 100
METADATA_BYTES: Final = 64 * KIB
DETAILS_BYTES: Final = 16 * KIB
NAME_CHARACTERS: Final = 256
"""Of a type, a checkpoint key and an error code."""
IDEMPOTENCY_KEY_BYTES: Final = 512
REQUEST_ID_CHARACTERS: Final = 128
LABELS: Final = 32
LABEL_CHARACTERS: Final = 63
TEXT_BYTES: Final = 4 * KIB
"""Of an error message (cut), a progress message and a cancellation reason (refused)."""
STACK_BYTES: Final = 64 * KIB
"""Of an error's stack (cut)."""
VALUES: Final = 100_000
"""In one JSON value, those inside it counted; of the checkpoints in one request together. They are looked at one by
one, and meanwhile nobody else is served."""
NESTING: Final = 30
"""
Levels of a JSON value. protobuf parsers stop at 100 messages, an object's level takes three (Value, Struct, entry), and
an execution may lie four messages deep in a response, five with room to grow: 5 + 1 + 3 * 30 < 100.
"""
HISTORY_ENTRIES: Final = 100
APPLIED_REQUESTS: Final = 8
"""How many requests an execution remembers to know a repeat by. One caller waits for the answer to one call on an
execution before it makes the next, so a handful of callers may collide and each still finds its own."""
MAX_ATTEMPTS: Final = 1_000_000
DEFAULT_MAX_ATTEMPTS: Final = 3
ADDITIONAL_ATTEMPTS: Final = 1_000
TIMEOUT_MS: Final = 10 * 366 * 24 * 3_600_000
CODES: Final = 20
"""Of a retry policy's codes."""
BACKOFF_COEFFICIENT: Final = 100
DEFAULT_PRIORITY: Final = 5
PRIORITIES: Final = 10
DEFAULT_MAX_CRASHES: Final = 3
MAX_CRASHES: Final = 1_000
LEASE_MS: Final = (1_000, 3_600_000)
DEFAULT_LEASE_MS: Final = 30_000
SLOTS: Final = 10_000
HELD: Final = 1_000
"""Reports or held attempts in one message, and executions in one claim."""
FILTER_TYPES: Final = 20
PAGE_SIZE: Final = 1_000
DEFAULT_PAGE_SIZE: Final = 50
PAGE_BYTES: Final = 3 * KIB * KIB
"""A page stops before its answer would grow past this."""
BATCH_SIZE: Final = 500
BATCH_BYTES: Final = 2 * KIB * KIB
"""Of the executions in the answer to a batch; those that do not fit are cut. The rest is for what is cut and refused: a
refusal tells up to 512 bytes of a key twice, and 500 times 2 KiB is a MiB."""
