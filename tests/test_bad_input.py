"""Bad input through the command line: a clear answer with its place, in time, and the rest is still checked.

Every document in tests/cases/bad holds the true formulas `f(t) = t^2`, `f'(t) = 2 t` before the bad one and
`f(t) f(t) = t^4` after it; what cannot be read must not take them along.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BAD = Path(__file__).resolve().parent / "cases" / "bad"
SECONDS = 5

Gradproof = Callable[..., "subprocess.CompletedProcess[str]"]

GOOD_BEFORE = "Let\n\n$$f(t) = t^2$$\n\nwith a number $t$. Then\n\n$$f'(t) = 2 t$$\n\n"
GOOD_AFTER = "\n\n$$f(t) \\cdot f(t) = t^4$$\n"


def judged(gradproof: Gradproof, path: Path) -> tuple[int, list[dict[str, Any]]]:
    """Exit status and displayed formulas of a check, which must not crash and must end in time."""
    run = gradproof("check", "--format", "json", path, timeout=SECONDS)
    assert "Traceback" not in run.stderr, run.stderr
    documents = json.loads(run.stdout)["documents"]
    return run.returncode, [formula for formula in documents[0]["formulas"] if formula["display"]]


def assert_rest_is_checked(formulas: list[dict[str, Any]]) -> None:
    """The three good formulas have their verdicts; the bad one has no definite one."""
    definition, before, bad, after = formulas
    assert definition["verdict"] == "defined"
    assert before["verdict"] == "proved"
    assert bad["verdict"] not in ("proved", "refuted"), bad
    assert after["verdict"] == "proved"


@pytest.mark.parametrize(
    ("name", "verdict", "says"),
    [
        ("unbalanced.md", "unread", "brace"),
        ("undefined-name.md", "unknown", "Q"),
        ("nested-fractions.md", "unread", "deep"),
        ("input.md", "unread", "input"),
        ("import-name.md", "unread or unknown", ""),
    ],
)
def test_bad_formula(gradproof: Gradproof, name: str, verdict: str, says: str) -> None:
    status, formulas = judged(gradproof, BAD / name)
    assert_rest_is_checked(formulas)
    bad = formulas[2]
    assert bad["verdict"] in verdict.split(" or ")
    assert bad["reason"]
    assert says.lower() in bad["reason"].lower()
    lines = (BAD / name).read_text(encoding="utf-8").splitlines()
    assert lines[bad["line"] - 1].startswith("$$")
    assert status == 0


def test_strict_does_not_let_unread_pass(gradproof: Gradproof) -> None:
    assert gradproof("check", "--strict", BAD / "unbalanced.md", timeout=SECONDS).returncode == 1


def test_text_output_points_at_the_place(gradproof: Gradproof) -> None:
    run = gradproof("check", BAD / "unbalanced.md", timeout=SECONDS)
    lines = run.stdout.splitlines()
    carets = [number for number, line in enumerate(lines) if set(line.strip(" |")) == {"^"}]
    assert carets, run.stdout
    assert r"\frac{1}{1 + f(t)" in lines[carets[0] - 1]
    assert "unbalanced.md:13:" in run.stdout


def test_nothing_is_executed(gradproof: Gradproof, root: Path, tmp_path: Path) -> None:
    document = tmp_path / "notes.md"
    document.write_text((BAD / "import-name.md").read_text(encoding="utf-8"), encoding="utf-8")
    for verb in (["check"], ["derive"], ["emit"]):
        gradproof(*verb, document, timeout=60)
    assert not (root / "gradproof-was-here").exists()
    assert not (tmp_path / "gradproof-was-here").exists()


def test_input_reads_no_file(gradproof: Gradproof) -> None:
    run = gradproof("check", "--verbose", BAD / "input.md", timeout=SECONDS)
    assert "root:" not in run.stdout + run.stderr


def test_empty_file(gradproof: Gradproof) -> None:
    status, formulas = judged(gradproof, BAD / "empty.md")
    assert (status, formulas) == (0, [])
    said = gradproof("check", BAD / "empty.md", timeout=SECONDS).stdout
    assert said.strip(), "an empty document must not look like one that passed"


def test_not_utf8(gradproof: Gradproof) -> None:
    run = gradproof("check", BAD / "not-utf8.md", timeout=SECONDS)
    assert run.returncode == 2
    assert "not-utf8.md" in run.stderr
    assert "UTF-8" in run.stderr
    assert "line 3" in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("name", ["missing.md", ".", "notes.xyz"])
def test_no_such_document(gradproof: Gradproof, tmp_path: Path, name: str) -> None:
    (tmp_path / "notes.xyz").write_text("$a$", encoding="utf-8")
    run = gradproof("check", tmp_path / name, timeout=SECONDS)
    assert run.returncode == 2
    assert run.stderr.strip()
    assert "Traceback" not in run.stderr


def test_other_documents_are_checked_beside_an_unreadable_one(gradproof: Gradproof, tmp_path: Path) -> None:
    good = tmp_path / "good.md"
    good.write_text(GOOD_BEFORE + GOOD_AFTER, encoding="utf-8")
    run = gradproof("check", "--format", "json", BAD / "not-utf8.md", good, timeout=SECONDS)
    assert run.returncode == 2
    documents = json.loads(run.stdout)["documents"]
    assert [Path(document["path"]).name for document in documents] == ["good.md"]
    assert documents[0]["formulas"][0]["verdict"] == "defined"


def _huge(kind: str) -> str:
    return {
        "one long sum": "1 + " * 1_250_000 + "1 = 0",
        "one long word": "a" * 5_000_000 + " = 0",
        "open braces": "{" * 5_000_000,
        "primes": "f" + "'" * 5_000_000 + "(t) = 0",
        "superscripts": "x" + "^{2" * 1_600_000,
    }[kind]


@pytest.mark.parametrize("kind", ["one long sum", "one long word", "open braces", "primes", "superscripts"])
def test_formula_of_five_megabytes(gradproof: Gradproof, tmp_path: Path, kind: str) -> None:
    document = tmp_path / "huge.md"
    document.write_text(f"{GOOD_BEFORE}$${_huge(kind)}$${GOOD_AFTER}", encoding="utf-8")
    assert document.stat().st_size >= 4_800_000
    status, formulas = judged(gradproof, document)
    assert_rest_is_checked(formulas)
    assert formulas[2]["verdict"] == "unread"
    assert status == 0


@pytest.mark.parametrize("depth", [50, 1_000, 20_000])
@pytest.mark.parametrize("opening", ["(", r"\left(", r"\sqrt{", "x^{", r"\hat{", r"\sin "])
def test_deep_nesting(gradproof: Gradproof, tmp_path: Path, opening: str, depth: int) -> None:
    closing = {"(": ")", r"\left(": r"\right)", r"\sin ": ""}.get(opening, "}")
    document = tmp_path / "deep.md"
    formula = opening * depth + "t" + closing * depth + " = u"
    document.write_text(f"{GOOD_BEFORE}$${formula}$${GOOD_AFTER}", encoding="utf-8")
    _, formulas = judged(gradproof, document)
    assert_rest_is_checked(formulas)


@pytest.mark.parametrize("verb", ["check", "derive", "emit", "train", "report"])
@pytest.mark.parametrize("name", ["a folder.md", "binary.md", "program", "paper.pdf"])
def test_no_document(gradproof: Gradproof, tmp_path: Path, verb: str, name: str) -> None:
    path = tmp_path / name
    if name == "a folder.md":
        path.mkdir()
    else:
        path.write_bytes(bytes(range(256)) * 400)
    run = gradproof(verb, path, timeout=SECONDS)
    assert run.returncode == 2
    assert name in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("command", [["emit", "-o"], ["report", "-o"], ["derive", "--by"]])
def test_what_cannot_be_done(gradproof: Gradproof, root: Path, tmp_path: Path, command: list[str]) -> None:
    """An output that cannot be written, or a name that the page does not have: one line, status 2."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    verb, option = command
    run = gradproof(verb, root / "examples" / "backpropagation.md", option, tmp_path / "file" / "below", timeout=60)
    assert run.returncode == 2
    assert run.stderr.strip()
    assert "Traceback" not in run.stderr


