"""Messages on a pipe: eight bytes of length, then a pickle."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!Q")
_CHUNK = 1 << 20


def framed(message: Any) -> bytes:
    """A message as it goes through a pipe."""
    body = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


class Frames:
    """Messages out of bytes that arrive in any pieces."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, part: bytes) -> Iterator[Any]:
        """Take some bytes and give the messages that they complete."""
        self._rest += part
        while len(self._rest) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._rest)
            end = _LENGTH.size + length
            if len(self._rest) < end:
                return
            body = bytes(self._rest[_LENGTH.size : end])
            del self._rest[:end]
            yield pickle.loads(body)  # noqa: S301 - from a process of ours, by a private pipe


def messages(descriptor: int) -> Iterator[Any]:
    """Messages as they come, until the other end is closed."""
    frames = Frames()
    while part := os.read(descriptor, _CHUNK):
        yield from frames.feed(part)


def send(descriptor: int, message: Any) -> None:
    """Write a message, however long it takes."""
    rest = memoryview(framed(message))
    while rest:
        rest = rest[os.write(descriptor, rest) :]
