"""What preflight and diagnosis FIND: codes with their meaning, and findings as data.

Another package adds a finding with one file and an entry point.  It makes a `FindingCode`, and
offers a function that yields `Finding` s: in the group ``daybreak.diagnoses`` one of a study and
its records, or in ``daybreak.checks`` one of a probe, which is asked before the night.
"""

from __future__ import annotations

from daybreak.findings.code import FindingCode as FindingCode
from daybreak.findings.code import Scope as Scope
from daybreak.findings.code import Severity as Severity
from daybreak.findings.code import Withholds as Withholds
from daybreak.findings.records import Code as Code
from daybreak.findings.records import Escape as Escape
from daybreak.findings.records import Finding as Finding
from daybreak.findings.records import Forecast as Forecast
from daybreak.findings.records import Identifiability as Identifiability
from daybreak.findings.records import NotChecked as NotChecked
from daybreak.findings.records import Preflight as Preflight
from daybreak.findings.records import Reach as Reach
from daybreak.findings.records import Reachability as Reachability
from daybreak.findings.records import StudyPreflight as StudyPreflight
from daybreak.findings.records import Symmetry as Symmetry
from daybreak.findings.records import Unmade as Unmade
