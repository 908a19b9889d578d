"""A prediction made by an external program: parameters in a file, numbers out of a file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from daybreak.errors import ProblemError, ProgramError
from daybreak.problem.fields import fields_of, fill
from daybreak.problem.memory import oom_kills
from daybreak.problem.output import json_in, numbers_in
from daybreak.problem.resources import absolute
from daybreak.problem.tee import Tee

STDOUT = "-"
"""As the name of an output file: the program's standard output."""
_MOST_KEPT = 20
"""Directories of failed calls that are kept; a night of failures must not fill the disk. A choice:
enough to see whether they fail alike. A choice: enough to see whether they fail alike."""
_SHOWN = 600
"""Characters from the end of standard error that an error message shows; a choice: some eight
lines, in which programs say why they stop. A choice: some eight lines, in which programs say why
they stop."""


@dataclass(frozen=True, eq=False)
class Program:
    """A `predict` that runs an external program; no shell is involved.

    Every call gets a directory of its own, in which the program runs and which is removed
    afterwards. In the command and in a template ``{name}`` is the value of that parameter or
    setting (``{k:.6e}`` formats it), ``{input}`` and ``{output}`` are the two files, and
    ``{directory}`` is where they lie; a number has all its digits unless a format says otherwise.

    Parameters
    ----------
    command : sequence of text or path
        The program and its arguments. A relative path of the program itself is taken from the
        directory in which the `Program` is made.
    write : text, path or callable (p, settings) -> text, optional
        What the input file holds: a template as text or in a file, or what the callable returns.
        By default JSON, ``{"parameters": {...}, "settings": {...}}``.
    read : ``"numbers"``, ``"json"`` or callable (path) -> predictions
        How the output file is read: as numbers between blanks, commas or semicolons, where ``#``
        begins a comment; as a JSON array, or object name -> number; or by the callable.
    input, output : str
        Names of the two files, for programs that insist; output ``"-"`` is standard output.
    keep : path, optional
        Where the directories of failed calls are kept, at most twenty.

    Raises
    ------
    ProblemError
        When the declaration cannot mean anything. Whether the program is there is asked before
        the first trial, on the machine that makes them.
    """

    command: Sequence[str | Path]
    write: str | Path | Callable[[Any, Any], str] | None = None
    read: str | Callable[[Path], Any] = "numbers"
    input: str = "input.json"
    output: str = "output.txt"
    keep: str | Path | None = None

    def __post_init__(self) -> None:
        """Read the template now, not in the middle of the night."""
        if isinstance(self.command, str) or not self.command:
            msg = (
                "`command` must be a list, the program first, e.g. ['./decay', '{input}', "
                f"'{{output}}'], but got {self.command!r}."
            )
            raise ProblemError(msg)
        words = [os.fspath(word) for word in self.command]
        object.__setattr__(self, "command", (absolute(words[0]), *words[1:]))
        if isinstance(self.write, Path):
            object.__setattr__(self, "write", _template(self.write))
        if not callable(self.read) and self.read not in _READERS:
            msg = f'`read` must be "numbers", "json" or a function, but got {self.read!r}.'
            raise ProblemError(msg)
        for name in (self.input, self.output):
            if Path(name).name != name:
                msg = f"`input` and `output` must be names of files, not paths, but got {name!r}."
                raise ProblemError(msg)
        if self.keep is not None:
            object.__setattr__(self, "keep", Path(self.keep).resolve())

    def __call__(self, p: Any, settings: Any) -> Any:
        """Predictions at parameters `p`; shape (n,), or a mapping name -> number.

        Raises
        ------
        ProgramError
            When the program fails or writes no numbers.
        MemoryError
            When the operating system ended it for want of memory.
        """
        # Plain numbers first: where JAX tries to trace this, it fails here and nothing runs.
        values = fields_of(p, settings)
        directory = Path(tempfile.mkdtemp(prefix="program-"))
        kept = False
        try:
            return self._in(directory, values, (p, settings))
        except Exception:
            kept = self._kept(directory)
            raise
        finally:
            if not kept:
                shutil.rmtree(directory, ignore_errors=True)

    def _in(self, directory: Path, values: Mapping[str, Any], given: tuple[Any, Any]) -> Any:
        """Write, run and read in a directory of its own."""
        path = directory / ("stdout" if self.output == STDOUT else self.output)
        places = {
            "input": directory / self.input,
            "output": path,
            "directory": directory,
        }
        (directory / self.input).write_text(self._input(values, given))
        words = [fill(str(word), {**values, **places}) for word in self.command]
        errors = _run(words, directory, path if self.output == STDOUT else None, self._name)
        if not path.exists():
            self._fail(f"ended without writing {self.output!r}", errors)
        read = self.read if callable(self.read) else _READERS[self.read]
        try:
            return read(path)
        except Exception as error:  # noqa: BLE001 - whatever a user's reader raises
            self._fail(f"wrote what cannot be read, {type(error).__name__}: {error}", errors)

    def _input(self, values: Mapping[str, Any], given: tuple[Any, Any]) -> str:
        """What the input file holds."""
        if callable(self.write):
            return self.write(*given)
        if self.write is not None:
            return fill(str(self.write), values)
        p, settings = given
        parts = {"parameters": p._fields, "settings": settings._fields}
        chosen = {part: {n: values[n] for n in names} for part, names in parts.items()}
        return json.dumps(chosen, indent=2)

    @property
    def _name(self) -> str:
        """The command as declared: equal failures of many calls then read alike."""
        return " ".join(map(str, self.command))

    def _fail(self, what: str, errors: str) -> NoReturn:
        raise ProgramError(_sentence(self._name, what, errors))

    def _kept(self, directory: Path) -> bool:
        """Put a failed call's directory aside, if asked and while there are few."""
        if self.keep is None:
            return False
        keep = Path(self.keep)
        keep.mkdir(parents=True, exist_ok=True)
        if sum(1 for _ in keep.iterdir()) >= _MOST_KEPT:
            return False
        name = f"{time.strftime('%Y%m%dT%H%M%S')}-{directory.name.removeprefix('program-')}"
        shutil.move(directory, keep / name)
        return True


