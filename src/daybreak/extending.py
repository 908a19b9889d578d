"""What another package needs to extend Daybreak: base classes, and the words they are told in.

`docs/extending.md` has an example of each.  A solver, a method and a noise are classes below
`AbstractOptimiser`, `AbstractMethod` or `AbstractSearchMethod`, and `AbstractNoise`; a finding is
a `Finding` with a `FindingCode`, a column of the report a `StudyColumn`.  Noise, findings and
columns are offered as entry points, in the groups ``daybreak.noises``, ``daybreak.diagnoses``,
``daybreak.checks`` and ``daybreak.columns``.
"""

from __future__ import annotations

from daybreak.findings.code import FindingCode, Scope, Withholds
from daybreak.findings.records import Finding
from daybreak.methods.batch import End, Objective
from daybreak.methods.method import AbstractMethod, Places, Rounds, evaluations, seed_of, starts_of
from daybreak.methods.search_method import AbstractSearchMethod
from daybreak.methods.solver import AbstractOptimiser
from daybreak.problem.kinds import BASELINE, CONCLUDE, EVALUATE, FIT, SEARCH, Kind, Question
from daybreak.problem.method_facts import MethodFacts
from daybreak.problem.noise.base import AbstractNoise
from daybreak.problem.origins import Origin, Why
from daybreak.problem.outcomes import Outcome, Task
from daybreak.problem.stop_reasons import StopReason
from daybreak.report.overview import StudyColumn

__all__ = [
    "BASELINE",
    "CONCLUDE",
    "EVALUATE",
    "FIT",
    "SEARCH",
    "AbstractMethod",
    "AbstractNoise",
    "AbstractOptimiser",
    "AbstractSearchMethod",
    "End",
    "Finding",
    "FindingCode",
    "Kind",
    "MethodFacts",
    "Objective",
    "Origin",
    "Outcome",
    "Places",
    "Question",
    "Rounds",
    "Scope",
    "StopReason",
    "StudyColumn",
    "Task",
    "Why",
    "Withholds",
    "evaluations",
    "seed_of",
    "starts_of",
]
