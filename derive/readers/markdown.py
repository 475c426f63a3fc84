"""Markdown to a `Document`: markdown-it-py finds the blocks, `scan` finds the formulas in their lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from derive.readers.assemble import Mathematics, Part, assemble, split_lines
from derive.readers.document import CodeBlock, Document, Place, Section
from derive.readers.scan import Passage, closes, left_open

_LIST_MARK = re.compile(r"[-*](\s|$)|\d{1,9}[.)](\s|$)")
_MARK = re.compile(r"[-+*](\s|$)|\d{1,9}[.)](\s|$)|>|#{1,6}\s")
_FENCE_MARK = re.compile(r"[\s>]*(?P<mark>`{3,}|~{3,})\s*(?P<info>[^\s`]*)[^`]*$")
_CONTAINERS = frozenset({"list_item_open", "blockquote_open"})
_MARKDOWN = frozenset({"markdown", "md", "tex", "latex", "text", "rst", "myst"})
_REPAIRS = 8


def _protect_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: the lines from one that leaves a display formula open to the one that closes it are text.

    Without it a row that starts with `+` or `-` would become a list, one of `=` a heading. A formula that nothing
    closes before the next blank line is left alone, and so runs to the end of its paragraph.
    """
    line = _line(state, start)
    indented_code = state.is_code_block(start)
    if indented_code and (state.level == 0 or not line.startswith(("$$", r"\["))):
        return False
    opening = None if _MARK.match(line) and not indented_code else left_open(line)
    last = start
    if opening is not None:
        if start < state.env["vain"].get(opening.kind, 0):
            return False
        last = _closing_line(state, start, end, opening.kind)
        if last < 0:
            return False
    elif not indented_code:
        return False
    if silent:
        return True
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, last + 1, state.blkIndent, False)
    token.map = [start, last + 1]
    token.meta = {"formula": True}
    state.line = last + 1
    return True


def _closing_line(state: StateBlock, start: int, end: int, kind: str) -> int:
    """The line that closes what `start` leaves open, or -1. An environment ends by name, so it may hold blank lines."""
    environment = kind[0].isalpha()
    number, blank = start + 1, False
    while number < end:
        line = _line(state, number)
        if not line:
            if not environment:
                break
            blank = True
        elif state.sCount[number] < state.blkIndent and (blank or _LIST_MARK.match(line)):
            break
        else:
            at = closes(line, kind)
            if at >= 0:
                again = left_open(line[at:])
                if again is None:
                    return number
                kind = again.kind
            elif environment and f"\\begin{{{kind}}}" in line:
                break
        number += 1
    state.env["vain"][kind] = number
    return -1


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.disable("reference")  # a definition is scanned as text: it may be a footnote with formulas
    parser.block.ruler.before("table", "formula", _protect_formula, {"alt": ["paragraph", "blockquote", "list"]})
    return parser


def read_markdown(text: str, path: str = "") -> Document:
    """Read Markdown with TeX formulas, as pandoc, Jupyter, GitHub, Jekyll and MyST write them.

    Formulas are `$...$`, `$$...$$`, backslash-brackets and -parentheses (also doubled, as Jekyll wants them), blocks
    fenced as `math`, and bare environments. Code, HTML comments and YAML front matter hold none. A `$$` that nothing
    closes runs to the end of its paragraph. Raises UnreadableDocument for more formulas than any page has.

    >>> document = read_markdown("Let $a = 1$, so\\n$$b = a$$")
    >>> [(f.latex, f.place.line, f.place.column) for f in document.formulas]
    [('a = 1', 1, 5), ('b = a', 2, 1)]
    >>> document.formulas[1].before
    'Let $a = 1$, so'
    """
    lines = split_lines(text)
    parts, title = markdown_parts(lines)
    return assemble(path, lines, parts, title)


def markdown_parts(lines: Sequence[str]) -> tuple[list[Part], str]:
    """The parts of a page of Markdown, and the title that its front matter gives."""
    body, title = _front_matter(lines)
    tokens = _tokens(body)
    return [*_parts(tokens, lines), *_uncovered(tokens, body)], title


def _front_matter(lines: Sequence[str]) -> tuple[list[str], str]:
    """The lines with YAML front matter blanked, and the title it gives."""
    body = list(lines)
    if not body or body[0].rstrip() != "---":
        return body, ""
    last = next((n for n, line in enumerate(body[1:], start=1) if line.rstrip() in ("---", "...")), 0)
    if not last or not re.match(r"[\w-]+\s*:|#|\s*$", body[1]):
        return body, ""
    title = ""
    for line in body[1:last]:
        if found := re.match(r"title\s*:\s*(.+)", line):
            title = found[1].strip().strip("\"'")
    return [""] * (last + 1) + body[last + 1 :], title


def _tokens(body: list[str]) -> list[Token]:
    """The block tokens, fences and comments mended that swallow display formulas because their end is missing."""
    parser = _parser()
    tokens = parser.parse("\n".join(body), {"vain": {}})
    for _ in range(_REPAIRS):
        broken = next((mended for token in tokens if (mended := _mend(token, body))), None)
        if broken is None:
            break
        number, replacement = broken
        body[number] = replacement
        tokens = parser.parse("\n".join(body), {"vain": {}})
    return tokens