_READERS: dict[str, Callable[[Path], Any]] = {"numbers": numbers_in, "json": json_in}


def _template(path: Path) -> str:
    try:
        return path.read_text()
    except OSError as error:
        msg = f"the template {path} cannot be read: {error.strerror or error}."
        raise ProblemError(msg) from error


def _run(words: Sequence[str], directory: Path, stdout: Path | None, name: str) -> str:
    """Run to the end and return the tail of standard error; both streams are passed on as well.

    Raises
    ------
    ProgramError, MemoryError
        When it does not end with status 0.
    """
    kills = oom_kills()
    with _started(words, directory, name) as process:  # noqa: SIM117 - the process outlives both
        with Tee(process.stdout, 1, stdout), Tee(process.stderr, 2) as errors:
            try:
                status = process.wait()
            except BaseException:
                end_tree(process.pid)
                raise
    if status == 0:
        return errors.tail
    if status == -signal.SIGKILL and oom_kills() > kills:
        raise MemoryError(_sentence(name, "was ended because memory ran out", errors.tail))
    raise ProgramError(_sentence(name, _how(status), errors.tail))


def _started(words: Sequence[str], directory: Path, name: str) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own program, without a shell
            words,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        msg = f"`{name}` cannot be started: {error.strerror or error}."
        raise ProgramError(msg) from error


def end_tree(pid: int) -> None:
    """Kill a process and everything it started."""
    import psutil

    try:
        root = psutil.Process(pid)
        members = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for member in members:
        try:
            member.kill()
        except psutil.NoSuchProcess:
            continue


def _how(status: int) -> str:
    if status > 0:
        return f"exited with status {status}"
    return f"was ended by {signal.Signals(-status).name}"


def _sentence(name: str, what: str, errors: str) -> str:
    said = errors.strip()[-_SHOWN:]
    return f"`{name}` {what}" + (f"; its standard error ends: {said}" if said else ".")
