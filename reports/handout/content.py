"""What a handout says, before anyone decides how it looks.

One tree of frozen parts, made by `compose` and printed by the three writers (`typst`, `tex`, `html`). No part holds markup:
text is plain text, formulas are notation trees, code is source text. So the three outputs say the same, and whatever a
document holds is escaped in exactly one place of each writer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from derive.notation.layout import tall
from derive.notation.tree import Node
from derive.verdicts import Verdict


@dataclass(frozen=True)
class Plain:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Strong:
    """Text with emphasis."""

    text: str


@dataclass(frozen=True)
class Literal:
    """Source text within a line: a file's name, a formula that was not read."""

    text: str


@dataclass(frozen=True)
class Inline:
    """A formula within a line."""

    tree: Node


@dataclass(frozen=True)
class Badge:
    """The word of a verdict, in its colour and with its sign: never by colour alone."""

    verdict: Verdict


@dataclass(frozen=True)
class Link:
    """Text that leads to the judgement of a formula."""

    text: str
    target: str


Words = tuple[Plain | Strong | Literal | Inline | Badge | Link, ...]


@dataclass(frozen=True)
class Paragraph:
    words: Words


@dataclass(frozen=True)
class Lead:
    """A few words with emphasis that belong to the block after them."""

    text: str


@dataclass(frozen=True)
class Equation:
    """A displayed formula. `note` stands at the end of its line: a shape, or what the author called it (`\\tag`)."""

    tree: Node
    note: Words = ()


@dataclass(frozen=True)
class Source:
    """A formula that is shown as it was typed, since it could not be read or is too large to set."""

    text: str


@dataclass(frozen=True)
class Listing:
    """Python source."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows under headings. `numeric` names the columns that are set flush right."""

    head: tuple[Words, ...]
    rows: tuple[tuple[Words, ...], ...]
    caption: str
    numeric: frozenset[int] = frozenset()

    @property
    def spacious(self) -> bool:
        """Whether a formula in it is taller than a line."""
        words = (word for row in self.rows for cell in row for word in cell)
        return any(isinstance(word, Inline) and tall(word.tree) for word in words)


@dataclass(frozen=True)
class Picture:
    """A figure by the name of its drawing. `alternative` says in words what is to be seen; `share` of the line's width."""

    name: str
    alternative: str
    caption: Words
    share: float = 1.0


@dataclass(frozen=True)
class Step:
    """One step of the derivation: what it is about, the formula, and in small what rests on which rule."""

    number: int
    title: Words
    equation: Equation
    notes: tuple[Words, ...]


@dataclass(frozen=True)
class Judgement:
    """A formula of the document, or several to which the same applies, and what is said of it.

    `where` is the line; `target` what links lead to; `notes` are small print; `details` are for what needs attention.
    """

    where: str
    target: str
    verdict: Verdict
    formulas: tuple[Equation | Source, ...]
    display: bool
    notes: tuple[Words, ...] = ()
    details: tuple[Block, ...] = ()


Block = Paragraph | Lead | Equation | Source | Listing | Table | Picture | Step | Judgement


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Handout:
    """A whole handout. `subtitle` stands under the title."""

    title: str
    subtitle: Words
    sections: tuple[Section, ...]


def pictures(handout: Handout) -> Iterator[Picture]:
    """The figures in their order."""
    for section in handout.sections:
        for block in section.blocks:
            if isinstance(block, Picture):
                yield block


VERDICT_SIGNS = {
    Verdict.REFUTED: "✗",
    Verdict.UNREAD: "?",
    Verdict.UNKNOWN: "?",
    Verdict.PROVED: "✓",
}
"""In front of the word; nothing in front of what there is nothing to judge about."""

VERDICT_TONES = {Verdict.REFUTED: "wrong", Verdict.UNREAD: "open", Verdict.UNKNOWN: "open", Verdict.PROVED: "right"}
"""Names of colours, which each template defines; "quiet" for every other verdict."""


def tone(verdict: Verdict) -> str:
    """The name of a verdict's colour."""
    return VERDICT_TONES.get(verdict, "quiet")
