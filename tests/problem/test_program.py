"""A prediction by an external program: what goes in, what comes out, what goes wrong."""

import json
import sys

import pytest

import daybreak as dk
from daybreak.errors import ProgramError

PARTS = dk.FitProblem(
    [dk.Parameter("a", 0, 5), dk.Parameter("k", 0, 1)],
    lambda p, s: [p.a, p.k, s.shift],
    dk.observations([1.0, 1.0, 1.0], 1.0),
    settings={"shift": 0.5},
)


def call(program, a=2.0, k=0.25):
    """What the program predicts."""
    return program(*PARTS._arguments([a, k], {"shift": 0.5}))


def python(code, *words, **more):
    """A program made of a line of Python."""
    return dk.Program([sys.executable, "-c", code, *words], **more)


READ = "import json,sys; g = json.load(open(sys.argv[1])); "


def test_json_goes_in_and_numbers_come_out():
    """By default parameters and settings go in as JSON, and numbers come out of a text."""
    code = READ + (
        "p, s = g['parameters'], g['settings']; "
        "open(sys.argv[2], 'w').write(f\"# result\\n{p['a']}, {p['k']}\\n{s['shift']}\")"
    )
    assert list(call(python(code, "{input}", "{output}"))) == [2.0, 0.25, 0.5]


def test_a_template_goes_in_and_json_comes_out():
    """A template is filled with every digit, and a JSON object gives names to numbers."""
    code = "import sys; print('{\"y\": ' + open('in.txt').read().split('=')[1] + '}')"
    program = python(code, write="k = {k}", input="in.txt", output="-", read="json")

    assert call(program, k=1 / 3) == {"y": 1 / 3}


def test_parameters_go_into_the_command():
    """A word of the command may hold a parameter, formatted or not."""
    program = python("import sys; print(*sys.argv[1:])", "{a:.3e}", "{k}", output="-")

    assert list(call(program)) == [2.0, 0.25]


def test_functions_write_and_read():
    """Callables write the input and read the output."""
    program = python(
        "import shutil; shutil.copy('input.json', 'output.txt')",
        write=lambda p, s: f"{p.a + s.shift}",
        read=lambda path: [float(path.read_text())],
    )
    assert call(program) == [2.5]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit('no licence')", "status 1.*no licence"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV"),
        ("pass", "without writing 'output.txt'"),
        ("open('output.txt', 'w').write('3.1 abc')", "cannot be read"),
    ],
)
def test_a_program_that_fails_says_how(code, told):
    """Exit status, signal, missing and unreadable output are sentences with what it said."""
    with pytest.raises(ProgramError, match=rf"(?s){told}"):
        call(python(code))


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    """The directory of a call is removed; of a failed one it is kept where asked."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    call(python("print(1)", output="-"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProgramError):
        call(python("import sys; sys.exit(1)", keep=tmp_path / "kept"))

    (folder,) = (tmp_path / "kept").iterdir()
    assert json.loads((folder / "input.json").read_text())["parameters"] == {"a": 2.0, "k": 0.25}


def test_a_command_as_one_string_is_refused():
    """A command as one string is an error when it is declared."""
    with pytest.raises(dk.ProblemError, match="must be a list"):
        dk.Program("./decay {input}")


def test_a_campaign_with_a_program(tmp_path):
    """A fit of an external program ends at the minimum."""
    # A shell starts ten times faster than an interpreter, and preflight calls it often.
    code = """sed -n 's/.*"a": *\\([^,}]*\\).*/\\1/p' "$1" > "$2" """
    problem = dk.FitProblem(
        [dk.Parameter("a", 0, 5)],
        dk.Program(["/bin/sh", "-c", code, "sh", "{input}", "{output}"]),
        dk.observations([3.0], 0.1),
        resources=dk.Resources(time_limit=60),
    )
    study = dk.Study("s", problem, dk.MultiStart(starts=1))
    results = dk.run(dk.Campaign("program", [study]), tmp_path, budget=5.0)

    assert results.summary.finished
    assert results["s"].best.parameters["a"] == pytest.approx(3.0, abs=1e-6)
