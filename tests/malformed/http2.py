"""HTTP/2 as no client speaks it, and what else may come to the port: bytes for a socket, written by hand."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tests.malformed.inputs import PATHS
from tests.rpc.test_wire import create_request, length, value_in_lists

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    range(10)
)
END_STREAM, END_HEADERS, PADDED = 0x1, 0x4, 0x8
CREATE: Final = "/croco.execution.v1.ExecutionService/CreateExecution"
ANSWER_SECONDS: Final = 0.2
"""How long an answer is read, or waited for. What it is does not matter here."""


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", *, claimed: int | None = None) -> bytes:
    """A frame; *claimed*: the length that it says it has."""
    size = len(payload) if claimed is None else claimed
    return struct.pack(">I", size)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(**other: str) -> bytes:
    """A header block of a call, each field written out; *other*: fields to change, _ for -, an empty one left out."""
    fields = {
        ":method": "POST",
        ":scheme": "http",
        ":path": CREATE,
        ":authority": "localhost",
        "content-type": "application/grpc",
        "te": "trailers",
    }
    fields |= {name.replace("_", "-").replace("--", ":"): value for name, value in other.items()}
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in fields.items() if value)


def _text(text: str) -> bytes:
    raw = text.encode("latin-1")
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    return b"\x7f" + length(len(raw) - 127) + raw


def message(body: bytes, *, compressed: int = 0, claimed: int | None = None) -> bytes:
    """A message as gRPC puts it into DATA; *claimed*: the length that it says it has."""
    return bytes([compressed]) + struct.pack(">I", len(body) if claimed is None else claimed) + body


def call(stream: int, block: bytes, *data: bytes) -> bytes:
    """The frames of a call."""
    flags = END_HEADERS | (0 if data else END_STREAM)
    last = len(data) - 1
    return frame(HEADERS, flags, stream, block) + b"".join(
        frame(DATA, END_STREAM if number == last else 0, stream, part) for number, part in enumerate(data)
    )


PROPER: Final = message(create_request(b"\x1a\x01x"))
OPENING: Final = PREFACE + frame(SETTINGS, 0, 0)


class Abuse:
    """Makes what is sent on one connection, by what *dice* says."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._kinds: tuple[Callable[[], bytes], ...] = (
            # No HTTP/2 at all.
            lambda: dice.randbytes(dice.choice((0, 1, 24, 5_000))),
            lambda: b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + dice.randbytes(200),  # TLS
            lambda: PREFACE[: dice.randrange(len(PREFACE))],
            lambda: PREFACE + dice.randbytes(500),
            lambda: OPENING + self._odd_frames(),
            lambda: OPENING + self._odd_calls(),
            lambda: OPENING + call(1, self._odd_headers(), PROPER),
            lambda: OPENING + call(1, headers(), self._odd_message()),
        )

    def next(self) -> bytes:
        """The next one."""
        return self._dice.choice(self._kinds)()

    def _odd_frames(self) -> bytes:
        dice = self._dice
        kind, flags, stream = dice.randrange(256), dice.randrange(256), dice.randrange(9)
        frames: tuple[Callable[[], bytes], ...] = (
            lambda: frame(kind, flags, stream, dice.randbytes(50)),
            lambda: frame(DATA, 0, 1, b"x" * 100, claimed=2**24 - 1),
            lambda: frame(SETTINGS, 0, 0, dice.randbytes(6 * dice.randint(1, 100))),
            lambda: frame(SETTINGS, 0, 0) * 2_000,
            lambda: frame(PING, 0, 0, b"12345678") * 2_000,
            lambda: frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff") * 2,
            lambda: b"".join(frame(PRIORITY, 0, one, bytes(5)) for one in range(1, 2_000, 2)),
        )
        return dice.choice(frames)()

    def _odd_calls(self) -> bytes:
        begun = frame(HEADERS, 0, 1, headers())
        calls: tuple[Callable[[], bytes], ...] = (
            lambda: frame(GOAWAY, 0, 0, bytes(8)) + call(1, headers(), PROPER),
            lambda: frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + headers()),
            lambda: begun + frame(CONTINUATION, 0, 1, _text("x-a") * 50) * 2_000,
            lambda: frame(HEADERS, END_HEADERS | PADDED, 1, b"\xff" + headers()),
            lambda: frame(HEADERS, END_HEADERS, 1, self._dice.randbytes(200)),
            lambda: frame(HEADERS, END_HEADERS, 2, headers()),  # a server's number
            lambda: call(1, headers(), PROPER, PROPER),  # two requests where one belongs
            lambda: call(1, headers(), *(bytes([one]) for one in PROPER)),
            lambda: frame(HEADERS, END_HEADERS, 1, headers()) + frame(DATA, 0, 1, PROPER[:7]),  # and no more
            self._resets,
        )
        return self._dice.choice(calls)()

    def _resets(self) -> bytes:
        """Calls that are taken back at once, which cost their server more than their sender."""
        return b"".join(
            call(one, headers(), PROPER) + frame(RST_STREAM, 0, one, bytes(4)) for one in range(1, 400, 2)
        )

    def _odd_headers(self) -> bytes:
        other = {
            "__method": ("GET", "PUT", ""),
            "__scheme": ("https", "x", ""),
            "__path": (*PATHS, "", "*"),
            "__authority": ("", "a\0b", "x" * 300),
            "content_type": ("", "text/html", "application/grpc+json", "application/grpc-web"),
            "te": ("", "gzip"),
            "grpc_timeout": ("", "1", "0n", "-1S", "99999999H", "1" * 30 + "S", "S", "1.5S", "1X"),
            "grpc_encoding": ("", "gzip", "rot13", "identity,gzip"),
            "authorization": ("", "Bearer", "Bearer " + "x" * 7_000, "\xff\xfe"),
            "grpc_status_details_bin": ("", "!!!"),
            "X_Upper": ("", "1"),
            "connection": ("", "keep-alive"),
        }
        names = self._dice.sample(list(other), self._dice.randint(1, 3))
        return headers(**{name: self._dice.choice(other[name]) for name in names})

    def _odd_message(self) -> bytes:
        body = create_request(b"\x1a\x01x")
        return self._dice.choice(
            (
                *(
                    b"",
                    b"\x00",
                    b"\x00\x00\x00",
                    message(b""),
                    message(body) + b"\x00\x00",
                    message(body, compressed=1),
                ),
                *(message(body, compressed=7), message(body, claimed=2**32 - 1), message(body, claimed=0)),
                *(
                    message(body, claimed=9 * 2**20),
                    message(body[:-3]),
                    message(create_request(value_in_lists(5_000))),
                ),
            )
        )


def send(address: str, data: bytes) -> None:
    """Send *data* on a connection of its own and read what comes, for a moment; the other side may have had enough."""
    host, _, port = address.rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(data)
        connection.settimeout(ANSWER_SECONDS)
        while connection.recv(65_536):
            pass
