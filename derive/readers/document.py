"""What a reader hands on: the formulas, code and prose of a document, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A position in a file: `line` and `column` are 1-based; `cell` is the 1-based cell of a notebook, else None."""

    line: int
    column: int
    cell: int | None = None


@dataclass(frozen=True)
class Formula:
    """One formula as it stands in a document.

    `place` is that of the opening `$`, `$$`, backslash-bracket or `\\begin`; `end` that of its last character's line.
    `latex` is the text between the delimiters, untouched (an environment keeps its `\\begin` and `\\end`).
    `latex_place` is where `latex` starts, so that a column in the formula becomes a column in the file.
    `before` and `after` are the prose of the same paragraph up to and from the formula (other inline formulas of the
    paragraph stand in it as they are written), whitespace folded: enough to see "if", "assume", "one-hot".
    """

    latex: str
    display: bool
    place: Place
    end: Place
    latex_place: Place
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class CodeBlock:
    """A fenced or indented block of code; `language` is "" where none is named."""

    text: str
    language: str
    place: Place


@dataclass(frozen=True)
class Section:
    """A heading and the line it stands on."""

    title: str
    level: int
    place: Place


@dataclass(frozen=True)
class Document:
    """All that later stages know of a file, in reading order.

    `lines` is the text itself, for showing the source of a message. `prose` is the whole text with code removed and
    formulas left in place, for words that grant an assumption.
    """

    path: str
    lines: tuple[str, ...]
    formulas: tuple[Formula, ...]
    code: tuple[CodeBlock, ...] = ()
    sections: tuple[Section, ...] = ()
    prose: str = ""
    title: str = ""


class UnreadableDocument(Exception):
    """A file that could not be read at all: missing, a folder, not text. Carries the path and what to do about it."""

    def __init__(self, path: str, why: str, advice: str = "") -> None:
        super().__init__(f"{path}: {why}" + (f" ({advice})" if advice else ""))
        self.path, self.why, self.advice = path, why, advice
