"""Length-prefixed frames: how the server talks to the fork server and to its workers."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket

HEADER = struct.Struct("!II")


class ConnectionClosedError(Exception):
    """The other side has gone."""


def encode(meta: dict[str, Any], payload: bytes = b"") -> bytes:
    """One frame: the lengths, a small JSON object, and bytes that nobody on the way parses."""
    head = json.dumps(meta, separators=(",", ":")).encode()
    return HEADER.pack(len(head), len(payload)) + head + payload


def send(connection: socket.socket, meta: dict[str, Any], payload: bytes = b"") -> None:
    """Send one frame, however large."""
    connection.sendall(encode(meta, payload))


def receive(connection: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Wait for one frame.

    Raises:
        ConnectionClosedError: The other side closed the connection.
        TimeoutError: The connection has a time limit, and it has passed.
    """
    head_length, payload_length = HEADER.unpack(read_exactly(connection, HEADER.size))
    meta: dict[str, Any] = json.loads(read_exactly(connection, head_length))
    return meta, read_exactly(connection, payload_length)


def read_exactly(connection: socket.socket, length: int) -> bytes:
    """Read that many bytes.

    Raises:
        ConnectionClosedError: The other side closed the connection before they came.
    """
    chunks: list[bytes] = []
    missing = length
    while missing:
        chunk = connection.recv(min(missing, 1 << 20))
        if not chunk:
            raise ConnectionClosedError
        chunks.append(chunk)
        missing -= len(chunk)
    return b"".join(chunks)
