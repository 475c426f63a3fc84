"""A handout as Typst source for PDF/UA-1: every formula and figure carries its words.

Text of a document reaches Typst only inside string literals, which Typst never interprets; formulas come from
`derive.notation.typst`, whose output holds no more than single characters and quoted words of a document.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from derive.notation.speech import write_speech
from derive.notation.tree import Rows
from derive.notation.typst import write_typst
from reports.handout.content import (
    VERDICT_SIGNS,
    Badge,
    Block,
    Equation,
    Handout,
    Inline,
    Judgement,
    Lead,
    Link,
    Listing,
    Literal,
    Paragraph,
    Picture,
    Plain,
    Source,
    Step,
    Strong,
    Table,
    Words,
    tone,
)
from reports.handout.figures import Drawing
from reports.handout.wide import broken

ROOM, JUDGED_ROOM = 44.0, 30.0
"""How wide a line is in em: of the page, and beside a verdict."""


_ROWS_TOGETHER = 3
"""So many rows of formulas stay on one page."""


def write(handout: Handout) -> str:
    """The handout as Typst source, which expects its figures beside it as SVG files."""
    template = files("reports").joinpath("templates/handout.typ").read_text(encoding="utf-8")
    writer = _Writer()
    parts = [
        template,
        f'#set document(title: {string(handout.title)}, date: none)\n#set text(lang: "en")\n',
        f"#opening({string(handout.title)}, {writer.words(handout.subtitle)})\n",
    ]
    for section in handout.sections:
        parts.append(f"#heading(level: 1, {string(section.title)})\n")
        for before, block in zip((None, *section.blocks), section.blocks, strict=False):
            if isinstance(block, Judgement) and not isinstance(before, Judgement):
                parts.append("#v(0.5em)")
            parts.append(writer.block(block) + "\n")
    return "\n".join(parts)


def string(text: str) -> str:
    r"""A string literal.

    >>> string('a "b" \\ #c')
    '"a \\"b\\" \\\\ #c"'
    """
    kept = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "    ")
    return '"' + "".join(c for c in kept if c.isprintable()) + '"'


class _Writer:
    """Prints words and blocks."""

    def words(self, words: Words) -> str:
        """Content in brackets."""
        return "[" + "".join(self._word(word) for word in words) + "]"

    def _word(self, word: Plain | Strong | Literal | Inline | Badge | Link) -> str:
        match word:
            case Plain(text=text):
                return f"#text({string(text)})"
            case Strong(text=text):
                return f"#strong({string(text)})"
            case Literal(text=text):
                return f"#raw({string(text)})"
            case Inline(tree=tree):
                return f"#inline({string(write_speech(tree))}, ${write_typst(tree)}$)"
            case Badge(verdict=verdict):
                sign = VERDICT_SIGNS.get(verdict, "")
                return f"#badge({string(tone(verdict))}, {string(sign)}, {string(verdict.value)})"
            case Link(text=text, target=target):
                return f"#link(label({string(target)}), {string(text)})"

    def block(self, block: Block, room: float = ROOM) -> str:
        """A block as a call, or as a paragraph."""
        match block:
            case Paragraph(words=words):
                return f"#par{self.words(words)}"
            case Lead(text=text):
                return f"#lead({string(text)})"
            case Equation():
                return f"#{self._display(block, room)}"
            case Source(text=text):
                return f"#source({string(text)})"
            case Listing(text=text):
                return f'#raw({string(text.strip(chr(10)))}, block: true, lang: "python")'
            case Table():
                return self._table(block)
            case Picture():
                return (
                    f"#figure(kind: image, image({string(f'{block.name}.svg')}, "
                    f"width: {block.share * 100:g}%, alt: {string(block.alternative)}), alt: "
                    f"{string(block.alternative)}, caption: {self.words(block.caption)})"
                )
            case Step():
                notes = "".join(self.words(note) + "," for note in block.notes)
                return f"#step([{block.number}], {self.words(block.title)}, ({notes}), {self._display(block.equation, room)})"
            case Judgement():
                return self._judgement(block)

    def _table(self, table: Table) -> str:
        align = ", ".join("right" if c in table.numeric else "left" for c in range(len(table.head)))
        head = ", ".join(self.words(cell) for cell in table.head)
        rows = ",\n".join(", ".join(self.words(cell) for cell in row) for row in table.rows)
        inset = "inset: (x: 7pt, y: 6.5pt), " if table.spacious else ""
        rule = "table.hline(stroke: 0.6pt + quiet)"
        return (
            f"#figure(kind: table, caption: {string(table.caption)}, table(columns: {len(table.head)}, {inset}"
            f"align: ({align},), table.header({head}), {rule},\n{rows},\n{rule}))"
        )

    def _display(self, equation: Equation, room: float) -> str:
        tree = broken(equation.tree, room)
        note = f", note: {self.words(equation.note)}" if equation.note else ""
        return f"display({string(write_speech(equation.tree))}, $ {write_typst(tree)} ${note})"

    def _content(self, formula: Equation | Source, room: float) -> str:
        if isinstance(formula, Equation):
            return self._display(formula, room)
        return f"source({string(formula.text)})"

    def _judgement(self, judgement: Judgement) -> str:
        if judgement.display:
            formulas = "{" + " ".join(self._content(formula, JUDGED_ROOM) for formula in judgement.formulas) + "}"
        else:
            formulas = "[" + " #h(1.1em, weak: true) ".join(_within(formula) for formula in judgement.formulas) + "]"
        details = "none"
        if judgement.details:
            details = "[" + "\n".join(self.block(block, JUDGED_ROOM) for block in judgement.details) + "]"
        verdict = self.words((Badge(judgement.verdict),))
        notes = "".join(self.words(note) + "," for note in judgement.notes)
        call = (
            f"#judged({string(judgement.where)}, {verdict}, {string(tone(judgement.verdict))}, {formulas}, ({notes}), "
            f"{details}{', long: true' if _long(judgement) else ''})"
        )
        return f"#[{call}<{judgement.target}>]" if judgement.target else call


def _long(judgement: Judgement) -> bool:
    """Whether the details may well need a page of their own, so that they have to break."""
    trees = [broken(block.tree, JUDGED_ROOM) for block in judgement.details if isinstance(block, Equation)]
    return any(isinstance(tree, Rows) and len(tree.rows) > _ROWS_TOGETHER for tree in trees)


def _within(formula: Equation | Source) -> str:
    if isinstance(formula, Equation):
        return f"#inline({string(write_speech(formula.tree))}, ${write_typst(formula.tree)}$)"
    return f"#raw({string(formula.text)})"


def pdf(handout: Handout, drawings: Mapping[str, Drawing]) -> bytes:
    """The handout as an accessible PDF.

    PDF/UA-1 forbids characters that no font has a shape for; where there are any, all uncommon ones become white squares.
    """
    import typst

    source = write(handout)
    with TemporaryDirectory() as folder:
        for name, drawing in drawings.items():
            (Path(folder) / f"{name}.svg").write_text(drawing.svg, encoding="utf-8")
        try:
            return _compiled(source, folder)
        except typst.TypstError as error:
            if "could not be displayed" not in str(error):
                raise
        return _compiled("".join(c if _common(c) else "□" for c in source), folder)


def _compiled(source: str, folder: str) -> bytes:
    import typst

    path = f"{folder}/report.typ"
    Path(path).write_text(source, encoding="utf-8")
    return typst.compile(path, root=folder, format="pdf", pdf_standards=["ua-1"], timestamp=0)


def _common(character: str) -> bool:
    """Whether the fonts that come with Typst are sure to have a character: Latin, Greek, Cyrillic, signs of mathematics."""
    code = ord(character)
    return code < 0x530 or 0x2000 <= code < 0x2C00 or 0x1D400 <= code < 0x1D800
