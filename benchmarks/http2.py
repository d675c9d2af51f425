"""
As much of HTTP/2 as a load client needs: a gRPC call costs it little more than the system calls.

A gRPC library would spend as much on a call as the server does, and then the client is what is measured, or takes the
server's core. This one sends what a gRPC client sends (headers are sent in full once per connection and as one byte
each from then on, as gRPC libraries do) and looks at nothing that comes back but frames and messages. It can also do
what a library would not let it: leave a stream unread for good.

Rejected: a client in C++, which is cheaper still, because then a compiler would be needed to run the benchmarks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Self, cast

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
HEADER_BYTES: Final = 9
FIRST_WINDOW: Final = 65_535
"""What every connection and stream may receive before anybody says otherwise (RFC 9113, section 6.9.2)."""
LARGEST_WINDOW: Final = 2**31 - 1
TOP_UP_BYTES: Final = 2**29
FIRST_DYNAMIC: Final = 62
"""The index of the newest entry of HPACK's dynamic table (RFC 7541, section 2.3.3)."""


class CallFailed(Exception):
    """The server answered without a message. The text is what it sent instead, as it came."""


class Stream:
    """One call: hands each message to *on_message* and tells when no more come."""

    def __init__(self, connection: Connection, number: int, on_message: Callable[[bytes], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.headers = b""
        """The newest block of headers, undecoded: gRPC does not compress the words of a refusal."""
        self._connection, self._number, self._on_message = connection, number, on_message
        self._unread = b""

    def send(self, message: bytes) -> None:
        """Send another message; for streams that were begun with ``more_follow``."""
        self._connection.write(_frame(DATA, 0, self._number, _message(message)))

    def send_no_more(self) -> None:
        """Say that no more messages will be sent."""
        self._connection.write(_frame(DATA, END_STREAM, self._number, b""))

    def read_on(self, count: int) -> None:
        """Let the server send *count* more bytes; for streams with a small window."""
        self._connection.write(_frame(WINDOW_UPDATE, 0, self._number, count.to_bytes(4, "big")))

    def take(self, data: bytes) -> None:
        """Take the payload of a DATA frame in."""
        data = self._unread + data
        while len(data) >= 5 and len(data) >= (end := 5 + int.from_bytes(data[1:5], "big")):
            self._on_message(data[5:end])
            data = data[end:]
        self._unread = data

    def end(self) -> None:
        """No more messages come."""
        if not self.ended.done():
            self.ended.set_result(None)


class Connection(asyncio.Protocol):
    """A connection to a gRPC server without TLS."""

    def __init__(self, authority: str, stream_window: int) -> None:
        self.failure = ""
        """Why the connection was lost, if it was."""
        self._authority, self._stream_window = authority, stream_window
        self._streams: dict[int, Stream] = {}
        self._next_number = 1
        self._known: dict[tuple[str, str], int] = {}  # header -> how many were known before it
        self._unparsed = b""
        self._received = 0

    @classmethod
    async def open(cls, address: str, *, stream_window: int = LARGEST_WINDOW) -> Self:
        """Connect to ``host:port``; *stream_window* is how many bytes each stream may receive unasked."""
        host, _, port = address.rpartition(":")
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(lambda: cls(address, stream_window), host, int(port))
        return protocol

    def close(self) -> None:
        """Hang up; calls under way end."""
        self._transport.close()

    async def unary(self, path: str, request: bytes) -> bytes:
        """Make a call that has one answer, and answer that. Raises CallFailed if there is none."""
        answers: list[bytes] = []
        stream = self.stream(path, request, answers.append, timeout="10S")
        await stream.ended
        if not answers:
            raise CallFailed(f"{path}: {stream.headers!r} {self.failure}")
        return answers[0]

    def stream(
        self,
        path: str,
        request: bytes,
        on_message: Callable[[bytes], None],
        *,
        timeout: str = "",
        more_follow: bool = False,
    ) -> Stream:
        """
        Begin a call with its first message. Raises CallFailed without a connection.

        Args:
            timeout: its deadline as gRPC writes it.
            more_follow: whether more messages are to be sent.
        """
        if self.failure:
            raise CallFailed(self.failure)
        number = self._next_number
        self._next_number += 2
        stream = self._streams[number] = Stream(self, number, on_message)
        headers = self._header_block(path, timeout)
        end = 0 if more_follow else END_STREAM
        self.write(
            _frame(HEADERS, END_HEADERS, number, headers) + _frame(DATA, end, number, _message(request))
        )
        return stream

    def write(self, data: bytes) -> None:
        """Send frames."""
        self._transport.write(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        # SETTINGS_INITIAL_WINDOW_SIZE is setting 4.
        settings = (4).to_bytes(2, "big") + self._stream_window.to_bytes(4, "big")
        self.write(PREFACE + _frame(SETTINGS, 0, 0, settings))
        self._top_up(LARGEST_WINDOW - FIRST_WINDOW)

    def connection_lost(self, exc: Exception | None) -> None:
        self.failure = self.failure or "the connection was lost"
        for stream in self._streams.values():
            stream.end()

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > TOP_UP_BYTES:
            self._top_up(self._received)
            self._received = 0
        data = self._unparsed + data
        at = 0
        while len(data) >= at + HEADER_BYTES:
            end = at + HEADER_BYTES + int.from_bytes(data[at : at + 3], "big")
            if len(data) < end:
                break
            number = int.from_bytes(data[at + 5 : at + HEADER_BYTES], "big")
            self._take(data[at + 3], data[at + 4], number, data[at + HEADER_BYTES : end])
            at = end
        self._unparsed = data[at:]

    def _take(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        if number:
            self._take_on_stream(kind, flags, number, payload)
        elif kind in (SETTINGS, PING) and not flags & ACK:
            self.write(_frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == GOAWAY:
            self.failure = f"the server hung up: {payload[8:]!r}"

    def _take_on_stream(self, kind: int, flags: int, number: int, payload: bytes) -> None:
        stream = self._streams.get(number)
        if stream is None:
            return
        if kind == DATA:
            stream.take(payload)
        elif kind == HEADERS:
            stream.headers = payload
        if kind == RST_STREAM or (kind in (DATA, HEADERS) and flags & END_STREAM):
            del self._streams[number]
            stream.end()

    def _top_up(self, count: int) -> None:
        self.write(_frame(WINDOW_UPDATE, 0, 0, count.to_bytes(4, "big")))

    def _header_block(self, path: str, timeout: str) -> bytes:
        headers = [
            (":path", path),
            (":authority", self._authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "grpc-benchmarks/1"),
            ("grpc-accept-encoding", "identity, deflate, gzip"),
        ]
        if timeout:
            headers.append(("grpc-timeout", timeout))
        # 0x83 and 0x86 stand for ":method: POST" and ":scheme: http".
        return b"\x83\x86" + b"".join(self._header(*header) for header in headers)

    def _header(self, name: str, value: str) -> bytes:
        before = self._known.get((name, value))
        if before is None:
            self._known[name, value] = len(self._known)
            return b"\x40" + _text(name) + _text(value)  # a literal to be remembered
        return bytes([0x80 | FIRST_DYNAMIC + len(self._known) - 1 - before])


def _frame(kind: int, flags: int, number: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + number.to_bytes(4, "big") + payload


def _message(message: bytes) -> bytes:
    """As gRPC frames one that is not compressed."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def _text(text: str) -> bytes:
    data = text.encode()
    if len(data) >= 127:
        raise ValueError(f"{text!r} is too long for the one way of writing lengths that is known here")
    return bytes([len(data)]) + data
