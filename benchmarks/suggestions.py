"""How many of the corrections that are suggested first are those that the labels of a corpus ask for.

    python benchmarks/suggestions.py DOCUMENT_OR_FOLDER...

A document's labels are comments, `<!-- expect: refuted; fix: LATEX -->`, each right above a displayed formula; the fix is a right
side or a whole formula. A suggestion and a fix are the same when both are proved of the same left side, however they are written.
The target: 70 % of the refuted formulas.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from derive.check import check_documents, read_text
from derive.verdicts import FormulaVerdict, Verdict

TARGET = 0.7

_LABEL = re.compile(r"<!--\s*expect:\s*(\w+)(.*?)-->", re.DOTALL)
_FIX = re.compile(r";\s*fix:(.*?)(?:;\s*\w+:|$)", re.DOTALL)
_RELATION = re.compile(r"(?<!:)=|:=|\\leftarrow|\\gets")


@dataclass(frozen=True)
class Wanted:
    """A formula that is labelled as refuted: the lines it takes, what it says, and what it should say."""

    line: int
    end: int
    latex: str
    fix: str


@dataclass(frozen=True)
class Outcome:
    """What was suggested first for a formula, and whether it is the fix."""

    wanted: Wanted
    suggestion: str
    same: bool


def labelled(text: str) -> tuple[str, list[Wanted]]:
    """A document with its labels blanked, and the formulas that its labels call refuted."""
    blank = _LABEL.sub(lambda label: re.sub(r"[^\n]", "", label[0]), text)
    lines = blank.split("\n")
    wanted = []
    for label in _LABEL.finditer(text):
        fix = _FIX.search(label[2])
        if label[1] == "refuted" and fix is not None:
            start = text[: label.end()].count("\n") + 1
            opened = lines[start].strip()
            end = start if opened.endswith("$$") and opened != "$$" else start + 1
            while not lines[end].rstrip().endswith("$$"):
                end += 1
            latex = "\n".join(lines[start : end + 1]).strip().removeprefix("$$").removesuffix("$$")
            wanted.append(Wanted(start + 1, end + 1, latex, fix[1].strip()))
    return blank, wanted


def outcomes(text: str) -> Iterator[Outcome]:
    """The first suggestions for the formulas of a document that are rightly refuted."""
    blank, wanted = labelled(text)
    said = _displays(blank)
    for each in wanted:
        formula = said.get(each.line)
        if formula is None or formula.verdict is not Verdict.REFUTED:
            continue
        suggestion = formula.suggestions[0] if formula.suggestions else ""
        yield Outcome(each, suggestion, bool(suggestion) and _same(blank, each, suggestion))


def _same(text: str, wanted: Wanted, suggestion: str) -> bool:
    """Whether both mend the formula, keeping to the same left side."""
    whole = _whole(wanted.latex, wanted.fix)
    if _left(_whole(wanted.latex, suggestion)) != _left(whole):
        return False
    lines = text.split("\n")
    lines[wanted.line - 1 : wanted.end] = [f"$${whole}$$", *[""] * (wanted.end - wanted.line)]
    mended = _displays("\n".join(lines)).get(wanted.line)
    return mended is not None and mended.verdict is Verdict.PROVED  # and so is the suggestion, or it would be none


def _whole(formula: str, mended: str) -> str:
    """A right side behind the formula's left side; a whole formula as it is."""
    if _RELATION.search(_outside_braces(mended)):
        return mended
    relation = _RELATION.search(formula)
    assert relation is not None, formula
    return f"{formula[: relation.end()]} {mended}"


def _left(formula: str) -> str:
    relation = _RELATION.search(formula)
    assert relation is not None, formula
    return re.sub(r"\s|\\left|\\right|[{}]", "", formula[: relation.start()])


def _outside_braces(latex: str) -> str:
    before = None
    while before != latex:
        before, latex = latex, re.sub(r"\{[^{}]*\}", "", latex)
    return latex


def _displays(text: str) -> dict[int, FormulaVerdict]:
    found = check_documents([read_text(text)]).documents[0].formulas
    return {formula.line: formula for formula in found if formula.display}


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    paths = [
        path for each in map(Path, arguments) for path in (sorted(each.glob("**/*.md")) if each.is_dir() else [each])
    ]
    same = none = total = 0
    for path in paths:
        found = list(outcomes(path.read_text(encoding="utf-8")))
        hits = sum(outcome.same for outcome in found)
        if found:
            print(f"{path.name:40} {hits:3} of {len(found):3}")
        for outcome in found:
            if not outcome.same:
                print(f"  line {outcome.wanted.line}: {outcome.suggestion or 'nothing'}  ({outcome.wanted.fix})")
        total, same, none = total + len(found), same + hits, none + sum(not each.suggestion for each in found)
    if not total:
        print("no formula with a fix was refuted")
        return 1
    print(f"{total} refuted formulas: {same} first suggestions are the fix ({same / total:.0%}), {none} have none")
    return 0 if same >= TARGET * total else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
