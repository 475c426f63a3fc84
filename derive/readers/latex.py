r"""LaTeX source to a `Document`: comments and verbatim text blanked, macros collected, formulas found by paragraph."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from derive.readers.assemble import Part, assemble, split_lines
from derive.readers.document import CodeBlock, Document, Place, Section
from derive.readers.macros import argument, definitions
from derive.readers.scan import Passage

_VERBATIM = ("verbatim", "Verbatim", "lstlisting", "minted", "alltt", "comment", "tikzpicture", "filecontents")
_OPAQUE = re.compile(
    rf"\\begin\{{(?P<name>(?:{'|'.join(_VERBATIM)})\*?)\}}|\\(?:verb|lstinline)\*?(?P<mark>[^\w\s*])|(?P<comment>%[^\n]*)|\\."
)
_LONGEST_HEADING = 500
_LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 1,
    "subsection": 2,
    "subsubsection": 3,
    "paragraph": 4,
    "subparagraph": 5,
}
_HEADING = re.compile(rf"\\(?P<command>title|{'|'.join(_LEVELS)})\*?\s{{0,9}}(?:\[[^\]\n]{{0,200}}\])?\{{")


def read_latex(text: str, path: str = "") -> Document:
    r"""Read LaTeX: `$`, `$$`, brackets and the display environments; macros of the document are expanded in formulas.

    A formula that uses a macro has the expanded LaTeX: columns within it are those of the expansion.

    >>> page = r"\newcommand{\R}{\mathbb{R}} Let $x \in \R$."
    >>> [(f.latex, f.place.column) for f in read_latex(page).formulas]
    [('x \\in \\mathbb{R}', 33)]
    """
    lines = split_lines(text)
    source = "\n".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    visible, code = _visible(source, starts)
    macros, visible = definitions(visible)
    parts: list[Part] = list(code)
    title = ""
    for match in _HEADING.finditer(visible):
        body, _ = argument(visible[match.end() - 1 : match.end() + _LONGEST_HEADING], 0)
        name = " ".join((body or "").split())
        if match["command"] == "title":
            title = title or name
        else:
            parts.append(Section(name, _LEVELS[match["command"]], _place(starts, match.start())))
    begin, end = visible.find(r"\begin{document}"), visible.find(r"\end{document}")
    first = begin + len(r"\begin{document}") if begin >= 0 else 0
    last = end if end > first else len(visible)
    parts += _paragraphs(visible, lines, starts, first, last)
    return assemble(path, lines, parts, title, tex=True, macros=macros)


def _place(starts: list[int], offset: int) -> Place:
    row = bisect_right(starts, offset) - 1
    return Place(row + 1, offset - starts[row] + 1)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _visible(source: str, starts: list[int]) -> tuple[str, list[CodeBlock]]:
    """The source with everything blanked that TeX does not typeset as text, offsets kept; and the code in it."""
    pieces: list[str] = []
    code: list[CodeBlock] = []
    unclosed: set[str] = set()
    position = 0
    while token := _OPAQUE.search(source, position):
        pieces.append(source[position : token.start()])
        end = token.end()
        if token["name"]:
            closing = f"\\end{{{token['name']}}}"
            found = -1 if closing in unclosed else source.find(closing, end)
            if found < 0:  # not to be trusted with the rest of the document
                unclosed.add(closing)
                pieces.append(token[0])
                position = end
                continue
            end = found + len(closing)
            if token["name"].rstrip("*") not in ("comment", "tikzpicture", "filecontents"):
                body = source[token.end() : found].partition("\n")[2]
                code.append(CodeBlock(body, "", _place(starts, token.start())))
        elif token["mark"]:
            line_end = source.find("\n", end)
            found = source.find(token["mark"], end, line_end if line_end >= 0 else len(source))
            end = found + 1 if found >= 0 else end
        elif not token["comment"]:
            pieces.append(token[0])
            position = end
            continue
        pieces.append(_blank(source[token.start() : end]))
        position = end
    pieces.append(source[position:])
    return "".join(pieces), code


def _paragraphs(visible: str, lines: list[str], starts: list[int], first: int, last: int) -> Iterator[Passage]:
    """Passages between lines that are empty in the file: a line with a comment alone ends no paragraph."""
    rows: list[tuple[int, int, str]] = []
    for number, line in enumerate([*lines, ""]):
        start = starts[number]
        left, right = max(start, first), min(start + len(line), last)
        heading = _HEADING.match(visible, start + len(line) - len(line.lstrip())) if line.strip() else None
        if heading and rows:
            yield Passage.of(rows)
            rows = []
        if line.strip() and left < right:
            rows.append((number + 1, left - start + 1, visible[left:right]))
        if rows and (heading or not line.strip() or left >= right):
            yield Passage.of(rows)
            rows = []
