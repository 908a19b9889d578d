# ruff: noqa: INP001 - a script, imported by its test alone
"""Write the tables of finding codes in docs/glossary.md from the registry.

python docs/finding_codes.py
"""

from __future__ import annotations

from pathlib import Path

from daybreak.findings import FindingCode, Scope
from daybreak.findings.codes import BY_WORD
from daybreak.report.explained import withheld

PAGE = Path(__file__).with_name("glossary.md")
BEGIN, END = "<!-- begin finding codes -->\n", "<!-- end finding codes -->\n"
HEAD = """\
| code | severity | what it means | why it happens | what to do | withholds |
|---|---|---|---|---|---|
"""


def tables() -> str:
    """One table for each scope."""
    parts: list[str] = []
    for scope in Scope:
        rows = [_row(code) for code in BY_WORD.values() if code.scope is scope]
        parts.append(f"### About a {scope.value}\n\n{HEAD}{''.join(rows)}")
    return "\n" + "\n".join(parts) + "\n"


def _row(code: FindingCode) -> str:
    cells = [f"`{code.word}`", code.severity, code.means, code.why, code.do, withheld(code)]
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |")


def renewed(page: str) -> str:
    """The page with its tables written anew."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + tables() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text()))
