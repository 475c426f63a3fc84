"""Where the formulas stand in one passage of prose: dollars, backslash-brackets and bare environments, by offsets.

The scan goes once from left to right. Whatever opens first wins: a dollar inside a code span is code, a backtick
inside a formula is part of the formula. Every search for an end that fails is remembered, so that hostile text takes
linear time.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from derive.readers.document import Place

ENVIRONMENTS = (
    "align", "alignat", "aligned", "array", "bmatrix", "cases", "displaymath", "eqnarray", "equation", "flalign",
    "gather", "gathered", "math", "matrix", "multline", "pmatrix", "split", "subequations", "vmatrix",
)  # fmt: skip
"""Environments that are a formula of their own wherever they stand, as MathJax reads them (each also with a star)."""

_TAG = (
    r"</?(?P<tag>[A-Za-z][A-Za-z0-9-]{0,40})"
    r"(?:\s{1,99}+[A-Za-z_:][\w.:-]{0,99}+(?:=(?:\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s\"'=<>`]{1,2000}+))?+)*+\s{0,99}+/?>"
)
_TOKEN = re.compile(
    r"(?P<doubled>\\\\[\[(])|(?P<bracket>\\[\[(])"
    rf"|\\begin\{{(?P<environment>(?:{'|'.join(ENVIRONMENTS)})\*?)\}}"
    r"|(?P<escape>\\[\s\S]?)|(?P<ticks>`+)|(?P<dollars>\$+)|(?P<comment><!--)"
    rf"|{_TAG}|<[A-Za-z][A-Za-z0-9+.-]{{1,31}}:[^\s<>]{{0,2000}}+>|\]\([^()\s]{{0,2000}}+\)"
)
_TEX_TOKEN = re.compile(
    r"(?P<bracket>\\[\[(])"
    rf"|\\begin\{{(?P<environment>(?:{'|'.join(ENVIRONMENTS)})\*?)\}}"
    r"|(?P<escape>\\[\s\S]?)|(?P<dollars>\$+)"
)
_CLOSE_DOUBLE = re.compile(r"\\[\s\S]|(?P<end>\$\$)")
_CLOSE_BRACKET = {"[": re.compile(r"(?P<end>\\\])|\\[\s\S]"), "(": re.compile(r"(?P<end>\\\))|\\[\s\S]")}
_ALONE = re.compile(r"[^\]\n]*+(\n|\Z)")  # not the bracket of a link or a citation
_BLANK = re.compile(r"[ \t]*")
_SINGLE = re.compile(r"\\[\s\S]|(?P<end>\$)")
_RAW_TAGS = frozenset({"code", "kbd", "pre", "samp", "script", "style", "textarea"})
_CITATION = re.compile(r"[\d\s,;–-]*\Z")


@dataclass(frozen=True)
class Found:
    """A formula by its offsets in the passage: delimiters included (`start`, `end`) and without (`inner`, `inner_end`).

    `kind` is what opened it: `$`, `$$`, a backslash-bracket, or the name of an environment.
    """

    start: int
    inner: int
    inner_end: int
    end: int
    kind: str
    closed: bool = True

    @property
    def display(self) -> bool:
        """Whether the formula stands on lines of its own when the page is set."""
        return self.kind not in ("$", r"\(", r"\\(", "math")


@dataclass(frozen=True)
class Scan:
    """What one passage holds: its formulas, and the stretches (code, comments, tags) that are no prose."""

    formulas: tuple[Found, ...]
    hidden: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Passage:
    """Consecutive rows of prose, free of list and quotation marks, that remember where each row starts in the file."""

    text: str
    starts: tuple[int, ...]
    places: tuple[tuple[int, int], ...]
    cell: int | None = None

    @classmethod
    def of(cls, rows: list[tuple[int, int, str]], cell: int | None = None) -> Passage:
        """Join rows of (line, column, text)."""
        starts, offset = [], 0
        for _, _, text in rows:
            starts.append(offset)
            offset += len(text) + 1
        places = tuple((line, column) for line, column, _ in rows)
        return cls("\n".join(text for _, _, text in rows), tuple(starts), places, cell)

    def place(self, offset: int) -> Place:
        """Line and column of the character at `offset`."""
        row = bisect_right(self.starts, offset) - 1
        line, column = self.places[row]
        return Place(line, column + offset - self.starts[row], self.cell)


class _Scanner:
    """One pass over a text, with the memory of what was sought in vain."""

    def __init__(self, text: str, tex: bool) -> None:
        self.text = text
        self.tex = tex
        self.formulas: list[Found] = []
        self.hidden: list[tuple[int, int]] = []
        self.ticks: dict[int, list[int]] | None = None
        self.lines: list[int] | None = None
        self.no_single_before = 0
        self.vain: set[str] = set()

    def run(self) -> Scan:
        position = 0
        tokens = _TEX_TOKEN if self.tex else _TOKEN
        while token := tokens.search(self.text, position):
            position = self.step(token)
        return Scan(tuple(self.formulas), tuple(self.hidden))

    def step(self, token: re.Match[str]) -> int:
        """Deal with one token; where to go on."""
        match token.lastgroup:
            case "dollars":
                return self.dollars(token)
            case "bracket" | "doubled":
                return self.bracket(token)
            case "environment":
                return self.environment(token)
            case "ticks":
                return self.code(token)
            case "comment":
                return self.hide(token.start(), self.find("-->", token.end()), token.end())
            case "tag":
                self.hidden.append(token.span())
                name = token["tag"].lower()
                if name in _RAW_TAGS and not token[0].startswith("</"):
                    return self.hide(token.end(), self.find(f"</{name}>", token.end()), token.end())
        return token.end()

    def find(self, end: str, position: int) -> int:
        """The offset behind the next `end`, or -1."""
        if end in self.vain:
            return -1
        found = self.text.find(end, position)
        if found < 0:
            self.vain.add(end)
            return -1
        return found + len(end)

    def hide(self, start: int, end: int, otherwise: int) -> int:
        if end < 0:
            return otherwise
        self.hidden.append((start, end))
        return end

    def add(self, start: int, inner: int, inner_end: int, end: int, kind: str, closed: bool = True) -> int:
        if self.text[inner:inner_end].strip():
            self.formulas.append(Found(start, inner, inner_end, end, kind, closed))
        return end

    def rest(self, start: int, inner: int, kind: str) -> int:
        """A formula that nothing closes runs to the end of the passage."""
        end = len(self.text.rstrip())
        self.formulas.append(Found(start, inner, max(inner, end), max(inner, end), kind, closed=False))
        return len(self.text)

    def code(self, token: re.Match[str]) -> int:
        if self.ticks is None:
            self.ticks = {}
            for run in re.finditer(r"`+", self.text):
                self.ticks.setdefault(len(run[0]), []).append(run.start())
        runs = self.ticks.get(len(token[0]), [])
        index = bisect_left(runs, token.end())
        if index == len(runs):
            return token.end()
        return self.hide(token.start(), runs[index] + len(token[0]), token.end())

    def dollars(self, token: re.Match[str]) -> int:
        start, count = token.start(), len(token[0])
        if count == 1:
            return self.tex_single(start) if self.tex else self.single(start)
        if count > 3:
            return token.end()
        for end in _CLOSE_DOUBLE.finditer(self.text, start + 2):
            if end["end"]:
                return self.add(start, start + 2, end.start(), end.end(), "$$")
        return self.rest(start, start + 2, "$$")

    def single(self, start: int) -> int:
        """pandoc's rule: `$` before a non-space opens; `$` after a non-space and not before a digit closes."""
        text, inner = self.text, start + 1
        if start < self.no_single_before or inner >= len(text) or text[inner].isspace():
            return inner
        if text[inner] == "`" and (end := self.find("`$", inner + 1)) > 0:
            return self.add(start, inner + 1, end - 2, end, "$")
        for found in _SINGLE.finditer(text, inner):
            at = found.start()
            if not found["end"]:
                continue
            if text[at - 1].isspace():
                self.no_single_before = at
                return inner
            if not text[at + 1 : at + 2].isdigit():
                return self.add(start, inner, at, at + 1, "$")
        self.no_single_before = len(text)
        return inner

    def tex_single(self, start: int) -> int:
        """TeX's rule: a dollar opens and the next one closes."""
        for found in _SINGLE.finditer(self.text, start + 1):
            if found["end"]:
                return self.add(start, start + 1, found.start(), found.end(), "$")
        return self.rest(start, start + 1, "$")

    def bracket(self, token: re.Match[str]) -> int:
        start, inner, kind = token.start(), token.end(), token[0]
        if len(kind) == 3:  # the doubled backslash of Jekyll's pages
            end = self.find(r"\\]" if kind[-1] == "[" else r"\\)", inner)
            inner_end = end - 3
        else:
            end = -1
            if kind not in self.vain:
                closing = (m for m in _CLOSE_BRACKET[kind[-1]].finditer(self.text, inner) if m["end"])
                end = next((m.end() for m in closing), -1)
            inner_end = end - 2
        if end < 0:
            self.vain.add(kind)
            if self.tex:
                return self.rest(start, inner, kind)
            if kind[-1] == "[" and _ALONE.match(self.text, inner) and self.first_in_line(start):
                return self.rest(start, inner, kind)
            return inner
        if (
            kind == r"\["
            and not self.tex
            and _CITATION.match(self.text[inner:inner_end][:40])
            and inner_end - inner < 40
        ):
            return end
        return self.add(start, inner, inner_end, end, kind)

    def first_in_line(self, start: int) -> bool:
        if self.lines is None:
            self.lines = [0, *(found.end() for found in re.finditer(r"\n", self.text))]
        line = self.lines[bisect_right(self.lines, start) - 1]
        blank = _BLANK.match(self.text, line)
        return blank is not None and blank.end() >= start

    def environment(self, token: re.Match[str]) -> int:
        name, depth = token["environment"], 0
        for mark in re.compile(rf"\\(begin|end)\{{{re.escape(name)}\}}").finditer(self.text, token.start()):
            depth += 1 if mark[1] == "begin" else -1
            if depth == 0:
                return self.add(token.start(), token.start(), mark.end(), mark.end(), name)
        return self.rest(token.start(), token.start(), name)


def scan(text: str, tex: bool = False) -> Scan:
    r"""Find the formulas of a passage: of Markdown, or of `tex`, where every dollar counts and backticks are quotes.

    >>> [text[f.inner:f.inner_end] for text in [r"from $5 to $6, but $x_1$ and \(y\)"] for f in scan(text).formulas]
    ['x_1', 'y']
    """
    return _Scanner(text, tex).run()


def left_open(line: str) -> Found | None:
    """The display formula that a line opens and does not close, if any."""
    if "$$" not in line and "\\[" not in line and r"\begin{" not in line:
        return None
    formulas = scan(line).formulas
    return formulas[-1] if formulas and not formulas[-1].closed else None


def closes(line: str, kind: str) -> int:
    """The offset behind the first end of a `kind` formula in a line, or -1."""
    if kind == "$$":
        ends = (m.end() for m in _CLOSE_DOUBLE.finditer(line) if m["end"])
        return next(ends, -1)
    if kind in (r"\[", r"\\["):
        at = line.find("\\]" if kind == r"\[" else r"\\]")
        return at + len(kind) if at >= 0 else -1
    at = line.find(rf"\end{{{kind}}}")
    return at + len(kind) + 6 if at >= 0 else -1
