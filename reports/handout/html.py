"""A handout as one HTML file: MathML, drawings and style inside, nothing from anywhere else, no script."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from importlib.resources import files

from derive.notation.mathml import write_mathml
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
    Section,
    Source,
    Step,
    Strong,
    Table,
    Words,
    tone,
)
from reports.handout.figures import INK, PAPER, Drawing
from reports.handout.highlight import lines
from reports.handout.wide import broken

_ROOM, _JUDGED_ROOM = 30.0, 30.0
"""Less than fits on a wide screen: a phone shows more of a formula that is in rows."""


def write(handout: Handout, drawings: Mapping[str, Drawing]) -> str:
    """The handout as the text of an HTML file."""
    style = files("reports").joinpath("templates/handout.css").read_text(encoding="utf-8")
    writer = _Writer(drawings)
    contents = "".join(
        f'<li><a href="#section-{number}">{_text(section.title)}</a></li>'
        for number, section in enumerate(handout.sections, start=1)
    )
    sections = "\n".join(writer.section(section, number) for number, section in enumerate(handout.sections, start=1))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_text(handout.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f'<header>\n<h1>{_text(handout.title)}</h1>\n<p class="under">{writer.words(handout.subtitle)}</p>\n'
        f'<nav aria-label="Contents"><ol>{contents}</ol></nav>\n</header>\n<main>\n{sections}\n</main>\n</body>\n</html>\n'
    )


def _text(text: str) -> str:
    """Escaped text, without the characters that HTML forbids."""
    return escape("".join(c for c in text if c.isprintable() or c in "\n\t"), quote=True)


class _Writer:
    """Prints words and blocks; holds the drawings to put inside."""

    def __init__(self, drawings: Mapping[str, Drawing]) -> None:
        self._drawings = drawings

    def section(self, section: Section, number: int) -> str:
        blocks = "\n".join(self.block(block) for block in section.blocks)
        return f'<section id="section-{number}">\n<h2>{_text(section.title)}</h2>\n{blocks}\n</section>'

    def words(self, words: Words) -> str:
        return "".join(_word(word) for word in words)

    def block(self, block: Block, room: float = _ROOM) -> str:
        match block:
            case Paragraph(words=words):
                return f"<p>{self.words(words)}</p>"
            case Lead(text=text):
                return f"<p><strong>{_text(text)}</strong></p>"
            case Equation():
                return self._display(block, room)
            case Source(text=text):
                return f'<p class="source"><code>{_text(text)}</code></p>'
            case Listing(text=text):
                return f"<pre><code>{_python(text)}</code></pre>"
            case Table():
                return self._table(block)
            case Picture():
                return self._picture(block)
            case Step():
                notes = "".join(f"<p>{self.words(note)}</p>" for note in block.notes)
                return (
                    f'<div class="step"><p class="name"><b>{block.number}.</b> {self.words(block.title)}</p>\n'
                    f'{self._display(block.equation, room)}\n<div class="notes">{notes}</div></div>'
                )
            case Judgement():
                return self._judgement(block)

    def _display(self, equation: Equation, room: float) -> str:
        formula = f'<div class="formula">{write_mathml(broken(equation.tree, room), True)}</div>'
        if not equation.note:
            return formula
        return f'<div class="noted">{formula}<div class="note">{self.words(equation.note)}</div></div>'

    def _table(self, table: Table) -> str:
        def cells(row: tuple[Words, ...], kind: str) -> str:
            number = ' class="number"'
            return "".join(
                f"<{kind}{number if column in table.numeric else ''}>{self.words(cell)}</{kind}>"
                for column, cell in enumerate(row)
            )

        rows = "\n".join(f"<tr>{cells(row, 'td')}</tr>" for row in table.rows)
        return (
            f'<div class="table"><table><caption>{_text(table.caption)}</caption>\n'
            f"<thead><tr>{cells(table.head, 'th')}</tr></thead>\n<tbody>{rows}</tbody></table></div>"
        )

    def _picture(self, picture: Picture) -> str:
        drawing = _inline_svg(self._drawings[picture.name].svg, picture)
        return (
            f'<figure style="--share: {picture.share:g}">{drawing}'
            f"<figcaption>{self.words(picture.caption)}</figcaption></figure>"
        )

    def _judgement(self, judgement: Judgement) -> str:
        if judgement.display:
            formulas = "".join(self.block(formula, _JUDGED_ROOM) for formula in judgement.formulas)
        else:
            formulas = '<p class="row">' + " ".join(_within(formula) for formula in judgement.formulas) + "</p>"
        notes = "".join(f"<p>{self.words(note)}</p>" for note in judgement.notes)
        details = "".join(self.block(block, _JUDGED_ROOM) for block in judgement.details)
        name = f' id="{judgement.target}"' if judgement.target else ""
        said = f" said {tone(judgement.verdict)}" if details else ""
        return (
            f'<div class="judged{said}"{name}><div class="verdict"><span class="where">{_text(judgement.where)}</span> '
            f'{_word(Badge(judgement.verdict))}</div>\n<div class="formulas">{formulas}</div>\n'
            + (f'<div class="notes">{notes}</div>' if notes else "")
            + (f'<div class="details">{details}</div>' if details else "")
            + "</div>"
        )


def _word(word: Plain | Strong | Literal | Inline | Badge | Link) -> str:
    match word:
        case Plain(text=text):
            return _text(text)
        case Strong(text=text):
            return f"<strong>{_text(text)}</strong>"
        case Literal(text=text):
            return f"<code>{_text(text)}</code>"
        case Inline(tree=tree):
            return write_mathml(tree, False)
        case Badge(verdict=verdict):
            sign = VERDICT_SIGNS.get(verdict, "")
            mark = f'<span aria-hidden="true">{sign}</span> ' if sign else ""
            return f'<span class="badge {tone(verdict)}">{mark}{verdict.value}</span>'
        case Link(text=text, target=target):
            return f'<a href="#{target}">{_text(text)}</a>'


def _within(formula: Equation | Source) -> str:
    if isinstance(formula, Equation):
        return f'<span class="one">{write_mathml(formula.tree, False)}</span>'
    return f"<code>{_text(formula.text)}</code>"


def _python(source: str) -> str:
    return "\n".join(
        "".join(f'<span class="{kind}">{_text(text)}</span>' if kind else _text(text) for kind, text in line)
        for line in lines(source.strip("\n"))
    )


def _inline_svg(svg: str, picture: Picture) -> str:
    """A drawing to stand within the page: its ink follows the page's colour, its identifiers are its own."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', body))

    def renamed(match: re.Match[str]) -> str:
        return f' id="{picture.name}-{match[1]}"' if match[1] in used else ""

    body = re.sub(r' id="([^"]+)"', renamed, body)
    body = re.sub(r'(url\(#|href="#)', rf"\g<1>{picture.name}-", body)
    body = body.replace(INK, "currentColor").replace(PAPER, "var(--paper)")
    head, _, rest = body.partition(">")
    view = re.search(r'viewBox="[^"]+"', head)
    assert view is not None
    label = _text(picture.alternative)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {view[0]} role="img" '
        f'aria-label="{label}">{rest}'
    )
