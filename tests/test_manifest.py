"""Manifests of data files: history is kept, the latest entry is verified, bad news is told."""

from __future__ import annotations

import hashlib
import json
import sys

import pytest

import daybreak as dk
from daybreak import cli
from daybreak.manifest import fingerprints


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with one data file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_bytes(b"first")
    return tmp_path


@pytest.fixture
def command(place, monkeypatch, capsys):
    """Call a command: words -> (exit status, standard output, standard error)."""

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["daybreak", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        found = capsys.readouterr()
        return ended.value.code or 0, found.out, found.err

    return call


def test_fingerprints(place):
    """They are MD5 and SHA-256 of the bytes."""
    found = fingerprints(place / "data" / "a.csv")
    assert found == (hashlib.md5(b"first").hexdigest(), hashlib.sha256(b"first").hexdigest())  # noqa: S324 - a fingerprint


def test_registering_again_makes_history(place):
    """A changed file fails until it is registered anew; then the old entry no longer counts."""
    manifest = dk.Manifest(place / "data" / "manifest.json")
    file = place / "data" / "a.csv"
    manifest.register(file, "a")
    file.write_bytes(b"second")
    assert [check.state for check in manifest.verify()] == ["changed"]

    manifest.register(file, "a")
    assert [check.state for check in manifest.verify()] == ["same"]
    assert [entry.path for entry in manifest.entries] == ["a.csv", "a.csv"]
    assert len({entry.sha256 for entry in manifest.entries}) == 2


def test_versions_stand_beside_each_other(place):
    """Another version of a data set does not replace the first, which is verified, too."""
    manifest = dk.Manifest(place / "data" / "manifest.json")
    manifest.register(place / "data" / "a.csv", "a")
    (place / "data" / "b.csv").write_bytes(b"b")
    manifest.register(place / "data" / "b.csv", "a", 2, sources=["0" * 64], note="made from a")
    (place / "data" / "a.csv").unlink()

    assert [(c.entry.version, c.state) for c in manifest.verify()] == [(1, "missing"), (2, "same")]
    assert manifest.latest[1].sources == ("0" * 64,)


def test_manifests_move_with_their_files(place):
    """Paths below the manifest are relative, so that the folder can be moved; others are whole."""
    dk.Manifest(place / "data" / "manifest.json").register(place / "data" / "a.csv", "a")
    (place / "outside.csv").write_bytes(b"o")
    dk.Manifest(place / "data" / "manifest.json").register(place / "outside.csv", "o")
    (place / "data").rename(place / "moved")

    found = dk.Manifest(place / "moved" / "manifest.json").verify()
    assert [check.state for check in found] == ["same", "same"]


def test_commands_from_start_to_end(command, place):
    """Register, verify, change, verify: status 0, then 1, and a sentence says what to do."""
    assert command("data", "register", "data/a.csv")[:2] == (
        0,
        f"a v1: {hashlib.sha256(b'first').hexdigest()}\n",
    )
    assert command("data", "verify")[:2] == (0, "a v1, a.csv: as registered\n")

    (place / "data" / "a.csv").write_bytes(b"second")
    status, out, _ = command("data", "verify", "data/manifest.json")
    assert status == 1
    assert out.startswith("a v1, a.csv: its bytes differ from those of 20")
    assert out.endswith("restore the file, or register it anew\n")
    (place / "data" / "a.csv").unlink()
    status, out, _ = command("data", "verify", "--json")
    assert status == 1
    assert [(one["state"], one["dataset"]) for one in json.loads(out)] == [("missing", "a")]


def test_sources_are_fingerprinted(command, place):
    """A derived file's entry names its sources by their SHA-256."""
    (place / "b.csv").write_bytes(b"b")
    status, out, _ = command(
        "data",
        "register",
        "b.csv",
        "--dataset",
        "b",
        "--version",
        3,
        "--source",
        "data/a.csv",
        "--note",
        "half",
        "--json",
    )
    found = json.loads(out)

    assert status == 0
    assert found["sources"] == [hashlib.sha256(b"first").hexdigest()]
    assert (found["version"], found["note"]) == (3, "half")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["verify"], "there is no manifest data/manifest.json; start one with"),
        (["register", "none.csv"], "only an existing file can be registered, but there is no"),
        (["verify", "bad.json"], "bad.json is no manifest that can be read"),
    ],
)
def test_bad_input_is_a_sentence(command, place, words, sentence):
    """Nothing registered, no such file, and a file that is no manifest: usage errors."""
    (place / "bad.json").write_text('{"schema_version": 9}')
    status, _, err = command("data", *words)

    assert status == 2
    assert sentence in err


def test_a_kill_leaves_no_half_manifest(place, monkeypatch):
    """When writing fails, the old manifest is still there and whole."""
    manifest = dk.Manifest(place / "data" / "manifest.json")
    manifest.register(place / "data" / "a.csv", "a")

    def full(_):
        raise OSError(28, "full")

    monkeypatch.setattr("daybreak.manifest.os.fsync", full)

    with pytest.raises(dk.DaybreakError, match=r"cannot write .* \(full\)"):
        manifest.register(place / "data" / "a.csv", "b")
    assert [entry.dataset for entry in manifest.entries] == ["a"]
