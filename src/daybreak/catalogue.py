"""Find a campaign: built in (or installed by a stranger's package) by name, or in a file."""

from __future__ import annotations

import dataclasses
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
    found = _load(name_or_file)
    path, _, attribute = name_or_file.partition(":")
    if path.endswith(".py"):
        name_or_file = str(Path(path).resolve()) + (f":{attribute}" if attribute else "")
    return dataclasses.replace(found, origin=name_or_file)


def _load(name_or_file: str) -> Campaign:
    file, _, attribute = name_or_file.partition(":")
    if file.endswith(".py"):
        return _from_file(Path(file), attribute or "campaign")
    for entry in metadata.entry_points(group=GROUP):
        if entry.name == name_or_file:
            return _from_entry(entry)
    msg = (
        f"no campaign is called {name_or_file!r}; there are {known(names())}.  "
        "For a file of your own, give its path, e.g. `daybreak run my_study.py`."
    )
    raise CampaignFileError(msg)


def describe(name: str) -> str:
    """What a campaign that can be run by name is about; or why it cannot be loaded."""
    try:
        return load(name).description
    except CampaignFileError as error:
        return f"cannot be loaded: {error}"


def _from_entry(entry: metadata.EntryPoint) -> Campaign:
    where = f"campaign {entry.name!r} ({entry.value})"
    with double_precision_import():
        try:
            found = entry.load()
        except Exception as error:
            msg = f"{where} cannot be imported, {type(error).__name__}: {error}"
            raise CampaignFileError(msg) from error
        return _as_campaign(found, where)


def _from_file(path: Path, attribute: str) -> Campaign:
    if not path.is_file():
        msg = f"there is no file {path} (looked in {path.resolve().parent})."
        raise CampaignFileError(msg)
    module = _import(path)
    if not hasattr(module, attribute):
        from daybreak.plan import Campaign

        offered = [n for n, value in vars(module).items() if isinstance(value, Campaign)]
        hint = (
            f"it offers {known(offered)}: run {path}:{offered[0]}"
            if offered
            else f"write `{attribute} = dk.Campaign(...)` at its top level"
        )
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
    # A campaign file called random.py must not stand in for the library's module.
    name = f"campaign_{path.stem}" if _taken(path.stem) else path.stem
    sys.modules[name] = module
    try:
        with double_precision_import():
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        line = _line(error, str(path.resolve()))
        where = f"{path}, line {line}" if line else str(path)
        msg = f"{where} raised {type(error).__name__}: {error}"
        raise CampaignFileError(msg) from error
    return module


def _taken(name: str) -> bool:
    return name in sys.modules or name in sys.stdlib_module_names


def _line(error: BaseException, file: str) -> int | None:
    """The line of `file` at which an error began."""
    if isinstance(error, SyntaxError) and error.filename == file:
        return error.lineno
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _as_campaign(found: object, where: str) -> Campaign:
    from daybreak.plan import Campaign

    try:
        made = found() if callable(found) else found
    except Exception as error:
        msg = (
            f"{where} raised {type(error).__name__} when it was called without arguments to make "
            f"a campaign: {error}"
        )
        raise CampaignFileError(msg) from error
    if not isinstance(made, Campaign):
        msg = (
            f"{where} must be a daybreak.Campaign or a function that makes one, but it gave "
            f"{type(made).__name__}."
        )
        raise CampaignFileError(msg)
    return made
