"""What anything that takes a part in a night must keep to, as tests that its author inherits.

A class of the author's own inherits the contract and says how one is made; pytest finds the rest:

    class TestMine(MethodContract):
        def make(self):
            return Mine(points=7)

Every law says in its docstring what it proves.  None needs pytest but to be found by it, and
`tmp_path` is given by it; in a ``conftest.py``,
``pytest.register_assert_rewrite("daybreak.testing.contracts")`` has it show the values of what
fails.
"""

from __future__ import annotations

from daybreak.testing.contracts.executor import ExecutorContract, SurvivorContract
from daybreak.testing.contracts.method import MethodContract
from daybreak.testing.contracts.noise import NoiseContract
from daybreak.testing.contracts.solver import SolverContract
from daybreak.testing.contracts.store import StoreContract

__all__ = [
    "ExecutorContract",
    "MethodContract",
    "NoiseContract",
    "SolverContract",
    "StoreContract",
    "SurvivorContract",
]
