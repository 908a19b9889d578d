"""Send a problem to another process: its functions as they are now, wherever they were written.

What a fresh interpreter can import travels by name. Everything else travels by value: closures,
`__main__`, a campaign file and its neighbours, so that an edit during the night changes nothing.
"""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Collection, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from daybreak.errors import WorkerError
from daybreak.problem.precision import double_precision_import

_ROOT = __name__.partition(".")[0]


@functools.cache
def fresh_path() -> tuple[str, ...]:
    """Where an interpreter started like a worker looks for modules, before it is told more."""
    code = "import json, sys; print(json.dumps(sys.path))"
    found = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-P", "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env=environment(),
    )
    paths: list[str] = json.loads(found.stdout.splitlines()[-1])
    return tuple(str(Path(path).resolve()) for path in paths)


def environment() -> dict[str, str]:
    """This process's environment, with which a worker finds this Daybreak."""
    home = str(Path(__file__).parents[2])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def pack(thing: Any, what: str, importable: Collection[str]) -> bytes:
    """Pickle something for another process.

    Parameters
    ----------
    thing : Any
    what : str
        What it is, for the error message.
    importable : collection of str
        Where the other process can import modules from (its fresh `sys.path`).

    Raises
    ------
    WorkerError
        When something that it refers to cannot be sent.
    """
    try:
        with _by_value([m for m in list(sys.modules.values()) if _local(m, importable)]):
            return _dumps(thing)
    except Exception as error:
        # A library handle or a lock in a module: let the other process import its own.
        with contextlib.suppress(Exception):
            return _dumps(thing)
        msg = (
            f"{what} cannot be sent to a worker process, {type(error).__name__}: {error}. It "
            "refers to something that belongs to this process alone, such as an open file or a "
            "loaded library: open it inside the function, or in a module that can be imported."
        )
        raise WorkerError(msg) from error


def unpack(data: bytes) -> Any:
    """What `pack` made, with arrays of JAX in the precision that they had."""
    with double_precision_import():
        return pickle.loads(data)  # noqa: S301 - from a process of ours


def _local(module: ModuleType | None, importable: Collection[str]) -> bool:
    """Whether a module was loaded from where a fresh interpreter does not look."""
    file = getattr(module, "__file__", None)
    if module is None or file is None or not file.endswith(".py"):
        return False
    name = module.__name__
    if name.partition(".")[0] in (_ROOT, "__main__") or name not in sys.modules:
        return False
    home = _home(file, name.count(".") + (Path(file).name == "__init__.py"))
    return home is not None and home not in importable


@functools.lru_cache(maxsize=10_000)
def _home(file: str, depth: int) -> str | None:
    """The folder so many levels above a file's own; None where there are not so many.

    Kept, since every unit asks for that of every module there is.
    """
    parents = Path(file).resolve().parents
    return str(parents[depth]) if depth < len(parents) else None


@contextlib.contextmanager
def _by_value(modules: list[ModuleType]) -> Generator[None]:
    fresh = [m for m in modules if m.__name__ not in cloudpickle.list_registry_pickle_by_value()]
    for module in fresh:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in fresh:
            cloudpickle.unregister_pickle_by_value(module)


_Cached = type(functools.lru_cache(lambda: None))


class _Pickler(cloudpickle.CloudPickler):
    """Cloudpickle that also sends functions with a cache by value."""

    def reducer_override(self, obj: Any) -> Any:
        """Take a cached function apart where its module does not travel by name."""
        if isinstance(obj, _Cached) and _travels_by_value(obj):
            wrapped: Any = obj
            return _cache, (wrapped.__wrapped__, wrapped.cache_parameters())
        return super().reducer_override(obj)


def _travels_by_value(function: Any) -> bool:
    by_value = {"__main__", *cloudpickle.list_registry_pickle_by_value()}
    module = function.__module__
    return module in by_value or module not in sys.modules or "<locals>" in function.__qualname__


def _cache(function: Callable[..., Any], options: dict[str, Any]) -> Any:
    return functools.lru_cache(**options)(function)


def _dumps(thing: Any) -> bytes:
    with io.BytesIO() as file:
        _Pickler(file, protocol=pickle.HIGHEST_PROTOCOL).dump(thing)
        return file.getvalue()
