"""Our own labelled documents: every verdict is right, and every formula with its mistake mended is proved.

A label stands in a comment above its formula, `<!-- expect: refuted; fix: LATEX -->`; the comment is blanked before the
document is checked. `fix` is a right side, or a whole formula when it holds the formula's left side.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from derive.check import check
from derive.verdicts import FormulaVerdict, Report

ROOT = Path(__file__).resolve().parent.parent
WHOLE_PAGES = sorted((ROOT / "tests" / "cases").glob("*.md"))
CASES = WHOLE_PAGES + sorted((ROOT / "tests" / "cases" / "notation").glob("*.md"))
EXAMPLE = ROOT / "examples" / "backpropagation.md"

LABEL = re.compile(r"<!--\s*expect:\s*(?P<label>\w+)\s*(?:;(?P<options>.*?))?\s*-->")
FIX = re.compile(r"fix:\s*(?P<latex>.*?)\s*(?:;\s*\w+:|$)")
RELATION = re.compile(r"\\leftarrow|(?<!:)=")

RIGHT = {
    "defined": {"declared", "defined", "assumed", "proved"},
    "proved": {"proved"},
    "refuted": {"refuted"},
    "expression": {"expression", "declared", "defined", "assumed", "proved", "unknown", "unread"},
    # what a page leaves open, or says under conditions that never hold together
    "unknown": {"unknown"},
}


@dataclass(frozen=True)
class Labelled:
    """One displayed formula of a document: its line (1-based), its label, and what would make it true."""

    document: Path
    line: int
    label: str
    fix: str

    @property
    def name(self) -> str:
        return f"{self.document.stem}:{self.line}"


def labels_of(document: Path) -> tuple[list[str], list[Labelled]]:
    """The document's lines with all label comments blanked, and its labels."""
    lines = document.read_text(encoding="utf-8").split("\n")
    found, pending = [], None
    for number, line in enumerate(lines, start=1):
        if match := LABEL.search(line):
            fix = FIX.search(match["options"] or "")
            pending = match["label"], fix["latex"] if fix else ""
            lines[number - 1] = ""
        elif pending and line.strip():
            found.append(Labelled(document, number, *pending))
            pending = None
    return lines, found


LABELLED = [labelled for document in CASES for labelled in labels_of(document)[1]]


@cache
def verdicts(text: str, folder: Path, name: str) -> dict[int, FormulaVerdict]:
    """The displayed formulas of a text, by line."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return {formula.line: formula for formula in check(path).documents[0].formulas if formula.display}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cases")


def test_there_are_enough_cases() -> None:
    assert len(WHOLE_PAGES) >= 3
    assert len(CASES) > len(WHOLE_PAGES)
    for document in WHOLE_PAGES:
        labels = [labelled.label for labelled in labels_of(document)[1]]
        assert labels.count("proved") >= 8, document.name
        assert labels.count("refuted") >= 8, document.name
        assert set(labels) <= set(RIGHT)


@pytest.mark.parametrize("labelled", LABELLED, ids=lambda labelled: labelled.name)
def test_verdict(labelled: Labelled, folder: Path) -> None:
    lines, _ = labels_of(labelled.document)
    said = verdicts("\n".join(lines), folder, labelled.document.name)[labelled.line]
    assert said.verdict.value in RIGHT[labelled.label], f"{said.latex}\n{said.verdict}: {said.reason}"


@pytest.mark.parametrize("document", CASES, ids=lambda document: document.stem)
def test_inline_formulas_raise_no_alarm(document: Path, folder: Path) -> None:
    path = folder / document.name
    path.write_text("\n".join(labels_of(document)[0]), encoding="utf-8")
    faults = [
        f"{formula.line}: {formula.latex}: {formula.verdict}: {formula.reason}"
        for formula in check(path).documents[0].formulas
        if not formula.display and formula.verdict.value in ("refuted", "unread", "unknown")
    ]
    assert not faults, "\n".join(faults)


def outside_braces(latex: str) -> str:
    r"""A formula without what stands in braces, such as the `i=1` below a sum."""
    before = None
    while before != latex:
        before, latex = latex, re.sub(r"\{[^{}]*\}", "", latex)
    return latex


def mended(formula: str, fix: str) -> str:
    """A displayed formula on one line with its mistake replaced by what is right.

    >>> mended("$$a = b,$$", "c")
    '$$a = c$$'
    """
    left = RELATION.split(formula.removeprefix("$$"), maxsplit=1)[0]
    if RELATION.search(outside_braces(fix)):
        return f"$${fix}$$"
    relation = RELATION.search(formula)
    assert relation, formula
    return f"$${left}{relation[0]} {fix}$$"


@pytest.mark.parametrize("document", CASES, ids=lambda document: document.stem)
def test_mended_formulas_are_proved(document: Path, folder: Path) -> None:
    """The labels check themselves: with each mistake mended, the checker has nothing left to refute."""
    lines, labels = labels_of(document)
    refuted = [labelled for labelled in labels if labelled.label == "refuted"]
    assert all(labelled.fix for labelled in refuted)
    for labelled in refuted:
        lines[labelled.line - 1] = mended(lines[labelled.line - 1], labelled.fix)
    said = verdicts("\n".join(lines), folder, f"mended-{document.name}")
    wrong = [
        f"{labelled.line}: {said[labelled.line].latex}: {said[labelled.line].verdict}: {said[labelled.line].reason}"
        for labelled in refuted
        if said[labelled.line].verdict.value != "proved"
    ]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="module")
def example() -> Report:
    return check(EXAMPLE)


def test_example_has_two_slips(example: Report) -> None:
    formulas = example.documents[0].formulas
    slips = [formula for formula in formulas if formula.verdict.value == "refuted"]
    assert [formula.latex.strip() for formula in slips] == [
        r"\delta^{(2)} = \frac{\partial L}{\partial a^{(2)}} = (a^{(2)} - y) \cdot \sigma'(z^{(2)})",
        r"\sigma'(x) = x \cdot (1 - x)",
    ]
    assert any(r"\partial z^{(2)}" in suggestion for suggestion in slips[0].suggestions), slips[0].suggestions
    assert any(r"\sigma(x)" in suggestion for suggestion in slips[1].suggestions), slips[1].suggestions


def test_everything_else_of_the_example_is_decided(example: Report) -> None:
    undecided = [
        f"{formula.line}: {formula.latex}: {formula.reason}"
        for formula in example.documents[0].formulas
        if formula.verdict.value in ("unknown", "unread")
    ]
    assert not undecided, "\n".join(undecided)
    assert example.summary["proved"] >= 11
