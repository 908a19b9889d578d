"""Facts travel as data: no sentence of ours is cut, matched or searched for what it means."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "daybreak"
PROSE = frozenset(
    (
        *("sentence", "sentences", "text", "texts", "phrase", "clause", "words", "title"),
        *("said", "came", "told", "denial", "warned", "why", "how", "what", "headed", "lead"),
        *("ending", "state", "reason", "stop_reason", "origin", "outcome", "verdict", "answer"),
        *("message", "note", "error", "threshold", "kind", "code"),
    )
)
"""Names of what is written for a reader, or was once told by a sentence."""
CUTS = frozenset(
    (
        *("startswith", "endswith", "removeprefix", "removesuffix", "partition", "rpartition"),
        *("split", "rsplit", "find", "rfind", "index", "rindex", "count"),
    )
)
SEARCHES = frozenset(
    ("search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split")
)
IN_SQL = frozenset(("contains", "startswith", "endswith", "like", "ilike", "regexp_match"))
DEFINED_ONCE = frozenset(["ending", "state", "reason", "origin"])
"""Attributes that are compared with members of their enumeration, never with a bare word."""

ALLOWED = {
    ("commands/shell.py", "numbers"): "an option as it was typed",
    ("ledger/engine.py", "explained"): "the message of a database",
    (
        "ledger/from_schema_3.py",
        "_endings_are_words",
    ): "a ledger of schema 3: it had only sentences",
    ("ledger/from_schema_3.py", "_origins_are_values"): "a ledger of schema 3: it had only words",
    ("ledger/from_schema_3.py", "_marks"): "a ledger of schema 3: it had only sentences",
    ("notify.py", "broke"): "the first line of anybody's exception",
    ("problem/constraints.py", "_name"): "a condition as the user wrote it, made a name",
    ("problem/fields.py", "fill"): "a template as the user wrote it",
    ("problem/memory.py", "ran_out"): "the messages of libraries",
    ("problem/parameters.py", "check_name"): "a name that the user gave",
    ("problem/program.py", "__post_init__"): "a command as the user wrote it",
    ("report/canvas.py", "svg"): "a picture as matplotlib writes it",
    ("report/latex.py", "_plain"): "a number as Python writes it",
    ("report/parallel_figure.py", "_short"): "anything, cut to the width of an axis",
    ("runner/workers.py", "_hear"): "a tuple from a worker",
    ("sentences.py", "capitalised"): "typography: the first letter of a word that is no name",
    ("sentences.py", "without_stop"): "typography: the full stop",
    ("serve/pages.py", "_shortened"): "anything, cut to the width of a cell",
    ("starter/write.py", "_environment"): "anything, put on one line of the file that it writes",
    ("testing/known.py", "numbers"): "a table of starts and solutions",
    ("testing/known.py", "point"): "a table of starts and solutions",
}
"""What reads a text that no part of Daybreak wrote as a sentence, and whose text it is."""


def named(node: ast.expr) -> str:
    """The last name of what is looked at: ``b`` of ``a.b``, of ``b[0]``, of ``str(b)``."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.lstrip("_").lower()
        case ast.Subscript(value=inner):
            return named(inner)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            return named(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="strip" | "lower" | "rstrip")):
            return named(inner)
    return ""


def is_word(node: ast.expr) -> bool:
    """Whether something is a bare word, or a list of bare words."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(is_word, node.elts))
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def is_column(node: ast.expr) -> bool:
    """Whether something is a column of a table: ``t.trials.c.outcome``, or called as one."""
    return (isinstance(node, ast.Attribute) and named(node.value) == "c") or named(
        node
    ) == "configuration"


def reads(node: ast.AST) -> str:
    """How a node reads prose; empty when it does not."""
    match node:
        case ast.Call(func=ast.Attribute(value=of, attr=how), args=args):
            return called_on(of, how, args)
        case ast.Compare(left=left, ops=[ast.In() | ast.NotIn()], comparators=[right]):
            if named(right) in PROSE and is_word(left):
                return f"a word looked for in {named(right)!r}"
            return "a bare word" if named(left) in DEFINED_ONCE and is_word(right) else ""
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq()], comparators=[right]):
            pairs = [(left, right), (right, left)]
            bare = [a for a, b in pairs if named(a) in DEFINED_ONCE and is_word(b)]
            return f"{named(bare[0])!r} compared with a bare word" if bare else ""
        case ast.Subscript(value=of, slice=ast.Slice()) if named(of) in PROSE:
            return f"a part of {named(of)!r}"
        case ast.Constant(value=str(text)) if " LIKE " in text:
            return "LIKE"
    return ""


def called_on(of: ast.expr, how: str, args: list[ast.expr]) -> str:
    """How a method reads prose; empty when it does not."""
    if how in IN_SQL and is_column(of):
        return f"{how} on a column"
    if how in CUTS and (named(of) in PROSE or (how == "startswith" and named(of) == "value")):
        return f"{how} on {named(of)!r}"
    searched = [named(one) for one in args if named(one) in PROSE] if how in SEARCHES else []
    return f"{how} in {searched[0]!r}" if searched else ""


def found_in(tree: ast.AST, function: str = "") -> Iterator[tuple[str, int, str]]:
    """Every reading of prose below a node: function, line, how."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef) else function
        if how := reads(node):
            yield inside, node.lineno, how
        yield from found_in(node, inside)


def readings() -> dict[tuple[str, str], list[str]]:
    """Every reading of prose in the package, by file and function; applications are not ours."""
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        file = path.relative_to(SOURCE).as_posix()
        if not file.startswith("models/"):
            for function, line, how in found_in(ast.parse(path.read_text())):
                found.setdefault((file, function), []).append(f"{file}:{line}: {how}")
    return found


def test_no_sentence_is_read():
    """Nothing cuts, matches or searches what we say, and no state is compared with a bare word."""
    found = readings()

    assert [how for place in found if place not in ALLOWED for how in found[place]] == []


def test_every_exception_is_needed():
    """An exception to that names a place where it is made use of."""
    assert ALLOWED.keys() <= readings().keys()


@pytest.mark.parametrize(
    "line",
    [
        "self.value.startswith('converged')",
        "run.ending.startswith('lost')",
        "run.ending == 'stopped as hopeless'",
        "'finished' != study.state",
        "study.state in ('finished', 'failed')",
        "found.sentence.startswith(f'{c.quantity} {c.bar} ')",
        "summary.sentence.removeprefix(f'{summary.verdict}: ')",
        "re.split(r'[:;.] ', sentence, maxsplit=1)[0]",
        "_NUMBER.findall(text)",
        "[one for one in studies if f\"'{one.name}'\" in check.sentence]",
        "trial.origin.partition(' ')[2]",
        "sentence[:-1]",
        "str(error).split(':')[0]",
        'configuration.contains(\'"kind":"fit"\')',
        "t.trials.c.configuration.like('%fit%')",
        "'SELECT key FROM trials WHERE body LIKE ?'",
    ],
)
def test_the_ways_it_was_done_are_seen(line):
    """Each way in which a sentence was once read is found."""
    assert list(found_in(ast.parse(line)))
