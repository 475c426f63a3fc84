"""Where a verdict stands in its file, and what is said of a report as a whole: shared by all output for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from derive.readers.document import Document, Formula
from derive.verdicts import FormulaVerdict, Report, Verdict

UNDECIDED = frozenset({Verdict.UNKNOWN, Verdict.UNREAD})
JUDGED = frozenset({Verdict.PROVED, Verdict.REFUTED})


@dataclass(frozen=True)
class Spot:
    """A position in a file, both numbers 1-based, and how many characters of that line are meant (at least 1)."""

    line: int
    column: int
    length: int = 1


def formula_of(document: Document, verdict: FormulaVerdict) -> Formula | None:
    """The formula that a verdict speaks of."""
    for formula in document.formulas:
        place = formula.place
        if (place.line, place.column, place.cell) == (verdict.line, verdict.column, verdict.cell):
            return formula
    return None


def spot(document: Document | None, verdict: FormulaVerdict) -> Spot:
    """What to point at: where reading stopped, else the worst statement, else the whole formula."""
    whole = Spot(verdict.line, verdict.column)
    formula = None if document is None else formula_of(document, verdict)
    if document is None or formula is None:
        return whole
    if verdict.error_column is not None:
        return locate(document, formula, verdict.error_column, 1)
    blamed = [statement for statement in verdict.statements if statement.verdict is verdict.verdict]
    if blamed and verdict.verdict not in (Verdict.PROVED, Verdict.DEFINED):
        return locate(document, formula, blamed[0].column, len(blamed[0].latex))
    return locate(document, formula, 0, len(formula.latex))


def locate(document: Document, formula: Formula, column: int, length: int) -> Spot:
    """The place in the file of a column (0-based) of a formula's LaTeX.

    Continuation lines are looked up in the file: in a block quote the file has a margin which the LaTeX has not.
    """
    column = max(0, min(column, len(formula.latex)))
    # Pointing at blank space tells nobody anything.
    while column < len(formula.latex) and formula.latex[column].isspace():
        column += 1
    before = formula.latex[:column]
    row = before.count("\n")
    offset = column - (before.rfind("\n") + 1)
    written = formula.latex.split("\n")[row]
    line = formula.latex_place.line + row
    start = formula.latex_place.column - 1 if row == 0 else 0
    source = line_text(document, line)
    if row and written.strip():
        found = source.find(written.strip())
        if found >= 0:
            start = found - (len(written) - len(written.lstrip()))
    left = len(written.rstrip()) - offset
    return Spot(line, start + offset + 1, max(1, min(length, left)))


def line_text(document: Document, line: int) -> str:
    return document.lines[line - 1] if 1 <= line <= len(document.lines) else ""


def count(number: int, noun: str) -> str:
    """
    >>> count(1, "formula"), count(3, "formula")
    ('1 formula', '3 formulas')
    """
    return f"{number} {noun}" + ("" if number == 1 else "s")


def summary_line(report: Report) -> str:
    """Every verdict counted in one line; says so when nothing could be judged."""
    formulas = _formulas(report)
    if not formulas:
        return "no formulas found, so nothing was judged"
    displayed = sum(formula.display for formula in formulas)
    counts = ", ".join(f"{number} {verdict}" for verdict, number in report.summary.items() if number)
    line = f"{count(len(formulas), 'formula')} ({displayed} displayed): {counts}"
    if not any(formula.verdict in JUDGED for formula in formulas):
        line += "; nothing could be judged"
    return line


@dataclass(frozen=True)
class Coverage:
    """How many displayed formulas got a definite verdict: one that is neither `unknown` nor `unread`."""

    definite: int
    displayed: int

    @property
    def share(self) -> float:
        return self.definite / self.displayed if self.displayed else 0.0


def coverage(formulas: Iterable[FormulaVerdict]) -> Coverage:
    displayed = [formula for formula in formulas if formula.display]
    return Coverage(sum(formula.verdict not in UNDECIDED for formula in displayed), len(displayed))


def unjudged(formulas: Iterable[FormulaVerdict]) -> Counter[str]:
    """Why displayed formulas got no definite verdict, names left out.

    >>> from derive.verdicts import FormulaVerdict, Verdict
    >>> unjudged([FormulaVerdict(1, 1, 1, True, "a", Verdict.UNKNOWN, reason=r"\\mathbf{i}^(t) is not defined")])
    Counter({'… is not defined': 1})
    """
    return Counter(
        _NAME.sub("…", formula.reason) or formula.verdict.value
        for formula in formulas
        if formula.display and formula.verdict in UNDECIDED
    )


_NAME = re.compile(r"(?:(?<=\s)|^)(?=\S*[^a-z\s,.;:'()-])\S+(?: (?=\S*[^a-z\s,.;:'()-])\S+)*|(?<!\S)[b-z](?!\S)")
"""Words that are no plain words: names and formulas."""


def _formulas(report: Report) -> list[FormulaVerdict]:
    return [formula for document in report.documents for formula in document.formulas]
