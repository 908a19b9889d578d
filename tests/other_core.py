"""Another processor's arithmetic on this machine, for tests that must not hang on last digits.

    env $(python -m tests.other_core) pytest tests/methods

The order in which OpenBLAS and XLA sum depends on the processor. What is printed has them compute
as on one that can do less than this one, which every machine is able to; nothing where none is
known.
"""

from __future__ import annotations

import numpy as np  # noqa: F401 - brings the OpenBLAS that is asked about
from threadpoolctl import threadpool_info

LESS = {
    "SapphireRapids": "Haswell",
    "Cooperlake": "Haswell",
    "SkylakeX": "Haswell",
    "Zen": "Sandybridge",  # its own kernels are Haswell's
    "Haswell": "Sandybridge",
    "Sandybridge": "Prescott",
    "Nehalem": "Prescott",
}
"""What to take in place of the kernels that OpenBLAS has chosen."""


def other_core() -> str:
    """What to set in the environment."""
    chosen = [LESS[core] for one in threadpool_info() if (core := one.get("architecture")) in LESS]
    return f"OPENBLAS_CORETYPE={chosen[0]} XLA_FLAGS=--xla_cpu_max_isa=AVX" if chosen else ""


if __name__ == "__main__":
    print(other_core())
