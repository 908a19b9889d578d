"""Find a campaign: built in (or installed by a stranger's package) by name, or in a file."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from daybreak.errors import CampaignFileError, known
from daybreak.problem.precision import double_precision_import

if TYPE_CHECKING:
    from daybreak.plan import Campaign

GROUP = "daybreak.campaigns"
"""Entry-point group in which packages offer campaigns, as a Campaign or a function making one."""


def names() -> list[str]:
    """Campaigns that can be run by name."""
    return sorted({entry.name for entry in metadata.entry_points(group=GROUP)})


def load(name_or_file: str) -> Campaign:
    """Load a campaign by name, or from ``file.py`` or ``file.py:other``.

    Raises
    ------
    CampaignFileError
        When there is no such name or file, it raises on import, or offers no campaign.
    """
    file, _, attribute = name_or_file.partition(":")
    if file.endswith(".py"):
        return _from_file(Path(file), attribute or "campaign")
    for entry in metadata.entry_points(group=GROUP):
        if entry.name == name_or_file:
            with double_precision_import():
                return _as_campaign(entry.load(), f"entry point {name_or_file!r}")
    msg = (
        f"no campaign is called {name_or_file!r}; there are {known(names())}.  "
        "For a file of your own, give its path, e.g. `daybreak run my_study.py`."
    )
    raise CampaignFileError(msg)


def describe(name: str) -> str:
    """First sentence about a campaign that can be run by name."""
    return load(name).description


def _from_file(path: Path, attribute: str) -> Campaign:
    if not path.is_file():
        msg = f"there is no file {path} (looked in {path.resolve().parent})."
        raise CampaignFileError(msg)
    module = _import(path)
    if not hasattr(module, attribute):
        from daybreak.plan import Campaign

        offered = [n for n, value in vars(module).items() if isinstance(value, Campaign)]
        hint = (
            f"it offers {known(offered)}: run {path}:{offered[0]}" if offered
            else f"write `{attribute} = dk.Campaign(...)` at its top level"
        )  # fmt: skip
        msg = f"{path} has no {attribute!r}; {hint}."
        raise CampaignFileError(msg)
    return _as_campaign(getattr(module, attribute), f"{path}:{attribute}")


def _import(path: Path) -> ModuleType:
    """Execute a campaign file as a module whose neighbours can be imported."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        msg = f"{path} cannot be read as a Python file."
        raise CampaignFileError(msg)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    try:
        with double_precision_import():
            spec.loader.exec_module(module)
    except Exception as error:
        trace, line = error.__traceback__, 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == str(path.resolve()):
                line = trace.tb_lineno
            trace = trace.tb_next
        where = f"{path}, line {line}" if line else str(path)
        msg = f"{where} raised {type(error).__name__}: {error}"
        raise CampaignFileError(msg) from error
    return module


def _as_campaign(found: object, where: str) -> Campaign:
    from daybreak.plan import Campaign

    made = found() if callable(found) else found
    if not isinstance(made, Campaign):
        msg = f"{where} must be a daybreak.Campaign, but it is {type(made).__name__}."
        raise CampaignFileError(msg)
    return made
