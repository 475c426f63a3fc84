"""reStructuredText to a `Document`: the `math` directive and role; everything else is prose, code or a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from derive.readers.assemble import Mathematics, Part, assemble, split_lines
from derive.readers.document import CodeBlock, Document, Formula, Place, Section
from derive.readers.scan import Passage

_DIRECTIVE = re.compile(r"(?P<indent>\s*(?:[-*+]\s+)?)\.\.\s+(?P<name>[\w:.+-]+?)::(?:\s+(?P<argument>.*))?$")
_COMMENT = re.compile(r"\s*\.\.(\s+(?!_|\[|\|)|$)")
_OPTION = re.compile(r"\s*:[\w-]+:(\s|$)")
_LITERAL = r"``[^\s](?:[\s\S]{0,500}?[^\s])?``(?!`)"
_ROLE = re.compile(rf":math:`(?P<role>[^`]+)`|{_LITERAL}|(?<![\w:])`(?P<trailing>[^`]+)`:math:")
_CODE = frozenset(
    {"code", "code-block", "sourcecode", "parsed-literal", "highlight", "raw", "productionlist", "doctest"}
)
_UNDERLINE = re.compile(r"([=\-~^\"'#*+`:._])\1{2,}\s*$")


def read_restructured(text: str, path: str = "") -> Document:
    """Read the `math` directives (blank lines part their formulas) and `math` roles of reStructuredText.

    >>> page = "For :math:`x > 0`\\n\\n.. math::\\n   :label: a\\n\\n   y = x"
    >>> [(f.latex, f.place.line, f.latex_place.line) for f in read_restructured(page).formulas]
    [('x > 0', 1, 1), ('y = x', 3, 6)]
    """
    lines = split_lines(text)
    parts = list(_parts(lines))
    passages = [part for part in parts if isinstance(part, Passage)]
    others = [part for part in parts if not isinstance(part, Passage)]
    document = assemble(path, lines, others)
    roles = [formula for passage in passages for formula in _roles(passage)]
    formulas = sorted([*document.formulas, *roles], key=lambda f: (f.place.line, f.place.column))
    prose = "\n\n".join(re.sub(_LITERAL, "", passage.text) for passage in passages)
    title = document.title or (document.sections[0].title if document.sections else "")
    return Document(path, document.lines, tuple(formulas), document.code, document.sections, prose, title)


def _roles(passage: Passage) -> Iterator[Formula]:
    for found in _ROLE.finditer(passage.text):
        name = "role" if found["role"] else "trailing"
        if not found[name]:
            continue
        yield Formula(
            latex=found[name],
            display=False,
            place=passage.place(found.start()),
            end=passage.place(found.end() - 1),
            latex_place=passage.place(found.start(name)),
            before=" ".join(passage.text[max(0, found.start() - 1000) : found.start()].split()),
            after=" ".join(passage.text[found.end() : found.end() + 1000].split()),
        )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[str], start: int, indent: int) -> int:
    """The line behind the block that is indented more than `indent`."""
    number = start
    while number < len(lines) and (not lines[number].strip() or _indent(lines[number]) > indent):
        number += 1
    return number


def _parts(lines: list[str]) -> Iterator[Part]:
    levels: list[str] = []
    rows: list[tuple[int, int, str]] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        directive = _DIRECTIVE.match(line)
        heading = number + 1 < len(lines) and _UNDERLINE.match(lines[number + 1]) and line.strip()
        if not line.strip() or directive or _COMMENT.match(line):
            if rows:
                yield Passage.of(rows)
            rows = []
        if directive and directive["name"] in {"math", *_CODE}:
            margin = len(directive["indent"]) if directive["indent"].strip() == "" else _indent(line)
            end = _block(lines, number + 1, margin)
            if directive["name"] == "math":
                yield from map(_wrapped, _math(lines, number, end, directive))
            else:
                yield _code(lines, number, end, (directive["argument"] or "").strip())
            number = end
        elif _COMMENT.match(line) and not directive:
            number = _block(lines, number + 1, _indent(line))
        elif heading and not _UNDERLINE.match(line) and len(lines[number + 1].rstrip()) >= len(line.strip()):
            mark = lines[number + 1][0] + ("o" if number and _UNDERLINE.match(lines[number - 1]) else "")
            if mark not in levels:
                levels.append(mark)
            yield Section(line.strip(), levels.index(mark) + 1, Place(number + 1, _indent(line) + 1))
            rows.append((number + 1, _indent(line) + 1, line.strip()))
            number += 2
        else:
            if line.strip() and not _UNDERLINE.match(line) and not directive:
                rows.append((number + 1, _indent(line) + 1, line.strip()))
            number += 1
            if line.rstrip().endswith("::") and not directive:
                after = _block(lines, number, _indent(line))
                if any(text.strip() for text in lines[number:after]):
                    yield Passage.of(rows)
                    rows = []
                    yield _code(lines, number - 1, after, "")
                    number = after
    if rows:
        yield Passage.of(rows)


def _code(lines: list[str], start: int, end: int, language: str) -> CodeBlock:
    body = lines[start + 1 : end]
    while body and (not body[0].strip() or _OPTION.match(body[0])):
        body = body[1:]
    margin = min((_indent(line) for line in body if line.strip()), default=0)
    text = "\n".join(line[margin:] for line in body).rstrip()
    return CodeBlock(text + "\n", language, Place(start + 1, _indent(lines[start]) + 1))


def _wrapped(formula: Mathematics) -> Mathematics:
    r"""Several rows, or marks to align them, are a `split` in this format; its `\begin` counts as the line above."""
    if ("\\\\" not in formula.latex and "&" not in formula.latex) or r"\begin{" in formula.latex[:20]:
        return formula
    above = replace(formula.latex_place, line=formula.latex_place.line - 1)
    return replace(formula, latex="\\begin{split}\n" + formula.latex + "\n\\end{split}", latex_place=above)


def _math(lines: list[str], start: int, end: int, directive: re.Match[str]) -> Iterator[Mathematics]:
    """The formulas of one directive: what stands behind its name, and each paragraph of its block."""
    opening = Place(start + 1, lines[start].index("..") + 1)
    groups: list[list[int]] = [[]]
    number = start + 1
    while number < end and _OPTION.match(lines[number]):
        number += 1
    for row in range(number, end):
        if lines[row].strip():
            groups[-1].append(row)
        elif groups[-1]:
            groups.append([])
    argument = (directive["argument"] or "").strip()
    if argument:
        column = lines[start].rfind(argument) + 1
        first = groups.pop(0) if groups[0] and groups[0][0] == start + 1 else []
        latex = "\n".join([argument, *(lines[row].strip() for row in first)])
        last = first[-1] if first else start
        yield Mathematics(latex, opening, Place(last + 1, len(lines[last].rstrip())), Place(start + 1, column))
    for index, group in enumerate(group for group in groups if group):
        margin = min(_indent(lines[row]) for row in group)
        place = Place(group[0] + 1, _indent(lines[group[0]]) + 1)
        yield Mathematics(
            latex="\n".join(lines[row][margin:].rstrip() for row in group),
            place=opening if index == 0 and not argument else place,
            end=Place(group[-1] + 1, len(lines[group[-1]].rstrip())),
            latex_place=Place(group[0] + 1, margin + 1),
        )
