"""Verdicts as workflow commands, which GitHub shows beside the lines of a pull request.

Source of the escapes: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
"""

from __future__ import annotations

from derive.verdicts import FormulaVerdict, Report, Verdict
from reports.places import summary_line

_COMMAND = {Verdict.REFUTED: "error", Verdict.UNREAD: "warning", Verdict.UNKNOWN: "warning"}


def write(report: Report) -> str:
    r"""One command a line for each formula that was refuted, not read or not decided, and one with the summary.

    >>> from derive.verdicts import DocumentVerdicts
    >>> formula = FormulaVerdict(66, 1, 66, True, "a = b", Verdict.REFUTED, reason="not equal")
    >>> print(write(Report((DocumentVerdicts("notes.md", (formula,)),))))
    ::error file=notes.md,line=66,endLine=66,col=1,title=refuted::not equal
    ::notice title=gradproof::1 formula (1 displayed): 1 refuted
    """
    lines = [
        _command(document.path, formula)
        for document in report.documents
        for formula in document.formulas
        if formula.verdict in _COMMAND or formula.warning
    ]
    return "\n".join([*lines, f"::notice title=gradproof::{_data(summary_line(report))}"])


def _command(path: str, formula: FormulaVerdict) -> str:
    message = formula.reason or formula.verdict.value
    if formula.warning:
        message += f"\nwarning: {formula.warning}"
    if formula.suggestions:
        message += "\ntry: " + " or ".join(formula.suggestions)
    where = f"file={_property(path)},line={formula.line},endLine={formula.end_line},col={formula.column}"
    return f"::{_COMMAND.get(formula.verdict, 'warning')} {where},title={formula.verdict.value}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
