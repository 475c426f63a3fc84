"""What is said of a document: the result of a check. `gradproof check --format json` is this and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """From the worst to the best; what each promises stands in the README."""

    REFUTED = "refuted"
    UNREAD = "unread"
    UNKNOWN = "unknown"
    PROVED = "proved"
    DEFINED = "defined"
    DECLARED = "declared"
    ASSUMED = "assumed"
    EXPRESSION = "expression"


def worst(verdicts: list[Verdict]) -> Verdict:
    """The verdict of a formula is the worst of its statements."""
    order = list(Verdict)
    return min(verdicts, key=order.index, default=Verdict.EXPRESSION)


@dataclass(frozen=True)
class Counterexample:
    """Rational inputs at which the two sides differ, and what each side is there; `entry` says which entry was compared."""

    inputs: Mapping[str, str]
    left: str
    right: str
    entry: str = ""


@dataclass(frozen=True)
class StatementVerdict:
    """One statement of a formula. `column` is its first column within the formula's LaTeX, 0-based."""

    kind: str
    latex: str
    verdict: Verdict
    reason: str = ""
    column: int = 0
    reading: str = ""
    scope: str = ""
    assumptions: tuple[str, ...] = ()
    counterexample: Counterexample | None = None
    suggestions: tuple[str, ...] = ()
    shapes: str = ""
    """For a shape that does not fit: the factors with their sizes."""
    warning: str = ""


@dataclass(frozen=True)
class FormulaVerdict:
    """One formula. `column` is 1-based, of the opening delimiter; `error_column` where reading stopped, 0-based in `latex`."""

    line: int
    column: int
    end_line: int
    display: bool
    latex: str
    verdict: Verdict
    scope: str = ""
    reading: str = ""
    assumptions: tuple[str, ...] = ()
    reason: str = ""
    counterexample: Counterexample | None = None
    suggestions: tuple[str, ...] = ()
    statements: tuple[StatementVerdict, ...] = ()
    cell: int | None = None
    error_column: int | None = None
    warning: str = ""


@dataclass(frozen=True)
class DocumentVerdicts:
    """All formulas of a document, and notes on the whole (the layout that its derivatives keep to)."""

    path: str
    formulas: tuple[FormulaVerdict, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """The result of a check over one or more documents."""

    documents: tuple[DocumentVerdicts, ...]
    version: int = field(default=1)

    @property
    def summary(self) -> Mapping[str, int]:
        """How many formulas got each verdict; every verdict is counted, so that what was skipped shows."""
        counts = Counter(formula.verdict for document in self.documents for formula in document.formulas)
        return {verdict.value: counts.get(verdict, 0) for verdict in Verdict}

    @property
    def refuted(self) -> int:
        return self.summary[Verdict.REFUTED.value]

    def _repr_html_(self) -> str:
        from derive.face import report_html

        return report_html(self)
