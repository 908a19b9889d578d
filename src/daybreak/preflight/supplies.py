"""What a study needs of the machine that makes its trials, and does not find there.

Nothing is imported, started or taken hold of: a graphics processor that this process had seen
would be missing to its workers.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from daybreak.findings import Finding, codes
from daybreak.plan import Study
from daybreak.problem.machine import devices, memory_gib
from daybreak.problem.program import Program
from daybreak.problem.resources import Resources
from daybreak.sentences import Sentence, worded


def missing(study: Study) -> list[Finding]:
    """All that a trial of a study needs and that is not here; empty where nothing is missing."""
    told = (*_of_machine(study.problem.resources), *_of_model(study))
    return [Finding(code=codes.MISSING_RESOURCE, sentence=sentence) for sentence in told]


def askable(study: Study) -> bool:
    """Whether the model has all that it is made of, so that it can be asked for a number."""
    return next(_of_model(study), None) is None


def _of_machine(needs: Resources) -> Iterator[Sentence]:
    """Graphics processors and memory, which only trials need."""
    seen = len(devices()) if needs.gpus else 0
    if seen < needs.gpus:
        lead = worded("a trial needs {}, and {} seen here", _processors(needs.gpus), _are(seen))
        yield lead.then(
            " (CUDA_VISIBLE_DEVICES, else nvidia-smi -L). Run it on a machine that has them, or "
            "declare fewer."
        )
    have = memory_gib() if needs.memory is not None else 0.0
    if needs.memory is not None and have < needs.memory:
        lead = worded("a trial may use {:g} GiB, and this machine has {:.1f}", needs.memory, have)
        yield lead.then(". Run it on a larger machine, or declare less.")


def _processors(count: int) -> Sentence:
    return worded("{} graphics processor{}", count, "" if count == 1 else "s")


def _are(count: int) -> str:
    return "none is" if count == 0 else worded("{} {}", count, "is" if count == 1 else "are")


def _of_model(study: Study) -> Iterator[Sentence]:
    """Programs, files and packages, without which the model gives no number at all."""
    needs, functions = study.problem.resources, study.problem.functions
    own = [str(one.command[0]) for one in functions if isinstance(one, Program)]
    for name in dict.fromkeys((*own, *map(str, needs.programs))):
        if shutil.which(name) is None:
            where = "is not there, or may not be executed" if "/" in name else "is not on PATH"
            yield worded("the program {!r} {}", name, where).then(
                ". Build it, make it executable, or give its full path."
            )
    for name in map(str, needs.files):
        if not Path(name).exists():
            yield worded("the file {!r} is not there", name).then(
                ". Fetch it, or say where it is."
            )
    for name in needs.packages:
        if not _importable(name):
            yield worded("the package {!r} is not installed", name).then(
                " for {}. Install it there.", sys.executable
            )


def _importable(name: str) -> bool:
    """Whether a module, or the package that it is part of, can be found; nothing is imported."""
    top = name.split(".", 1)[0]
    return top in sys.modules or importlib.util.find_spec(top) is not None
