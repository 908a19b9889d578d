"""Double precision around our own calls, without changing the user's other JAX code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import Any

_SWITCH = "JAX_ENABLE_X64"


@contextlib.contextmanager
def double_precision() -> Generator[None]:
    """Make JAX compute in float64 inside the block; nothing happens where JAX is not loaded."""
    jax: Any = sys.modules.get("jax")
    with jax.enable_x64(True) if jax is not None else contextlib.nullcontext():
        yield


@contextlib.contextmanager
def double_precision_import() -> Generator[None]:
    """Import user code so that its module-level `jnp` constants are float64.

    JAX may be imported for the first time inside the block, where no context of its own can
    reach; it then reads the switch from the environment, and is set back afterwards.
    """
    if "jax" in sys.modules:
        with double_precision():
            yield
        return
    earlier = os.environ.get(_SWITCH)
    os.environ[_SWITCH] = "1"
    try:
        yield
    finally:
        if earlier is None:
            del os.environ[_SWITCH]
        else:
            os.environ[_SWITCH] = earlier
        jax: Any = sys.modules.get("jax")
        if jax is not None:
            jax.config.update("jax_enable_x64", earlier in ("1", "true", "True"))


@contextlib.contextmanager
def single_precision() -> Generator[None]:
    """Make JAX compute in float32 inside the block, as it does by itself."""
    jax: Any = sys.modules.get("jax")
    with jax.enable_x64(False) if jax is not None else contextlib.nullcontext():
        yield
