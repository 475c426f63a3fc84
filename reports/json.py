"""The machine-readable result of a check: one JSON object, of which every other format is a view.

The keys are fixed. `cell` (of a notebook), `warning`, `entry` and `notes` appear only where there is something to say.
"""

from __future__ import annotations

import json
from typing import Any

from derive.verdicts import Counterexample, DocumentVerdicts, FormulaVerdict, Report, StatementVerdict


def write(report: Report, *, indent: int | None = 1) -> str:
    """The report as JSON text, in ASCII, so that it passes unharmed through any terminal, pipe or log.

    >>> print(write(Report(documents=()), indent=None))  # doctest: +ELLIPSIS
    {"version": 1, "documents": [], "summary": {"refuted": 0, "unread": 0, "unknown": 0, "proved": 0, ...}}
    """
    return json.dumps(as_dict(report), indent=indent, ensure_ascii=True)


def as_dict(report: Report) -> dict[str, Any]:
    """The report as the plain lists and dictionaries that JSON knows."""
    return {
        "version": report.version,
        "documents": [_document(document) for document in report.documents],
        "summary": dict(report.summary),
    }


def _document(document: DocumentVerdicts) -> dict[str, Any]:
    found: dict[str, Any] = {"path": document.path, "formulas": [_formula(formula) for formula in document.formulas]}
    return found | _present(notes=list(document.notes))


def _formula(formula: FormulaVerdict) -> dict[str, Any]:
    found: dict[str, Any] = {
        "line": formula.line,
        "column": formula.column,
        "end_line": formula.end_line,
        "display": formula.display,
        "latex": formula.latex,
        "verdict": formula.verdict.value,
        "scope": formula.scope,
        "reading": formula.reading,
        "assumptions": list(formula.assumptions),
        "reason": formula.reason,
        "counterexample": _counterexample(formula.counterexample),
        "suggestions": list(formula.suggestions),
        "statements": [_statement(statement) for statement in formula.statements],
    }
    return found | _present(cell=formula.cell, warning=formula.warning)


def _statement(statement: StatementVerdict) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": statement.kind,
        "latex": statement.latex,
        "verdict": statement.verdict.value,
        "reason": statement.reason,
    }
    return found | _present(warning=statement.warning)


def _counterexample(counterexample: Counterexample | None) -> dict[str, Any] | None:
    if counterexample is None:
        return None
    found: dict[str, Any] = {
        "inputs": dict(counterexample.inputs),
        "left": counterexample.left,
        "right": counterexample.right,
    }
    return found | _present(entry=counterexample.entry)


def _present(**values: object) -> dict[str, object]:
    return {key: value for key, value in values.items() if value}
