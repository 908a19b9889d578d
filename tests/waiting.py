"""Waiting for what is sure to come."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

HANG = 1800.0
"""Seconds after which something hangs: no bar, only an end to waiting on a busy machine."""


def wait_until(come: Callable[[], Any], process: subprocess.Popen[Any] | None = None) -> Any:
    """What `come` gives once it is true; `process` must live until then."""
    end = time.monotonic() + HANG
    while not (found := come()):
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found