def test_standard_input_that_is_no_text(root: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "derive.cli", "check", "-"],
        input=b"$$a = b$$\n\xff", capture_output=True, cwd=root, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert run.returncode == 2
    assert b"line 2" in run.stderr
    assert b"Traceback" not in run.stderr


@pytest.mark.parametrize(
    "formula",
    [
        "u = 10^{100000000}",
        r"f(t) = t^2 + 7^{99999999}",
        r"(1/3)^{-50000000} = u",
        r"f(t) = t^{999999999999}",
        "u = " + "9" * 5_000,
        "f(t) = t^2 + 0." + "9" * 5_000,
        "z^{(" + "9" * 5_000 + ")} = 1",
        "x_{" + "9" * 5_000 + "} = 1",
        r"\left(\left((t + 1)^{99}\right)^{99}\right)^{99} = 1",
        "+".join(f"f({number} + t)" for number in range(300)) + " = 0",
    ],
    ids=[
        "power",
        "power of seven",
        "negative",
        "exponent",
        "digits",
        "decimals",
        "layer",
        "subscript",
        "nested",
        "long",
    ],
)
def test_large_numbers_and_long_sums(gradproof: Gradproof, tmp_path: Path, formula: str) -> None:
    """Neither time nor memory may grow with a number that is short to write."""
    document = tmp_path / "large.md"
    document.write_text(f"{GOOD_BEFORE}$${formula}$${GOOD_AFTER}", encoding="utf-8")
    _, formulas = judged(gradproof, document)
    definition, before, bad, after = formulas
    assert [definition["verdict"], before["verdict"], after["verdict"]] == ["defined", "proved", "proved"]
    assert bad["verdict"] != "proved"
