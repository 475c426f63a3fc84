"""The parts that a reader found, put together as a `Document`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from derive.readers.document import CodeBlock, Document, Formula, Place, Section, UnreadableDocument
from derive.readers.macros import EndlessMacro, Macro, definitions, expand
from derive.readers.scan import Found, Passage, Scan, scan

MOST_FORMULAS = 100_000
_MOST_FAILURES = 20
_CONTEXT = 1_000
_CONTEXT_OF_ALL = 50_000_000


@dataclass(frozen=True)
class Mathematics:
    """A display formula that is a block of its own, with no prose in its paragraph."""

    latex: str
    place: Place
    end: Place
    latex_place: Place


Part = Passage | Mathematics | CodeBlock | Section


def split_lines(text: str) -> list[str]:
    r"""The lines of a text as an editor counts them: `\n`, `\r\n` or `\r` ends a line, a byte order mark is dropped."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def assemble(
    path: str,
    lines: Sequence[str],
    parts: Sequence[Part],
    title: str = "",
    tex: bool = False,
    macros: Mapping[str, Macro] | None = None,
) -> Document:
    """A Document of the parts: the passages are scanned, macros expanded, those defined in a formula included.

    Raises UnreadableDocument for more than MOST_FORMULAS formulas.
    """
    scans: list[tuple[Passage, Scan]] = []
    blocks = [part for part in parts if isinstance(part, Mathematics)]
    formulas = [Formula(block.latex, True, block.place, block.end, block.latex_place) for block in blocks]
    count = len(formulas)
    for part in parts:
        if isinstance(part, Passage):
            scans.append((part, scan(part.text, tex)))
            count += len(scans[-1][1].formulas)
        if count > MOST_FORMULAS:
            raise UnreadableDocument(path, f"more than {MOST_FORMULAS} formulas", "split the document")
    context = min(_CONTEXT, _CONTEXT_OF_ALL // max(count, 1))
    for passage, found in scans:
        formulas += [_formula(passage, formula, context) for formula in found.formulas]
    formulas = _expanded(formulas, dict(macros or {}))
    sections = tuple(part for part in parts if isinstance(part, Section))
    return Document(
        path=path,
        lines=tuple(lines),
        formulas=tuple(sorted(formulas, key=lambda f: _order(f.place))),
        code=tuple(part for part in parts if isinstance(part, CodeBlock)),
        sections=sections,
        prose="\n\n".join(prose for passage, found in scans if (prose := _prose(passage, found).strip())),
        title=title or next((section.title for section in sections if section.level == 1), ""),
    )


def _expanded(formulas: list[Formula], macros: dict[str, Macro]) -> list[Formula]:
    """The formulas with macros expanded; a formula that only defines macros is none."""
    kept = []
    for formula in formulas:
        if "\\newcommand" in formula.latex or "\\DeclareMathOperator" in formula.latex or "\\def\\" in formula.latex:
            found, latex = definitions(formula.latex)
            macros |= found
            if found and not latex.strip():
                continue
            formula = replace(formula, latex=latex)
        kept.append(formula)
    if not macros:
        return kept
    failures = 0
    for index, formula in enumerate(kept):
        try:
            kept[index] = replace(formula, latex=expand(formula.latex, macros))
        except EndlessMacro:
            failures += 1
            if failures > _MOST_FAILURES:  # a hostile document; its formulas will be reported as unread
                break
    return kept


def in_cell(part: Part, cell: int) -> Part:
    """The part, said to stand in a cell of a notebook."""
    if isinstance(part, Passage):
        return replace(part, cell=cell)
    place = replace(part.place, cell=cell)
    if isinstance(part, Mathematics):
        return replace(
            part, place=place, end=replace(part.end, cell=cell), latex_place=replace(part.latex_place, cell=cell)
        )
    return replace(part, place=place)


def _order(place: Place) -> tuple[int, int, int]:
    return place.cell or 0, place.line, place.column


def _formula(passage: Passage, found: Found, context: int) -> Formula:
    """The formula with its places and with at most `context` characters of its paragraph on either side."""
    text = passage.text
    latex = text[found.inner : found.inner_end]
    return Formula(
        latex=_unescaped(latex) if found.kind.startswith("\\\\") else latex,
        display=found.display,
        place=passage.place(found.start),
        end=passage.place(max(found.end - 1, found.start)),
        latex_place=passage.place(found.inner),
        before=_fold(text[max(0, found.start - context) : found.start]),
        after=_fold(text[found.end : found.end + context]),
    )


_ESCAPE = re.compile(r"\\\\\\\\|\\\\(?=[{}])|\\[_*]")


def _unescaped(latex: str) -> str:
    r"""What a page whose delimiters are escaped for Markdown hands to TeX; blanks keep the columns.

    >>> print(_unescaped(r"y \in \\{ w\_1 \\}"))
    y \in  \{ w _1  \}
    """
    return _ESCAPE.sub(lambda m: " " * (len(m[0]) // 2) + m[0][len(m[0]) // 2 :], latex)


_LABEL = re.compile(r":(?:eq)?label:`[^`\n]*`|\{#eq[:-][\w:.-]*\}|\\label\{[^{}\n]*\}")


def _fold(text: str) -> str:
    """Prose on one line, without the marks that number an equation."""
    return " ".join(_LABEL.sub(" ", text).split())


def _prose(passage: Passage, found: Scan) -> str:
    pieces, position = [], 0
    for start, end in sorted(found.hidden):
        pieces.append(passage.text[position : max(start, position)])
        position = max(position, end)
    return "".join([*pieces, passage.text[position:]])