def _mend(token: Token, body: list[str]) -> tuple[int, str] | None:
    """Which line to replace by what, so that the block ends where its author meant it to."""
    if token.map is None or token.type not in ("fence", "html_block"):
        return None
    first, last = token.map
    if token.type == "html_block":
        text = token.content
        unclosed = text.lstrip().startswith("<!--") and "-->" not in text and "$$" in text
        return (first, body[first].replace("<!--", "", 1)) if unclosed else None
    formula = next((n for n in range(first + 1, last) if body[n].lstrip(" \t>").startswith("$$")), None)
    if formula is None or _language(token.info) in _MARKDOWN | {"math"}:
        return None
    mark = token.markup
    inner = None
    for number in range(first + 1, last):
        fence = _FENCE_MARK.match(body[number])
        if fence and fence["mark"].startswith(mark) and fence["info"]:
            inner = number
            break
    if inner is not None and inner < formula:
        return inner, body[inner][: body[inner].index(mark)] + mark
    closed = last - 1 > first and body[last - 1].strip(" \t>") and not body[last - 1].strip(" \t>" + mark[0])
    return (first, "") if inner is not None or not closed else None


def _language(info: str) -> str:
    words = info.replace("{", " ").replace("}", " ").replace(",", " ").split()
    return words[0].lstrip(".").lower() if words else ""


def _parts(tokens: list[Token], lines: Sequence[str]) -> Iterator[Part]:
    """Passages, fenced formulas, code and headings, in the order of the file."""
    rows: list[tuple[int, int, str]] = []
    heading: Token | None = None
    table_row = False
    for token in tokens:
        first, last = token.map or (0, 0)
        if token.type == "inline" and not table_row:
            new = _rows(token, lines)
            if rows and (heading is not None or rows[-1][0] != first):
                yield Passage.of(rows)
                rows = []
            rows += new
            if heading is not None:
                yield Section(" ".join(token.content.split()), int(heading.tag[1:]), Place(first + 1, new[0][1]))
                yield Passage.of(rows)
                rows = []
            continue
        if token.type in ("paragraph_open", "paragraph_close") or token.type.endswith("_list_close"):
            continue
        if rows and token.type not in ("list_item_close", "blockquote_close"):
            yield Passage.of(rows)
            rows = []
        match token.type:
            case "heading_open":
                heading = token
            case "heading_close":
                heading = None
            case "tr_open":
                table_row = True
                yield Passage.of([(first + 1, 1, lines[first])])
            case "tr_close":
                table_row = False
            case "html_block":
                yield Passage.of([(n + 1, 1, lines[n]) for n in range(first, min(last, len(lines)))])
            case "fence" if _language(token.info) == "math":
                if token.content.strip():
                    yield _fenced_formula(token, lines)
            case "fence" | "code_block":
                column = len(lines[first]) - len(lines[first].lstrip(" \t")) + 1
                if token.type == "fence":
                    column = lines[first].find(token.markup) + 1
                yield CodeBlock(token.content, _language(token.info), Place(first + 1, column))
    if rows:
        yield Passage.of(rows)


def _rows(token: Token, lines: Sequence[str]) -> list[tuple[int, int, str]]:
    """The token's content, each line with the line and column of the file at which it stands."""
    assert token.map is not None
    first = token.map[0]
    rows = []
    for index, content in enumerate(token.content.split("\n")):
        line = lines[first + index] if first + index < len(lines) else ""
        content = content.rstrip()
        if not line.rstrip().endswith(content):  # a tab was partly taken for indentation
            content = content.lstrip()
        column = line.rfind(content) if content else len(line)
        rows.append((first + index + 1, max(column, 0) + 1, content))
    return rows


def _fenced_formula(token: Token, lines: Sequence[str]) -> Mathematics:
    """A block fenced as `math`: options of a MyST directive (`:label: x`) are no part of the formula."""
    assert token.map is not None
    first, last = token.map
    content = token.content.split("\n")[:-1] if token.content.endswith("\n") else token.content.split("\n")
    number = first + 1
    while len(content) > 1 and re.match(r"\s*:[\w-]+:", content[0]):
        content, number = content[1:], number + 1
    line = lines[number] if number < len(lines) else ""
    if content[0].strip():
        content = [content[0].lstrip(), *content[1:]]  # of an indented block a tab may come back as spaces
    column = line.rfind(content[0].strip()) if content[0].strip() else 0
    final = min(last, len(lines))
    return Mathematics(
        latex="\n".join(content),
        place=Place(first + 1, lines[first].find(token.markup) + 1),
        end=Place(final, max(1, len(lines[final - 1].rstrip()))),
        latex_place=Place(number + 1, max(column, 0) + 1),
    )


def _uncovered(tokens: list[Token], body: Sequence[str]) -> Iterator[Part]:
    """Lines with formulas that no block holds (deeper than the block parser goes): read as they stand."""
    covered: set[int] = set()
    for token in tokens:
        if token.map and token.type not in ("bullet_list_open", "ordered_list_open", *_CONTAINERS, "table_open"):
            covered.update(range(*token.map))
    rows: list[tuple[int, int, str]] = []
    for number, line in enumerate([*body, ""]):
        if number not in covered and line.strip():
            rows.append((number + 1, 1, line))
        elif rows:
            if any("$" in text or "\\" in text for _, _, text in rows):
                yield Passage.of(rows)
            rows = []
