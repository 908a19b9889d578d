"""Pass a program's output on as it comes, and remember its end."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import Any, Self

_TAIL = 16 * 1024
"""Bytes that are remembered: more than any message shows of them (`program`), read at once. A
choice. A choice: far more than a message shows of them."""
_PATIENCE = 2.0
"""Seconds for which the stream of a program that has ended is read on.

What it has written is in the pipe and read at once; what it left running behind it may hold the
pipe open for ever.
"""


class Tee:
    """Read a stream to its end in a thread: to a descriptor of ours, or into a file instead.

    What a program says is passed on at once, so that it is there when the program hangs.
    """

    def __init__(self, stream: Any, descriptor: int, into: Path | None = None) -> None:
        # A descriptor of its own: the program's may be closed while the thread still reads.
        self._stream = os.dup(stream.fileno())
        self._descriptor = descriptor
        self._into = into
        self._end = b""
        self._thread = threading.Thread(target=self._copy, daemon=True)

    def __enter__(self) -> Self:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wait for the end of the stream, but not for what the program left running behind it."""
        self._thread.join(timeout=_PATIENCE)

    @property
    def tail(self) -> str:
        """The end of what was said."""
        return self._end.decode(errors="replace")

    def _copy(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(os.close, self._stream)
            to = self._descriptor
            if self._into is not None:
                to = stack.enter_context(self._into.open("wb")).fileno()
            for part in iter(lambda: os.read(self._stream, _TAIL), b""):
                self._end = (self._end + part)[-_TAIL:]
                with contextlib.suppress(OSError):  # nobody listens, or the disk is full
                    _write(to, part)


def _write(descriptor: int, part: bytes) -> None:
    while part:
        part = part[os.write(descriptor, part) :]
