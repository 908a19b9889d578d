"""Counts by kind, and every falsehood with how to see it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from validation.statements.case import Case
from validation.statements.compare import Compared


@dataclass(frozen=True)
class Done:
    """One fit that was compared."""

    case: Case
    found: tuple[Compared, ...]
    seconds: float
    """Of processor time that Daybreak took."""
    brute: float
    """... and that brute force took."""

    def of(self, result: str) -> list[Compared]:
        """Statements with one result."""
        return [one for one in self.found if one.result == result]


def table(done: Sequence[Done]) -> str:
    """Fits, statements and their results, by kind."""
    head = (
        f"{'kind':12}{'fits':>6}{'said':>7}{'right':>7}{'false':>7}{'undecided':>11}"
        f"{'share':>8}{'near':>7}{'s':>7}{'brute s':>9}"
    )
    kinds = list(dict.fromkeys(one.case.kind for one in done))
    rows = [_row(kind, [one for one in done if one.case.kind == kind]) for kind in kinds]
    return "\n".join([head, *rows, _row("all", done)])


def _row(kind: str, done: Sequence[Done]) -> str:
    count = Counter(one.result for fit in done for one in fit.found)
    said = count["right"] + count["false"] + count["undecided"]
    share = 100 * count["undecided"] / max(said, 1)
    seconds = [sum(getattr(one, name) for one in done) for name in ("seconds", "brute")]
    return (
        f"{kind:12}{len(done):6}{said:7}{count['right']:7}{count['false']:7}"
        f"{count['undecided']:11}{share:7.1f}%{count['near']:7}{seconds[0]:7.0f}{seconds[1]:9.0f}"
    )


def falsehoods(done: Sequence[Done], result: str = "false") -> str:
    """Every statement with one result, with its case."""
    lines: list[str] = []
    for fit in done:
        found = fit.of(result)
        if not found:
            continue
        seed, _, number = fit.case.seed
        lines.append(
            f"{fit.case.kind} {number} (--seed {seed}): {fit.case.title}, of {fit.case.interest}"
        )
        lines += [f"    {one.what}: told {one.told}, true {one.true}" for one in found]
    return "\n".join(lines)


def statements(done: Sequence[Done]) -> str:
    """False and undecided counts by statement."""
    false = Counter(_word(one) for fit in done for one in fit.of("false"))
    unsaid = Counter(_word(one) for fit in done for one in fit.of("undecided"))
    words = sorted({*false, *unsaid}, key=lambda word: -false[word])
    return "\n".join(f"{word:24}{false[word]:6} false{unsaid[word]:6} undecided" for word in words)


def _word(one: Compared) -> str:
    return " ".join(part for part in one.what.split() if len(part) > 1)
